"""What a decision knows of people: roles, who may act for whom, who is above whom, how somebody stands with the pool.

Values only. Live they are read from the roster, in a replay from what the decision kept of them (`snapshot`,
`from_snapshot`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core.lead.model import LeadEvent
from engine.core.lead.state import LeadState


@dataclass(frozen=True, slots=True)
class ClaimStanding:
    """How somebody stands before a claim (R7.3): claims of their day, leads they hold, suspended or not."""

    claimed_today: int = 0
    holding: int = 0
    suspended: bool = False


RIGHTS = 1
"""The version of the rule of who may do what: 1 is `engine.core.qualification.relations`, 0 what decisions before it
asked.
"""


@dataclass(frozen=True, slots=True)
class People:
    """Everybody's role, who may act for others, who is active; ``superiors`` are managers, else heads of teams.

    ``rights`` is the version of the rule that says who may do what: a replay judges by the one of its decision.
    """

    roles: Mapping[str, str]
    managers: frozenset[str]
    active: frozenset[str]
    superiors: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)
    """Team → its head."""
    standings: Mapping[str, ClaimStanding] = field(default_factory=dict)
    rights: int = RIGHTS

    def heads_of(self, person: str) -> str | None:
        """The head of somebody's team."""
        return self.heads.get(self.teams.get(person, ""))


NOBODY = People({}, frozenset(), frozenset())
"""The roster before it is read."""


def claimed_by(people: People, event: LeadEvent, *, refused: bool) -> People:
    """The people after a decision: a claim counts for the next one of the same person."""
    standing = people.standings.get(event.actor or "")
    if event.type != "lead.claimed" or refused or standing is None:
        return people
    more = replace(standing, claimed_today=standing.claimed_today + 1, holding=standing.holding + 1)
    return replace(people, standings={**people.standings, event.actor or "": more})


def snapshot(people: People, event: LeadEvent, before: LeadState) -> dict[str, Any]:
    """What the roster said of the people of an event, to be kept with its decision: a replay has no roster."""
    several = {"actor": event.actor, "to": _named(event), "owner": before.owner, "sdr": before.sdr}
    parts = {name: _person(people, email) for name, email in several.items() if email}
    rights = {"rights": people.rights} if event.actor else {}
    return {**{name: part for name, part in parts.items() if part}, **rights}


def from_snapshot(event: LeadEvent, before: LeadState, kept: Mapping[str, Any]) -> People:
    """The roster as far as a decision used it."""
    several = {"actor": event.actor, "to": _named(event), "owner": before.owner, "sdr": before.sdr}
    there = {email: kept[name] for name, email in several.items() if email and name in kept}
    heads = {part["team"]: part["head"] for part in there.values() if "head" in part}
    above = {part["superior"] for part in there.values() if part.get("superior_active")}
    return People(
        roles={email: part["role"] for email, part in there.items() if "role" in part},
        managers=frozenset(email for email, part in there.items() if part.get("manages")),
        active=frozenset({*above, *(email for email, part in there.items() if part.get("active"))}),
        superiors={email: part["superior"] for email, part in there.items() if "superior" in part},
        teams={email: part["team"] for email, part in there.items() if "team" in part},
        heads=heads,
        standings={email: ClaimStanding(*part["pool"]) for email, part in there.items() if "pool" in part},
        rights=kept.get("rights", 0),
    )


def _named(event: LeadEvent) -> str | None:
    """Whom an event names besides its actor."""
    given = event.properties.get("to")
    return given.lower() if isinstance(given, str) else None


def _person(people: People, email: str) -> dict[str, Any]:
    team, standing, superior = people.teams.get(email), people.standings.get(email), people.superiors.get(email)
    known = {
        "role": people.roles.get(email),
        "manages": email in people.managers,
        "active": email in people.active,
        "superior": superior,
        "superior_active": superior in people.active,
        "team": team,
        "head": people.heads.get(team or ""),
        "pool": standing and [standing.claimed_today, standing.holding, standing.suspended],
    }
    return {name: value for name, value in known.items() if value}
