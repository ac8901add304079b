"""In-app notifications: written in the deciding transaction, read by their recipients.

One row per cause and person, however often the cause occurs. Recipients are resolved by the roster of that moment.
`engine.store.outbox.mail_queue` sends e-mail.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from engine.core.notify.effects import Notice
from engine.core.notify.notices import Directory, NotifiedPerson, recipients
from engine.store.session import Driver, raw, transaction

LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as its recipient sees it."""

    id: int
    person: str
    kind: str
    about: str | None
    lead_id: int | None
    details: dict[str, Any]
    at: datetime
    read_at: datetime | None


COLUMNS = "id, person, kind, about, lead_id, details, at, read_at"


def save_notices(driver: Driver, rows: Sequence[tuple[Notice, int | None, int | None, datetime]]) -> None:
    """Write notifications to all recipients: (notice, lead, event, moment). Runs no query without rows.

    A cause is stored once per kind, lead and person; later ones are ignored. A notice that is not about one lead has
    None as its lead, so that the same cause on another lead is ignored, too.
    """
    if not rows:
        return
    directory = read_directory(driver)
    sdrs = _sdrs(driver, [lead for notice, lead, _, _ in rows if notice.to == "sdr" and lead is not None])
    told = [
        (_cause(notice, lead), person, notice.kind, notice.person, lead, event, Jsonb({**notice.values}), at)
        for notice, lead, event, at in rows
        for person in recipients(_with_sdr(notice, sdrs.get(lead or 0)), directory)
    ]
    if told:
        driver.execute(
            "INSERT INTO notice (cause, person, kind, about, lead_id, event_id, details, at) SELECT * FROM "
            "unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::jsonb[], "
            "%s::timestamptz[]) ON CONFLICT (cause, person) DO NOTHING",
            [list(column) for column in zip(*told, strict=True)],
        )


def _cause(notice: Notice, lead: int | None) -> str:
    """Event ids are unique only within their source, so the cause includes the lead."""
    return f"{notice.kind}:{lead or ''}:{notice.cause}"


def _sdrs(driver: Driver, leads: Sequence[int]) -> dict[int, str | None]:
    """The SDRs of leads, for notices to the SDR."""
    return dict(driver.execute("SELECT id, sdr FROM lead WHERE id = ANY(%s)", [list(leads)])) if leads else {}


def _with_sdr(notice: Notice, sdr: str | None) -> Notice:
    return replace(notice, values={"sdr": sdr, **notice.values}) if notice.to == "sdr" else notice


def read_directory(driver: Driver) -> Directory:
    """The parts of the roster that determine recipients."""
    people = driver.execute("SELECT email, team, manager, active, role FROM person").fetchall()
    heads = driver.execute("SELECT key, head FROM team WHERE head IS NOT NULL").fetchall()
    overseers = driver.execute(
        "SELECT DISTINCT u.email FROM user_account u JOIN user_role r ON r.user_id = u.id "
        "WHERE u.active AND r.role IN ('admin', 'sdr_manager', 'sales_manager')"
    )
    return Directory(
        people={email: NotifiedPerson(team, manager, active) for email, team, manager, active, _ in people},
        heads=dict(heads),
        managers=tuple(email for email, _, _, active, role in people if active and role == "manager"),
        overseers=tuple(email for (email,) in overseers),
    )


def read_notices(
    person: str | None, *, unread: bool = False, kind: str | None = None, before: int | None = None, limit: int = 50
) -> list[Notification]:
    """Notifications of a person (None: of everybody), newest first, older than number ``before``."""
    with transaction() as connection:
        rows = raw(connection).execute(
            f"SELECT {COLUMNS} FROM notice WHERE (%(person)s::text IS NULL OR person = %(person)s) "  # noqa: S608 - a constant list
            "AND (NOT %(unread)s OR read_at IS NULL) AND (%(kind)s::text IS NULL OR kind = %(kind)s) "
            "AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
            # One more than a page: the extra row tells the caller that there is a next page.
            {"person": person, "unread": unread, "kind": kind, "before": before, "limit": min(limit, LONGEST_PAGE + 1)},
        )
        return [Notification(*row) for row in rows]


def count_unread(person: str) -> int:
    """The number of a person's unread notifications."""
    with transaction() as connection:
        row = raw(connection).execute("SELECT count(*) FROM notice WHERE person = %s AND read_at IS NULL", [person])
        return int((row.fetchone() or (0,))[0])


def mark_read(person: str, now: datetime, ids: Iterable[int] | None = None) -> int:
    """Mark notifications of a person as read, these or (None) all. Returns how many were unread."""
    with transaction() as connection:
        done = raw(connection).execute(
            "UPDATE notice SET read_at = %(now)s WHERE person = %(person)s AND read_at IS NULL "
            "AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))",
            {"now": now, "person": person, "ids": None if ids is None else sorted(ids)},
        )
        return done.rowcount
