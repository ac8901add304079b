"""Queued leads: which of them are retried, and when (R5.10).

A lead that found no person has ``queue_asked_at`` and ``queue_for``: since when it waits, and for which people
(`save_waiting`, in the deciding transaction). It is retried when one of these people is available, or after a change
that may matter: of the lead, the roster or the policy. Changes by time alone are checked every hour. A lead that nobody
can take is not retried and does not block others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from engine.core.assignment.eligibility import OWNED_STAGES, Member, is_candidate
from engine.core.assignment.queueing import WaitingLead, able, free_places, person_of, tokens, wave
from engine.core.assignment.rotation import NEVER
from engine.store.decisions.rotation import read_members
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import Driver, raw, transaction
from rulesets.policy.policy import Policy

ASKED_AT_ONCE = 256
"""Most queued leads in one wave. A queue that nobody empties must not delay live events."""
LOOK_EVERY = timedelta(seconds=1)
"""How often available people are read."""
READ_EVERY = timedelta(seconds=2)
"""How often the queue is read while the available people are unchanged."""
WAIT_FOR_WAVE = timedelta(seconds=10)
"""A wave undecided after this time has met a stopped worker: the next wave is sent."""
ASK_ANYWAY_AFTER = timedelta(hours=1)
"""Every queued lead is retried after this time, because time alone can change the result."""

QUEUED = """
SELECT id, queued_role, queue_for, stale, name, queue_priority, grade FROM (
  SELECT id, queued_role, coalesce(queue_for, '{}') AS queue_for, queue_priority, grade, queued_at,
    CASE WHEN state->>'conflict' IS NULL
      THEN queue_asked_at IS NULL OR scored_at > queue_asked_at OR queue_asked_at < %(changed)s
        OR queue_asked_at <= %(long_ago)s
      ELSE NOT EXISTS (SELECT FROM lead AS o WHERE o.account_id = lead.account_id AND o.id <> lead.id
        AND o.owner = lead.state->>'conflict' AND o.stage = ANY(%(stages)s) AND o.merged_into IS NULL)
    END AND queued_role = ANY(%(roles)s) AS stale,
    concat('queue:', id, ':', coalesce(extract(epoch FROM queue_asked_at), 0), ':', %(hour)s::text) AS name
  FROM lead WHERE queued_role IS NOT NULL AND merged_into IS NULL
) AS q
WHERE (stale OR queue_for && %(there)s)
  AND NOT EXISTS (SELECT FROM event WHERE source = %(source)s AND external_id = name)
