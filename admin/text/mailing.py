"""Writes e-mails as text and HTML in the reader's language: a notification, or a manager's daily mail.

It has its own Flask application for templates and catalogs, because deliveries run outside of requests. A mail names a
lead only by number: Baton cannot protect personal data in a mailbox.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime as mail_date
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from flask_babel import Babel, force_locale, format_date, format_datetime, gettext
from flask_babel import lazy_gettext as _l

from admin.text import notices, terms
from admin.text.language import HTML, LANGUAGES
from engine.settings import Settings
from engine.store.outbox.deliveries import Taken
from engine.store.read.overview import active_timezone
from workers.channels.undelivered import Undelivered

PARTS = {
    "misses": _l("Missed clocks"),
    "warnings": _l("Warnings"),
    "suspensions": _l("Suspended people"),
    "queue": _l("Leads waiting in the queue"),
    "pool": _l("Taken back by the public pool"),
}
"""The parts of the daily mail, in order."""


class Writer:
    """Writes e-mails; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._app = Flask("admin", root_path=str(Path(__file__).parent.parent))
        self._app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"{self._app.root_path}/translations"
        Babel(self._app, timezone_selector=lambda: active_timezone() or "UTC")

    def write(self, taken: Taken, now: datetime) -> EmailMessage:
        """The mail of a delivery. Raises `Undelivered` for an invalid address."""
        wanted = taken.language or self._settings.locale
        locale = LANGUAGES[wanted if wanted in LANGUAGES else "en"][0]
        with self._app.app_context(), force_locale(locale):
            about = _digest(taken) if taken.kind == "digest" else _notice(taken)
            about |= {"links": self._links(about.get("lead")), "html_language": HTML[locale]}
            letter = self._addressed(taken, now)
            letter["Subject"] = " ".join(f"Baton: {about['subject']}".split())
            letter.set_content(render_template(f"mail/{about['template']}.txt", **about))
            letter.add_alternative(render_template(f"mail/{about['template']}.html", **about), subtype="html")
        return letter

    def _addressed(self, taken: Taken, now: datetime) -> EmailMessage:
        letter = EmailMessage()
        sender = self._settings.mail_from or ""
        try:
            letter["To"] = Address(addr_spec=taken.address)
            letter["From"] = sender
        except (ValueError, IndexError, MessageError) as error:
            raise Undelivered("this is no e-mail address", permanent=True) from error
        letter["Date"] = mail_date(now)
        letter["Message-ID"] = f"<{taken.message_id}@{parseaddr(sender)[1].partition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        return letter

    def _links(self, lead: int | None) -> list[tuple[str, str]]:
        """Links as (text, address). Empty without `BATON_PUBLIC_URL`: the address of the admin is unknown then."""
        public = self._settings.public_url
        if public is None:
            return []
        first = [(gettext("Open lead #%(number)s", number=lead), f"{public}/admin/leads/{lead}/")] if lead else []
        return [
            *first,
            (gettext("All notifications"), f"{public}/admin/notifications/"),
            (gettext("What comes by e-mail"), f"{public}/admin/notifications/settings/"),
        ]


def _notice(taken: Taken) -> dict[str, Any]:
    said = taken.payload
    name, lead = notices.name_of(taken.kind), said.get("lead")
    subject = gettext("%(what)s, lead #%(number)s", what=name, number=lead) if lead else name
    return {
        "template": "notice",
        "subject": subject,
        "name": name,
        "sentence": notices.sentence(taken.kind, said.get("about"), said.get("details") or {}),
        "lead": lead,
        "at": format_datetime(datetime.fromisoformat(said["at"]), "short"),
    }


def _digest(taken: Taken) -> dict[str, Any]:
    said = taken.payload
    day = format_date(date.fromisoformat(said["day"]), "long")
    parts = [
        {"name": str(name), "count": part["count"], "lines": [_line(code, line) for line in part["lines"]]}
        for code, name in PARTS.items()
        if (part := said["parts"].get(code))
    ]
    return {"template": "digest", "subject": gettext("your people until %(day)s", day=day), "day": day, "parts": parts}


def _line(part: str, line: Mapping[str, Any]) -> str:
    """One line of the daily mail."""
    return str(LINES[part](line, format_datetime(datetime.fromisoformat(line["at"]), "short")))


LINES: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
    "misses": lambda line, at: gettext(
        "%(at)s: %(person)s, clock %(clock)s, lead #%(lead)s",
        at=at, person=line["person"], clock=line["key"] or "—", lead=line["lead"],
    ),
    "warnings": lambda line, at: gettext(
        "%(at)s: %(person)s, clock %(clock)s, lead #%(lead)s",
        at=at, person=line["person"], clock=line["key"] or "—", lead=line["lead"],
    ),
    "suspensions": lambda line, at: gettext("%(person)s, until %(at)s", person=line["person"], at=at),
    "queue": lambda line, at: gettext(
        "%(role)s: %(number)s, the oldest since %(at)s",
        role=terms.term(terms.ROLES, line["key"]), number=line["leads"], at=at,
    ),
    "pool": lambda line, at: gettext(
        "%(at)s: %(person)s, lead #%(lead)s", at=at, person=line["person"], lead=line["lead"]
    ),
}  # fmt: skip
"""Part of the daily mail → the text of one line."""
