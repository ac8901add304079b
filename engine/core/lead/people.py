"""What a decision knows of people: roles, managers, superiors, and their numbers for claims from the pool.

Values only. A live decision reads them from the roster. A replay reads them from the stored decision (`snapshot`,
`from_snapshot`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core.lead.model import LeadEvent
from engine.core.lead.state import LeadState


@dataclass(frozen=True, slots=True)
class ClaimStanding:
    """A person's numbers before a claim (R7.3): claims of the day, leads they own, suspended or not."""

    claimed_today: int = 0
    holding: int = 0
    suspended: bool = False


RIGHTS = 1
"""The version of the rules for who may do what: 1 is `engine.core.qualification.relations`; 0 is the rule of older
decisions.
"""


@dataclass(frozen=True, slots=True)
class People:
    """Roles, managers (may act for others) and active people; ``superiors``: the manager, else the head of the team.

    ``rights`` is the version of the rules for who may do what; a replay uses the version of its decision.
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
        """The head of a person's team."""
        return self.heads.get(self.teams.get(person, ""))


NOBODY = People({}, frozenset(), frozenset())
"""The roster before it is read."""


def claimed_by(people: People, event: LeadEvent, *, refused: bool) -> People:
    """The people after a decision: a claim counts towards the limits of the person's next claim."""
    standing = people.standings.get(event.actor or "")
    if event.type != "lead.claimed" or refused or standing is None:
        return people
    more = replace(standing, claimed_today=standing.claimed_today + 1, holding=standing.holding + 1)
    return replace(people, standings={**people.standings, event.actor or "": more})


def snapshot(people: People, event: LeadEvent, before: LeadState) -> dict[str, Any]:
    """Roster data of the people of an event, stored with its decision, because a replay has no roster."""
    several = {"actor": event.actor, "to": _named(event), "owner": before.owner, "sdr": before.sdr}
    parts = {name: _person(people, email) for name, email in several.items() if email}
    rights = {"rights": people.rights} if event.actor else {}
    return {**{name: part for name, part in parts.items() if part}, **rights}


def from_snapshot(event: LeadEvent, before: LeadState, kept: Mapping[str, Any]) -> People:
    """The people as a stored decision knew them."""
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
        # Decisions from before the relations stored no version.
        rights=kept.get("rights", 0),
    )


def _named(event: LeadEvent) -> str | None:
    """The person that an event names in ``to``."""
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