ORDER BY queue_priority, grade, queued_at, id LIMIT %(limit)s
"""


def save_waiting(driver: Driver, rows: Iterable[tuple[int, Iterable[str], datetime | None]]) -> None:
    """Write (lead, people it waits for, since when). Without a moment the lead has changed since, and is retried."""
    if several := [(lead, "\n".join(sorted(people)), at) for lead, people, at in rows]:
        driver.execute(
            "UPDATE lead SET queue_for = string_to_array(g.people, E'\\n'), queue_asked_at = g.at "
            "FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS g (id, people, at) WHERE lead.id = g.id",
            [list(column) for column in zip(*several, strict=True)],
        )


@dataclass(slots=True)
class QueueWatch:
    """Retries queued leads, wave after wave, best and oldest first.

    Its memory is only an optimisation: without it a wave is small, or the queue is read once too often.
    """

    _asked: list[int] = field(default_factory=list)
    _asked_at: datetime | None = None
    _size: int = 1
    _looked_at: datetime | None = None
    _read_at: datetime | None = None
    _there: frozenset[str] = frozenset()
    _known: object = None
    _changed_at: datetime = NEVER

    def ask(self, now: datetime) -> list[int]:
        """Put the next wave into the inbox. Returns the leads to wake.

        The first wave is the one best lead. Each following wave may be four times as large, and all leads of a wave
        have the same priority and grade. So a person who becomes available gets the best and oldest leads first, and a
        long queue is still processed quickly. The next wave waits until the last one is decided.
        """
        if not self._asked and self._looked_at is not None and self._looked_at <= now < self._looked_at + LOOK_EVERY:
            return []
        with transaction() as connection:
            driver = raw(connection)
            if self._is_on_its_way(driver, now):
                return []
            self._looked_at = now
            intakes = self._wave(driver, now) if _anybody_waits(driver) else []
            put_in = put(driver, intakes)
        self._asked, self._asked_at = [event for event, _ in put_in], now
        # Grow while waves are served; start again with one lead when the queue is idle.
        self._size = min(self._size * 4, ASKED_AT_ONCE) if put_in else 1
        return [lead for _, lead in put_in]

    def _is_on_its_way(self, driver: Driver, now: datetime) -> bool:
        """Whether the last wave is still undecided."""
        late = self._asked_at is None or now - self._asked_at > WAIT_FOR_WAVE
        return bool(self._asked) and not late and _undecided(driver, self._asked)

    def _wave(self, driver: Driver, now: datetime) -> list[Intake]:
        row = driver.execute("SELECT number, document FROM policy_version JOIN active_policy USING (number)").fetchone()
        if row is None:
            return []
        number, policy = row[0], Policy.model_validate(row[1])
        members = read_members(driver, policy, now)
        self._notice_changes(driver, number, members, now)
        there = able(members, now)
        if not self._is_worth_reading(tokens(there), now):
            return []
        by_role, known = _by_role(policy, there), tokens(there)
        values = {
            "changed": self._changed_at, "long_ago": now - ASK_ANYWAY_AFTER, "stages": sorted(OWNED_STAGES),
            "roles": sorted(role for role, people in by_role.items() if people), "there": sorted(known),
            "hour": f"{now:%Y%m%d%H}", "source": ENGINE_SOURCE, "limit": 2 * ASKED_AT_ONCE,
        }  # fmt: skip
        queued = driver.execute(QUEUED, values).fetchall()
        # One priority and grade per wave: the next ones may only follow when these are decided.
        rows = list(takewhile(lambda row: row[5:] == queued[0][5:], queued))
        free = {member.email: free_places(member) for member in there}
        waiting = [
            WaitingLead(lead, by_role[role] if stale else frozenset(map(person_of, known.intersection(waited_for))))
            for lead, role, waited_for, stale, *_ in rows
        ]
        names = {row[0]: (row[1], row[4]) for row in rows}
        return [_intake(lead, *names[lead], now) for lead in wave(waiting, free, self._size)]

    def _is_worth_reading(self, there: frozenset[str], now: datetime) -> bool:
        """Whether available people changed, a wave was sent, or the queue was not read for a while."""
        lately = self._read_at is not None and self._read_at <= now < self._read_at + READ_EVERY
        if lately and there == self._there and not self._asked and self._changed_at < now:
            return False
        self._there, self._read_at = there, now
        return True

    def _notice_changes(self, driver: Driver, number: int, members: Sequence[Member], now: datetime) -> None:
        """Record whether the roster or the policy in force changed since the last call."""
        known = (number, [(m.email, m.role, m.team, m.head_of, m.lists) for m in members])
        # After a restart: leads asked before the last edit are retried once.
        if self._known is None:
            self._changed_at = _last_edit(driver) or self._changed_at
        elif self._known != known:
            self._changed_at = now
        self._known = known


def _anybody_waits(driver: Driver) -> bool:
    query = "SELECT EXISTS (SELECT FROM lead WHERE queued_role IS NOT NULL AND merged_into IS NULL)"
    return bool(driver.execute(query).fetchone() == (True,))


def _undecided(driver: Driver, events: Sequence[int]) -> bool:
    query = "SELECT EXISTS (SELECT FROM inbox WHERE event_id = ANY(%s) AND set_aside_at IS NULL)"
    return bool(driver.execute(query, [list(events)]).fetchone() == (True,))


def _last_edit(driver: Driver) -> datetime | None:
    """When the roster was last edited or a policy put in force, by the audit log."""
    row = driver.execute(
        "SELECT max(at) FROM audit_entry WHERE action LIKE 'roster.%%' OR action LIKE 'policy.%%'"
    ).fetchone()
    return row[0] if row else None


def _by_role(policy: Policy, there: Sequence[Member]) -> Mapping[str, frozenset[str]]:
    """For each role, the available people that some policy of the role considers; off hours only where the policy
    assigns then.
    """
    found: dict[str, set[str]] = {}
    for rule in policy.assignment:
        at_hand = (m for m in there if is_candidate(rule, m) and (m.working or rule.off_hours == "assign"))
        found.setdefault(rule.role, set()).update(m.email for m in at_hand)
    return {role: frozenset(people) for role, people in found.items()}


def _intake(lead: int, role: str, name: str, now: datetime) -> Intake:
    about: dict[str, Any] = {"role": role}
    return Intake(ENGINE_SOURCE, name, "queue.assigned", occurred_at=now, due_at=now, properties=about, lead_id=lead)
