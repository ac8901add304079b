"""Whom queued leads wait for, and which of them may ask at once without taking each other's places (R5.10).

Pure. A lead that found nobody remembers whom it fits (`token`); it asks again once one of these can take a lead. What
asks at once is decided by several workers in whatever order, so a `wave` holds only leads that are served in any order:
a better or older lead never loses its person to one behind it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.assignment.eligibility import Member, listed_months, unavailability

Free = Mapping[str, int | None]
"""Who can take leads now, by e-mail, and how many; None: as many as come."""


@dataclass(frozen=True, slots=True)
class WaitingLead:
    """A queued lead and the people who might take it now."""

    lead: int
    people: frozenset[str]


def token(person: str, *, at_work: bool) -> str:
    """Somebody whom a lead waits for; ``at_work``: until it is their working time, too."""
    return f"{person} at work" if at_work else person


def person_of(waited_for: str) -> str:
    """The person of a token."""
    return waited_for.partition(" ")[0]


def able(members: Sequence[Member], now: datetime) -> list[Member]:
    """Everybody who could take a lead now, as far as they themselves go."""
    listed = listed_months(members)
    return [member for member in members if unavailability(member, now, listed) is None]


def tokens(people: Iterable[Member]) -> frozenset[str]:
    """What leads may be waiting for that these people end."""
    several = list(people)
    at_work = {token(member.email, at_work=True) for member in several if member.working}
    return frozenset(at_work | {member.email for member in several})


def free_places(member: Member) -> int | None:
    """How many leads a person can take now: up to their capacity and their caps; None: no limit."""
    left = [limit - member.received.get(span, 0) for span, limit in member.caps.items()]
    if member.capacity is not None:
        left.append(member.capacity - member.open_leads)
    return min(left, default=None)


def wave(waiting: Iterable[WaitingLead], free: Free, limit: int) -> list[int]:
    """Of leads in their order, those that may ask at once: whoever is decided first, each still finds a place.

    Every lead asked takes one place at most: a lead is sure of one when its people have as many places as leads are
    asked that might take one of these, itself included. The first that would not be sure, or make another unsure, keeps
    its people from all behind it.
    """
    asked: list[WaitingLead] = []
    spare: dict[int, float] = {}
    kept: set[str] = set()
    for one in waiting:
        if len(asked) == limit:
            break
        near = [other.lead for other in asked if not other.people.isdisjoint(one.people)]
        left = sum(math.inf if (places := free[person]) is None else places for person in one.people) - len(near)
        if left >= 1 and kept.isdisjoint(one.people) and all(spare[lead] >= 1 for lead in near):
            asked.append(one)
            spare |= {one.lead: left - 1, **{lead: spare[lead] - 1 for lead in near}}
        else:
            kept |= one.people
    return [one.lead for one in asked]
