"""The people that queued leads wait for, and the queued leads that can be decided at the same time (R5.10).

Pure. A lead that found nobody stores the people who fit it (`token`). It is tried again when one of them can take a
lead. Several workers decide the tried leads in any order. So a `wave` contains only leads for which the order does not
matter: a lead never loses its person to a lead behind it in the queue.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.assignment.eligibility import Member, listed_months, unavailability

Free = Mapping[str, int | None]
"""E-mail → how many leads the person can take now; None: no limit."""


@dataclass(frozen=True, slots=True)
class WaitingLead:
    """A queued lead and the people who might take it now."""

    lead: int
    people: frozenset[str]


def token(person: str, *, at_work: bool) -> str:
    """The token of a person that a lead waits for; ``at_work``: the lead also waits for their working hours."""
    return f"{person} at work" if at_work else person


def person_of(waited_for: str) -> str:
    """The e-mail in a token."""
    return waited_for.partition(" ")[0]


def able(members: Sequence[Member], now: datetime) -> list[Member]:
    """The people who are available now; whether they fit a lead is not checked."""
    listed = listed_months(members)
    return [member for member in members if unavailability(member, now, listed) is None]


def tokens(people: Iterable[Member]) -> frozenset[str]:
    """The tokens that these people satisfy."""
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
    """The leads, in queue order, that can be decided at the same time: in any order, each finds a free person.

    A decided lead takes at most one place. So a lead is certain of a place if its people together have at least as many
    places as there are leads in the wave that share one of these people, itself included. The first lead that is not
    certain, or would make another uncertain, blocks its people for all leads behind it. Example: A has one place, and
    the leads 1 and 2 both fit only A. The wave is [1]; A is blocked for all leads behind lead 2.
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
