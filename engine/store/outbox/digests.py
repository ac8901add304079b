"""The daily mail of managers: events among their people until 08:00 of their day (R6.5).

Written once per day and manager, as one message of the outbox. A day with nothing to report is stored as an empty
message and not sent. Counts stored decisions. Decides nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from engine.core.explain import moment
from engine.core.notify.notices import Directory, is_head_of_somebody, reports_of
from engine.store.outbox.notices import read_directory
from engine.store.outbox.outbox import Message, save_messages
from engine.store.roster.schedules import read_schedules
from engine.store.session import Driver, raw, transaction
from rulesets.policy.policy import Policy

TOLD_AT = time(8)
LINES = 20
"""Most lines per part of the mail. The counts cover all."""
WARNINGS = ["sla_warned", "pool_warned"]


def send_digests(now: datetime) -> int:
    """Write the mails of managers for whom it is eight o'clock or later. Returns how many have content."""
    with transaction() as connection:
        driver = raw(connection)
        directory = read_directory(driver)
        due = _due(driver, directory, now)
        return sum(_write(driver, manager, day, zone, directory, now) for manager, day, zone in due)


def _due(driver: Driver, directory: Directory, now: datetime) -> list[tuple[str, date, ZoneInfo]]:
    """(manager, day, zone) of each manager who wants a mail and has none for their current day."""
    heads = [email for email, one in directory.people.items() if one.active and is_head_of_somebody(email, directory)]
    zones = _zones(driver, heads)
    here = {email: now.astimezone(zones[email]) for email in heads}
    days = {email: local.date() for email, local in here.items() if local.time() >= TOLD_AT}
    causes = sorted({_cause(day) for day in days.values()})
    settled = set(
        driver.execute(
            "SELECT address, cause FROM delivery WHERE channel = 'mail' AND cause = ANY(%s) UNION "
            "SELECT person, cause FROM notice_preference, unnest(%s::text[]) AS c (cause) WHERE NOT digest",
            [causes, causes],
        )
    )
    return [(email, day, zones[email]) for email, day in sorted(days.items()) if (email, _cause(day)) not in settled]


def _cause(day: date) -> str:
    return f"digest:{day}"


def _zones(driver: Driver, people: Iterable[str]) -> dict[str, ZoneInfo]:
    """The zone of each person's calendar; UTC before the first policy."""
    row = driver.execute("SELECT document FROM policy_version JOIN active_policy USING (number)").fetchone()
    if row is None:
        return dict.fromkeys(people, ZoneInfo("UTC"))
    schedules = read_schedules(driver, Policy.model_validate(row[0]))
    return {email: schedules.schedule(email).calendar.zone for email in people}


def _write(driver: Driver, manager: str, day: date, zone: ZoneInfo, directory: Directory, now: datetime) -> int:
    """Write one manager's mail of a day. Returns 1 if it is new and has content."""
    until = datetime.combine(day, TOLD_AT, zone).astimezone(UTC)
    # By calendar day, not 24 hours: on days of a time change the mails still cover all hours once.
    since = datetime.combine(day - timedelta(days=1), TOLD_AT, zone).astimezone(UTC)
    people = [email for email in reports_of(manager, directory) if email != manager]
    parts = {name: part for name, part in _parts(driver, people, since, until).items() if part["count"]}
    payload = {"day": day.isoformat(), "since": moment(since), "until": moment(until), "parts": parts}
    state = "waiting" if parts else "empty"
    new = save_messages(driver, [Message("mail", _cause(day), manager, None, "digest", payload, state)], now)
    return new if parts else 0


def _parts(driver: Driver, people: Sequence[str], since: datetime, until: datetime) -> dict[str, dict[str, Any]]:
    """Misses, warnings, suspensions, queue and pool, each with its count and its latest lines."""
    asked = {"people": list(people), "since": since, "until": until, "warnings": WARNINGS}
    found = {name: _rows(driver, query, asked) for name, query in QUERIES.items()}
    return {
        name: {"count": sum(row.get("leads", 1) for row in rows), "lines": rows[:LINES]} for name, rows in found.items()
    }


def _rows(driver: Driver, query: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.encode(), asked).fetchall()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else value


RECORDS = (
    "SELECT person, key, lead_id AS lead, at FROM track_record WHERE kind = '{kind}' AND person = ANY(%(people)s) "
    "AND at >= %(since)s AND at < %(until)s ORDER BY at DESC, id DESC"
)
QUERIES = {
    "misses": RECORDS.format(kind="missed"),
    "warnings": (
        "SELECT DISTINCT ON (at, cause) about AS person, details->>'clock' AS key, lead_id AS lead, at FROM notice "
        "WHERE kind = ANY(%(warnings)s) AND about = ANY(%(people)s) AND at >= %(since)s AND at < %(until)s "
        "ORDER BY at DESC, cause"
    ),
    "suspensions": (
        "SELECT person, role AS key, lead_id AS lead, until_at AS at FROM suspension WHERE person = ANY(%(people)s) "
        "AND from_at < %(until)s AND until_at > %(until)s AND ended_at IS NULL ORDER BY until_at"
    ),
    "queue": (
        "SELECT queued_role AS key, count(*) AS leads, min(queued_at) AS at FROM lead WHERE merged_into IS NULL "
        "AND queued_role IN (SELECT role FROM person WHERE email = ANY(%(people)s)) GROUP BY queued_role ORDER BY 1"
    ),
    "pool": RECORDS.format(kind="lost"),
}
"""Part of the mail → its rows: person, key (clock, role or reason), lead, moment."""
