"""Effects of a roster edit on leads and clocks, in the transaction of the edit (R5.11, R6.2).

Leads are not changed here: each affected open lead gets an event, which is decided like any other. If a person's
working time changed, their running business clocks are timed again from their start.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from engine.core.calendar.roster_changes import Following, Give, Handover, Parting, Retimed, retimed
from engine.core.calendar.schedules import Schedules
from engine.core.lead.model import OPEN_STAGES
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import Driver
from rulesets.policy.policy import Policy
from rulesets.roster.roster import Roster

TOLD_AT_ONCE = 1000
"""Most events written by one statement."""
OPEN = sorted(OPEN_STAGES)


@dataclass(frozen=True, slots=True)
class Affected:
    """A person affected by an edit: their open leads by stage, and the number of their running clocks."""

    person: str
    cause: str
    manager: str | None
    stages: Mapping[str, int] = field(default_factory=dict)
    clocks: int = 0

    @property
    def leads(self) -> int:
        """The number of their open leads."""
        return sum(self.stages.values())


class _Running(NamedTuple):
    """A running clock that a calendar may move. ``warnings`` are as stored."""

    id: int
    key: str
    owner: str
    policy_number: int
    started_at: datetime
    warnings: list[tuple[int, str]]


def policy_zone(driver: Driver) -> ZoneInfo:
    """The zone of people without a calendar: that of the policy in force; UTC before the first."""
    row = driver.execute(
        "SELECT document->>'timezone' FROM policy_version JOIN active_policy USING (number)"
    ).fetchone()
    return ZoneInfo(row[0] if row else "UTC")


def follow(
    driver: Driver, following: Following, after: Roster, handover: Handover, *, change: str, now: datetime
) -> list[int]:
    """Apply the effects of an edit; ``change`` names the edit. Returns the leads to wake after the commit."""
    _retime(driver, sorted(following.rescheduled), after, now)
    giving = {one: give for one in following.partings if (give := handover.give(one.cause)) is not None}
    leads: list[int] = []
    for some in _slices(list(_events(driver, giving, change, now))):
        leads += [lead for _, lead in put(driver, some)]
    return leads


def affected(driver: Driver, partings: Sequence[Parting], managers: Mapping[str, str | None]) -> tuple[Affected, ...]:
    """Open leads and running clocks of people who may lose their leads, in their order."""
    people = [one.person for one in partings]
    stages: dict[str, Counter[str]] = {person: Counter() for person in people}
    for person, stage, count in driver.execute(
        "SELECT owner, stage, count(*) FROM lead WHERE owner = ANY(%s) AND stage = ANY(%s) AND merged_into IS NULL "
        "GROUP BY owner, stage",
        [people, OPEN],
    ):
        stages[person][stage] = count
    clocks: dict[str, int] = dict(
        driver.execute(
            "SELECT owner, count(*) FROM clock WHERE next_at IS NOT NULL AND owner = ANY(%s) GROUP BY owner", [people]
        )
    )
    return tuple(
        Affected(one.person, one.cause, managers.get(one.person), dict(stages[one.person]), clocks.get(one.person, 0))
        for one in partings
    )


def _events(driver: Driver, giving: Mapping[Parting, Give], change: str, now: datetime) -> Iterator[Intake]:
    """One event for each open lead of people who lose their leads."""
    causes = {one.person: one for one in giving}
    rows = driver.execute(
        "SELECT id, owner FROM lead WHERE owner = ANY(%s) AND stage = ANY(%s) AND merged_into IS NULL ORDER BY id",
        [list(causes), OPEN],
    )
    for lead, owner in rows.fetchall() if causes else ():
        parting = causes[owner]
        yield Intake(
            source=ENGINE_SOURCE,
            id=f"roster:{change}:{owner}:{lead}",
            type="roster.changed",
            occurred_at=now,
            due_at=now,
            properties={"person": owner, "cause": parting.cause, "give": giving[parting]},
            lead_id=lead,
        )


def _slices(events: Sequence[Intake]) -> Iterator[Sequence[Intake]]:
    for start in range(0, len(events), TOLD_AT_ONCE):
        yield events[start : start + TOLD_AT_ONCE]


# ------------------------------------------------------------------------------------------------ clocks
def _retime(driver: Driver, people: Sequence[str], after: Roster, now: datetime) -> None:
    """Time the running clocks of these people again. Clocks that are due already are left alone."""
    if not people:
        return
    rows = driver.execute(
        "SELECT id, key, owner, policy_number, started_at, warnings FROM clock WHERE next_at IS NOT NULL "
        # The scheduler fires clocks without the roster lock, so lock the rows before computing from them.
        "AND due_at > %s AND owner = ANY(%s) ORDER BY id FOR UPDATE",
        [now, people],
    )
    clocks = [_Running(*row) for row in rows]
    policies = _policies(driver, sorted({clock.policy_number for clock in clocks}))
    timers = {number: _Timer(policy, after) for number, policy in policies.items()}
    moved = [(clock.id, new) for clock in clocks if (new := timers[clock.policy_number].time(clock, now)) is not None]
    driver.execute(
        "UPDATE clock SET due_at = g.due_at, next_at = g.next_at, warnings = g.warnings "
        "FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[]) "
        "AS g (id, due_at, next_at, warnings) WHERE clock.id = g.id",
        [
            [number for number, _ in moved],
            [new.due_at for _, new in moved],
            [new.next_at for _, new in moved],
            [Jsonb([[part, at.isoformat()] for part, at in new.warnings]) for _, new in moved],
        ],
    )


def _policies(driver: Driver, numbers: Sequence[int]) -> dict[int, Policy]:
    rows: Any = driver.execute("SELECT number, document FROM policy_version WHERE number = ANY(%s)", [list(numbers)])
    return {number: Policy.model_validate(document) for number, document in rows}


class _Timer:
    """Times clocks of one policy version by the edited roster."""

    def __init__(self, policy: Policy, roster: Roster) -> None:
        self._rules = {rule.key: rule for rule in policy.sla}
        self._schedules = Schedules.of_roster(policy, roster)

    def time(self, clock: _Running, edit: datetime) -> Retimed | None:
        """The new due moment of a clock; None for elapsed time, which no calendar moves."""
        rule = self._rules[clock.key]
        if rule.clock != "business":
            return None
        timing = self._schedules.timing(rule, clock.owner, clock.started_at)
        return retimed(timing, (part for part, _ in clock.warnings), edit)
