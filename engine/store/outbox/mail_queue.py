"""From notifications to e-mail: what somebody wants by mail becomes one message, once; preferences of people.

Notifications are looked at once each, by whoever runs deliveries. What is older than a day when it is looked at is not
mailed: whoever sets e-mail up later does not send the past.
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
    """What somebody wants: ``mail`` holds the kinds that differ from `KINDS`, ``language`` may be unknown."""

    language: str | None = None
    mail: Mapping[str, bool] = field(default_factory=dict)
    digest: bool = True

    def wants(self, kind: str) -> bool:
        """Whether a kind goes to them by e-mail."""
        return bool(self.mail.get(kind, kind in KINDS and KINDS[kind].mail))


def spread_notices(now: datetime, *, by_mail: bool) -> int:
    """Look at notifications nobody looked at yet; returns how many there were.

    Without e-mail they are only marked, so that nothing piles up.
    """
    with transaction() as connection:
        driver = raw(connection)
        rows = driver.execute(
            "SELECT n.id, n.cause, n.person, n.kind, n.about, n.lead_id, n.details, n.at, p.mail FROM notice n "
            "LEFT JOIN notice_preference p ON p.person = n.person WHERE n.spread_at IS NULL "
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
    """All that is needed to write the mail."""
    return {"about": about, "lead": lead, "details": details, "at": moment(at)}


def read_preferences(person: str) -> Preferences:
    """What somebody wants."""
    with transaction() as connection:
        row = (
            raw(connection)
            .execute("SELECT language, mail, digest FROM notice_preference WHERE person = %s", [person])
            .fetchone()
        )
    return Preferences(*row) if row else Preferences()


def save_preferences(person: str, wanted: Preferences) -> None:
    """Keep what somebody wants; kinds that are as `KINDS` has them need not be said."""
    mail = {kind: said for kind, said in wanted.mail.items() if kind in KINDS and said != KINDS[kind].mail}
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO notice_preference (person, language, mail, digest) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (person) DO UPDATE SET language = EXCLUDED.language, mail = EXCLUDED.mail, "
            "digest = EXCLUDED.digest",
            [person, wanted.language, Jsonb(mail), wanted.digest],
        )


def save_language(person: str, language: str) -> None:
    """Keep the language somebody chose."""
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO notice_preference (person, language, digest) VALUES (%s, %s, true) "
            "ON CONFLICT (person) DO UPDATE SET language = EXCLUDED.language",
            [person, language],
        )
