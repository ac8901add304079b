"""Turn notifications into e-mails, one message each, by people's preferences.

Each notification is processed once, by the process that runs deliveries. A notification older than a day is not mailed,
so that setting up e-mail later does not send old ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from engine.core.explain import moment
from engine.core.notify.notices import KINDS
from engine.store.outbox.outbox import Message, save_messages
from engine.store.session import raw, transaction

AT_ONCE = 500
STALE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Preferences:
    """Preferences of a person. ``mail`` holds the kinds that differ from `KINDS`; ``language`` may be unknown."""

    language: str | None = None
    mail: Mapping[str, bool] = field(default_factory=dict)
    digest: bool = True

    def wants(self, kind: str) -> bool:
        """Whether this person wants this kind by e-mail."""
        return bool(self.mail.get(kind, kind in KINDS and KINDS[kind].mail))


def spread_notices(now: datetime, *, by_mail: bool) -> int:
    """Process new notifications. Returns how many there were.

    Without e-mail they are only marked as processed, so that they do not accumulate.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "SELECT n.id, n.cause, n.person, n.kind, n.about, n.lead_id, n.details, n.at, p.mail FROM notice n "
            "LEFT JOIN notice_preference p ON p.person = n.person WHERE n.spread_at IS NULL "
            # Several processes may run deliveries; each takes other notifications.
            "ORDER BY n.id LIMIT %s FOR UPDATE OF n SKIP LOCKED",
            [AT_ONCE],
        ).fetchall()
        messages = [
            Message("mail", cause, person, None, kind, _letter(about, lead, said, at))
            for _, cause, person, kind, about, lead, said, at, mail in rows
            if by_mail and at > now - STALE and Preferences(mail=mail or {}).wants(kind)
        ]
        save_messages(driver, messages, now)
        driver.execute("UPDATE notice SET spread_at = %s WHERE id = ANY(%s)", [now, [row[0] for row in rows]])
        return len(rows)


def _letter(about: str | None, lead: int | None, details: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The data from which the mail is written."""
    return {"about": about, "lead": lead, "details": details, "at": moment(at)}


def read_preferences(person: str) -> Preferences:
    """The preferences of a person."""
    with transaction() as connection:
        row = (
            raw(connection)
            .execute("SELECT language, mail, digest FROM notice_preference WHERE person = %s", [person])
            .fetchone()
        )
    return Preferences(*row) if row else Preferences()


def save_preferences(person: str, wanted: Preferences) -> None:
    """Store preferences. Kinds that equal the default of `KINDS` are left out."""
    mail = {kind: said for kind, said in wanted.mail.items() if kind in KINDS and said != KINDS[kind].mail}
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO notice_preference (person, language, mail, digest) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (person) DO UPDATE SET language = EXCLUDED.language, mail = EXCLUDED.mail, "
            "digest = EXCLUDED.digest",
            [person, wanted.language, Jsonb(mail), wanted.digest],
        )


def save_language(person: str, language: str) -> None:
    """Store the language that a person chose."""
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO notice_preference (person, language, digest) VALUES (%s, %s, true) "
            "ON CONFLICT (person) DO UPDATE SET language = EXCLUDED.language",
            [person, language],
        )
