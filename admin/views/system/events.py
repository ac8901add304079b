"""Pages of the events as they arrived, and of those set aside, which can be run again."""

from typing import Any, ClassVar

from flask import flash, g
from flask_admin.actions import action
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Query
from sqlmodel import col

from admin.permissions import May, actor, may
from admin.text import terms
from admin.text.policy.findings import why
from admin.views.lists import Filter, ListView
from engine.errors import NotFound
from engine.store.inbox.inbox import run_again
from engine.store.read.event_cards import decisions_of, events_of, find_events
from engine.store.schema.event_tables import Event, Inbox
from workers.queues import wake


class Events(ListView):
    """Every accepted event."""

    needs = May.SEE_EVENTS
    column_list = ("id", "type", "source", "external_id", "lead_id", "occurred_at", "received_at", "status")
    column_labels: ClassVar[dict[str, Any]] = {
        "id": _l("Number"),
        "type": _l("Type"),
        "source": _l("Source"),
        "external_id": _l("Id"),
        "lead_id": _l("Lead"),
        "occurred_at": _l("Happened"),
        "received_at": _l("Received"),
        "status": _l("Status"),
    }
    column_sortable_list = ("id",)
    column_default_sort = ("id", True)
    column_searchable_list = ("external_id",)
    column_filters = (Filter(Event.type, _l("Type")), Filter(Event.source, _l("Source")))
    recent: ClassVar[int] = 100_000
    introduction = _l(
        "Everything arrives as an event and is decided once: behaviour, people's work, the clock. Filters look at the "
        "latest 100,000."
    )
    empty = _l("No events yet. Send one with an API key to /v1/events.")

    @property
    def column_formatters(self) -> Any:
        """How columns are shown."""
        return {
            "occurred_at": lambda _v, _c, row, _n: format_datetime(row.occurred_at, "short"),
            "received_at": lambda _v, _c, row, _n: format_datetime(row.received_at, "short"),
            "lead_id": lambda _v, _c, row, _n: _lead_link(self, row.lead_id),
            "status": lambda _v, _c, row, _n: _status(self, row.id),
        }

    def search_placeholder(self) -> str:
        """The hint of the search field."""
        return str(gettext("exact id of the event"))

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return query.filter(col(Event.id).in_(find_events(search))), count_query, joins, count_joins

    def get_query(self) -> Query[Any]:
        """All events. A filter covers only the latest ones: a scan for a rare type among millions would be slow."""
        query: Query[Any] = super().get_query()
        if not any(self.filter_values().values()):
            return query
        newest = select(func.max(Event.id)).scalar_subquery()
        return query.filter(col(Event.id) > newest - self.recent)

    def get_list(self, *args: Any, **options: Any) -> Any:
        """The rows. Reads the decisions of these events in one query."""
        count, rows = super().get_list(*args, **options)
        g.decisions = decisions_of(row.id for row in rows)
        return count, rows


class SetAside(ListView):
    """Events that failed too often. They block nothing, and wait until somebody runs them again."""

    needs = May.SEE_EVENTS
    column_list = ("event_id", "what", "lead_id", "error", "attempts", "set_aside_at")
    numeric_columns = ("attempts",)
    column_labels: ClassVar[dict[str, Any]] = {
        "event_id": _l("Number"),
        "what": _l("Event"),
        "lead_id": _l("Lead"),
        "error": _l("Error"),
        "attempts": _l("Attempts"),
        "set_aside_at": _l("Set aside"),
    }
    column_sortable_list = ("event_id",)
    column_default_sort = ("event_id", True)
    introduction = _l(
        "Events that could not be decided. Mend the cause, then run them again; the others went on meanwhile."
    )
    empty = _l("Nothing is set aside: every event could be decided.")

    @property
    def column_formatters(self) -> Any:
        """How columns are shown."""
        return {
            "what": lambda _v, _c, row, _n: _event_name(row.event_id),
            "lead_id": lambda _v, _c, row, _n: _lead_link(self, row.lead_id),
            "error": lambda _v, _c, row, _n: Markup("<pre>{}</pre>").format((row.error or "")[:2000]),
            "set_aside_at": lambda _v, _c, row, _n: format_datetime(row.set_aside_at, "medium"),
        }

    def get_query(self) -> Query[Any]:
        """Only those that are set aside."""
        query: Query[Any] = super().get_query()
        return query.filter(col(Inbox.set_aside_at).is_not(None))

    def get_list(self, *args: Any, **options: Any) -> Any:
        """The rows. Reads their events in one query."""
        count, rows = super().get_list(*args, **options)
        g.events = events_of(row.event_id for row in rows)
        return count, rows

    def is_action_allowed(self, name: str) -> bool:
        """*Run again* is the only action, and needs its permission."""
        return name == "run_again" and may(May.RUN_AGAIN)

    @action("run_again", _l("Run again"), _l("Run the chosen events again?"))  # type: ignore[untyped-decorator] # as it is
    def action_run_again(self, ids: list[str]) -> None:
        """Put the chosen events back into the inbox and wake their leads."""
        numbers = [int(number) for number in ids if number.isascii() and number.isdigit() and len(number) < 19]
        try:
            leads = run_again(numbers, actor())
        except NotFound as refused:
            flash(why(refused), "error")
            return
        wake(leads)
        flash(gettext("%(n)s events wait to be decided again.", n=len(leads)), "success")


def _lead_link(view: ListView, lead: int) -> Markup:
    return Markup('<a href="{}">#{}</a>').format(view.get_url("leads.lead", number=lead), lead)


def _status(view: ListView, event: int) -> Any:
    status, decision = g.decisions.get(event, ("waiting", None))
    word = terms.term(terms.STATUSES, status)
    if decision is None:
        return Markup('<span class="tag {}">{}</span>').format("bad" if status == "set_aside" else "warn", word)
    return Markup('<a href="{}">{}</a>').format(view.get_url("leads.decision", number=decision), word)


def _event_name(event: int) -> str:
    return " · ".join(g.events.get(event, ()))
