"""Rotation pointers, and the people of the roster with their current load. Read and written under the policy's lock
(R5.5).

The lock of a policy is its row of `RotationPointer` without a member. Locks are taken in key order, after those of
leads and accounts, and held until the transaction ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from engine.core.assignment.eligibility import OWNED_STAGES, SPANS, Member
from engine.core.assignment.rotation import Pointer
from engine.core.assignment.strategies import DECIDED, DECIDED_WITHIN
from engine.core.calendar.calendars import is_working
from engine.store.roster.schedules import read_schedules
from engine.store.session import Driver
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import fold

RECEIVED = """
SELECT p.email, count(*) FILTER (WHERE at >= p.day), count(*) FILTER (WHERE at >= p.week),
  count(*) FILTER (WHERE at >= p.month)
FROM (
  SELECT email, date_trunc('day', %(now)s::timestamptz, zone) AS day,
    date_trunc('week', %(now)s::timestamptz, zone) AS week, date_trunc('month', %(now)s::timestamptz, zone) AS month
  FROM unnest(%(emails)s::text[], %(zones)s::text[]) AS u (email, zone)
) AS p JOIN assignment ON person = p.email AND at >= least(p.week, p.month)
GROUP BY p.email
"""
LISTS = ("territories", "languages", "industries")


def lock_rotations(driver: Driver, policies: Iterable[str]) -> dict[str, dict[str, Pointer]]:
    """Lock the rotations of these policies and read them: policy → person → pointer."""
    keys = sorted(set(policies))
    driver.execute(
        "INSERT INTO rotation (policy_key, member) SELECT unnest(%s::text[]), '' ON CONFLICT DO NOTHING", [keys]
    )
    # One statement per key keeps the order of the sorted keys, whatever the collation.
    for key in keys:
        driver.execute("SELECT 1 FROM rotation WHERE policy_key = %s AND member = '' FOR UPDATE", [key])
    pointers: dict[str, dict[str, Pointer]] = {key: {} for key in keys}
    for key, member, over, under, served, served_at in driver.execute(
        "SELECT policy_key, member, numerator, denominator, served, served_at FROM rotation "
        "WHERE policy_key = ANY(%s) AND member <> ''",
        [keys],
    ):
        # Fractions: turns must add up exactly, a float would drift.
        pointers[key][member] = Pointer(Fraction(int(over), int(under)), served, served_at)
    return pointers


def save_pointers(driver: Driver, moved: Mapping[str, Mapping[str, Pointer]]) -> None:
    """Write moved pointers. The locks of `lock_rotations` are held."""
    rows = [
        (key, member, place.value.numerator, place.value.denominator, place.served, place.served_at)
        for key, members in sorted(moved.items())
        for member, place in sorted(members.items())
    ]
    if rows:
        driver.execute(
            "INSERT INTO rotation (policy_key, member, numerator, denominator, served, served_at) SELECT * FROM "
            "unnest(%s::text[], %s::text[], %s::numeric[], %s::numeric[], %s::bigint[], %s::timestamptz[]) "
            "ON CONFLICT (policy_key, member) DO UPDATE SET numerator = EXCLUDED.numerator, "
            "denominator = EXCLUDED.denominator, served = EXCLUDED.served, served_at = EXCLUDED.served_at",
            [list(column) for column in zip(*rows, strict=True)],
        )


def save_assignments(driver: Driver, rows: Sequence[Sequence[Any]]) -> None:
    """Store assignments: (event, lead, role, person, policy, moment)."""
    if rows:
        driver.execute(
            "INSERT INTO assignment (event_id, lead_id, role, person, policy_key, at) SELECT * FROM "
            "unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])",
            [list(column) for column in zip(*rows, strict=True)],
        )


def read_members(driver: Driver, policy: Policy, now: datetime) -> list[Member]:
    """The roster with current loads. Zone and working time come from the person's calendar, else from the policy's."""
    schedules = read_schedules(driver, policy)
    teams = _Teams(driver)
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM person ORDER BY email").fetchall()
    strategies = {rule.strategy for rule in policy.assignment}
    # Counting costs a scan of leads: only for people with a capacity, or if a strategy compares loads.
    counted = [row["email"] for row in rows if row["capacity"] is not None or "least_open" in strategies]
    open_leads = _open_leads(driver, counted)
    calendars = {row["email"]: schedules.schedule(row["email"]).calendar for row in rows}
    received = _received(driver, [(row, calendars[row["email"]].zone) for row in rows], now)
    suspended = _suspended(driver, now)
    records = _records(driver, now) if "top_performer" in strategies else {}
    return [
        replace(
            _member(row, teams),
            zone=calendars[row["email"]].zone,
            working=is_working(calendars[row["email"]], now),
            suspended=(row["email"], row["role"]) in suspended,
            open_leads=open_leads.get(row["email"], 0),
            received=received[row["email"]],
            accepted=records.get(row["email"], (0, 0))[0],
            decided=records.get(row["email"], (0, 0))[1],
        )
        for row in rows
    ]


class _Teams:
    """Departments of teams by key, and teams by head."""

    def __init__(self, driver: Driver) -> None:
        self.departments: dict[str, str | None] = {}
        self.of_head: dict[str, set[str]] = {}
        for key, head, department in driver.execute("SELECT key, head, department FROM team"):
            self.departments[key] = department
            self.of_head.setdefault((head or "").lower(), set()).add(key)


def _open_leads(driver: Driver, people: Sequence[str]) -> dict[str, int]:
    """The number of open leads of these people."""
    if not people:
        return {}
    return dict(
        driver.execute(
            "SELECT owner, count(*) FROM lead WHERE owner = ANY(%s) AND stage = ANY(%s) AND merged_into IS NULL "
            "GROUP BY owner",
            [list(people), sorted(OWNED_STAGES)],
        )
    )


def _suspended(driver: Driver, now: datetime) -> set[tuple[str, str]]:
    """(person, role) of the suspensions in force."""
    rows = driver.execute(
        "SELECT person, role FROM suspension WHERE until_at > %s AND from_at <= %s "
        "AND (ended_at IS NULL OR ended_at > %s)",
        [now, now, now],
    )
    return {(person, role) for person, role in rows}


def _records(driver: Driver, now: datetime) -> dict[str, tuple[int, int]]:
    """Leads that each person accepted, and accepted, rejected or missed, in the last 90 days (R5.7)."""
    rows = driver.execute(
        "SELECT person, count(*) FILTER (WHERE kind = 'accepted'), count(*) FROM track_record "
        "WHERE kind = ANY(%s) AND at > %s AND at <= %s GROUP BY person",
        [list(DECIDED), now - DECIDED_WITHIN, now],
    )
    return {person: (accepted, decided) for person, accepted, decided in rows}


def _received(
    driver: Driver, people: Sequence[tuple[Mapping[str, Any], ZoneInfo]], now: datetime
) -> dict[str, dict[str, int]]:
    """Assignments of the current day, ISO week and month, in each person's zone. Counted only for people with caps."""
    capped = [(row["email"], str(zone)) for row, zone in people if row["details"].get("caps")]
    counts: dict[str, dict[str, int]] = {row["email"]: {} for row, _ in people}
    if not capped:
        return counts
    emails, zones = map(list, zip(*capped, strict=True))
    for email, *several in driver.execute(RECEIVED, {"emails": emails, "zones": zones, "now": now}):
        counts[email] = dict(zip(SPANS, several, strict=True))
    return counts


def _member(row: Mapping[str, Any], teams: _Teams) -> Member:
    details = row["details"]
    return Member(
        email=row["email"],
        role=row["role"],
        active=row["active"],
        team=row["team"],
        department=row["department"] or teams.departments.get(row["team"]),
        head_of=frozenset(teams.of_head.get(row["email"], ())),
        tier=row["tier"],
        weight=row["weight"],
        capacity=row["capacity"],
        caps=details.get("caps") or {},
        lists={name: frozenset(fold(value) for value in details.get(name) or ()) for name in LISTS},
        absences=tuple((_day(a["from"]), _day(a["to"])) for a in details.get("absences") or ()),
        eligible_months=frozenset(details.get("eligible_months") or ()),
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)
