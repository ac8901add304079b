"""Notifications as sentences in the reader's language, for pages and e-mail.

Every kind of `engine.core.notify.notices.KINDS` has a sentence. A missing value becomes a dash, never an error.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l

from admin.text import terms

Values = Mapping[str, Any]

NAMES = {
    "assigned": _l("Lead assigned"),
    "taken": _l("Lead taken away"),
    "sla_warned": _l("Clock running out"),
    "sla_breached": _l("Clock missed"),
    "sla_held": _l("Promise held"),
    "sla_broken": _l("Promise broken"),
    "queued": _l("Nobody available"),
    "pool_warned": _l("Protection ends soon"),
    "pool_reclaimed": _l("Back to the public pool"),
    "suspended": _l("Suspended"),
    "suspension_ended": _l("Suspension over"),
    "merged": _l("Leads merged"),
    "escalated": _l("Lead escalated"),
    "conflict": _l("Company already has an owner"),
    "eligibility_missing": _l("Monthly list missing"),
    "notify": _l("A rule says so"),
}
"""Kind → its name in lists and preferences."""

WHY = {
    "sla.warned": _l("a clock was running out"),
    "sla.breached": _l("a clock was missed"),
    "sla.held": _l("a clock ended"),
    "roster.changed": _l("the roster changed"),
    "lead.assigned": _l("somebody gave it to another person"),
    "lead.dispatched": _l("somebody gave it to another person"),
    "lead.rejected": _l("it was rejected"),
    "lead.released": _l("it was released"),
}
"""Event → why it took a lead from its owner."""


def name_of(kind: str) -> str:
    """The name of a kind."""
    return str(terms.term(NAMES, kind))


def sentence(kind: str, about: str | None, details: Values) -> str:
    """The notification in one sentence."""
    tell = SENTENCES.get(kind)
    return str(tell(_Said(about, details))) if tell else name_of(kind)


class _Said:
    """The values of a notification as words."""

    def __init__(self, about: str | None, details: Values) -> None:
        self.about = about or "—"
        self._details = details

    def text(self, *names: str) -> str:
        """The first of these values that is present, else a dash."""
        return next((str(self._details[name]) for name in names if self._details.get(name) not in {None, ""}), "—")

    def moment(self, *names: str) -> str:
        """A moment in the reader's language and zone."""
        text = self.text(*names)
        try:
            return str(format_datetime(datetime.fromisoformat(text), "short"))
        except ValueError:
            return text

    def why(self) -> str:
        """Why the lead was taken away."""
        return str(terms.term(WHY, self.text("event", "why")))

    def role(self) -> str:
        """A role."""
        return str(terms.term(terms.ROLES, self.text("role")))

    def reasons(self) -> str:
        """Why nobody could be chosen: each reason with its number of people."""
        given = self._details.get("reasons")
        if isinstance(given, Mapping):
            return ", ".join(f"{terms.term(terms.CANDIDATES, code)} ({n})" for code, n in given.items()) or "—"
        codes = [str(code) for code in given or ()]
        return ", ".join(str(terms.term(terms.CANDIDATES, code)) for code in codes) or "—"


def _assigned(said: _Said) -> str:
    return str(gettext("%(person)s received a lead.", person=said.about))


def _taken(said: _Said) -> str:
    return str(gettext("A lead was taken from %(person)s: %(why)s.", person=said.about, why=said.why()))


def _sla_warned(said: _Said) -> str:
    return str(
        gettext(
            "%(percent)s %% of clock %(clock)s of %(person)s have passed; it is due on %(due)s.",
            percent=said.text("percent"),
            clock=said.text("clock", "key"),
            person=said.about,
            due=said.moment("due_at"),
        )
    )


def _sla_breached(said: _Said) -> str:
    return str(
        gettext(
            "%(person)s missed clock %(clock)s, which was due on %(due)s.",
            person=said.about,
            clock=said.text("clock", "key"),
            due=said.moment("due_at"),
        )
    )


def _queued(said: _Said) -> str:
    return str(
        gettext(
            "Nobody is available as %(role)s: the lead waits in the queue (%(reasons)s).",
            role=said.role(),
            reasons=said.reasons(),
        )
    )


def _pool_warned(said: _Said) -> str:
    return str(
        gettext(
            "The lead of %(person)s goes back to the public pool on %(until)s unless something happens.",
            person=said.about,
            until=said.moment("until"),
        )
    )


def _suspended(said: _Said) -> str:
    return str(
        gettext(
            "%(person)s receives no leads until %(until)s: too many misses in a row.",
            person=said.about,
            until=said.moment("until"),
        )
    )


def _escalated(said: _Said) -> str:
    return str(
        gettext(
            "A lead of %(person)s is yours now: clock %(clock)s was missed.",
            person=said.about,
            clock=said.text("clock"),
        )
    )


def _conflict(said: _Said) -> str:
    return str(
        gettext(
            "An outbound lead waits: %(owner)s has another lead of the same company.",
            owner=said.text("owner", "person"),
        )
    )


def _eligibility_missing(said: _Said) -> str:
    return str(
        gettext(
            "Nobody is on the list of %(month)s for %(role)s: without a list everybody receives leads.",
            month=said.text("month"),
            role=said.role(),
        )
    )


SENTENCES: dict[str, Callable[[_Said], str]] = {
    "assigned": _assigned,
    "taken": _taken,
    "sla_warned": _sla_warned,
    "sla_breached": _sla_breached,
    "sla_held": lambda said: gettext(
        "Clock %(clock)s of %(person)s held to its end.", clock=said.text("clock", "key"), person=said.about
    ),
    "sla_broken": lambda said: gettext(
        "Clock %(clock)s of %(person)s did not hold to its end.", clock=said.text("clock", "key"), person=said.about
    ),
    "queued": _queued,
    "pool_warned": _pool_warned,
    "pool_reclaimed": lambda said: gettext(
        "The lead of %(person)s went back to the public pool: its protection ended.", person=said.about
    ),
    "suspended": _suspended,
    "suspension_ended": lambda said: gettext("%(person)s receives leads again.", person=said.about),
    "merged": lambda said: gettext(
        "Two leads proved to be one person; it belongs to %(owner)s.", owner=said.text("owner")
    ),
    "escalated": _escalated,
    "conflict": _conflict,
    "eligibility_missing": _eligibility_missing,
    "notify": lambda said: gettext(
        "A rule of the policy wants you to look at a lead of %(person)s: %(what)s.",
        person=said.about,
        what=said.text("clock", "key", "occasion", "event"),
    ),
}
"""Kind → its sentence."""
