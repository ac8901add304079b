"""The list of leads: read-only, searched by identifier or company, filtered by stage, cell and owner."""

from datetime import datetime
from typing import Any, ClassVar, cast

from flask import Response, flash, g, jsonify, redirect, request, url_for
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import or_
from sqlalchemy.orm import Query
from sqlmodel import col
from werkzeug.wrappers import Response as AnyResponse

from admin.clicks import ACTIONS
from admin.lead_data.lead_json import lead_json, policy_of
from admin.moment import now
from admin.permissions import May, actor, may
from admin.reach import ReadAccess
from admin.text import sentences, terms
from admin.text.effect_sentences import follows
from admin.views import problems
from admin.views.leads import lead_privacy
from admin.views.leads.lead_page import LeadPage, labels, read_page
from admin.views.leads.lead_work import do_work, may_work, offers
from admin.views.lists import EXPORT_ROWS, Filter, ListView, list_answer, page
from admin.views.policy.part_columns import label_of
from engine.errors import NotFound
from engine.store.read import leads
from engine.store.read.lead_cards import LeadCard, find_leads, lead_cards
from engine.store.schema.lead_tables import Lead
from rulesets.policy.policy import GRADES, HEATS

CELLS = [(f"{grade}.{heat}", f"{grade}.{heat}") for grade in GRADES for heat in HEATS]


class Leads(ListView):
    """All leads, or the reader's own."""

    column_list = ("id", "name", "company", "stage", "cell", "fit", "engagement", "owner", "last_event_at")
    numeric_columns = ("fit", "engagement")
    column_labels: ClassVar[dict[str, Any]] = {
        "id": _l("Lead"),
        "name": _l("Name"),
        "company": _l("Company"),
        "stage": _l("Stage"),
        "cell": _l("Cell"),
        "fit": _l("Fit"),
        "engagement": _l("Engagement"),
        "owner": _l("Owner"),
        "last_event_at": _l("Last event"),
    }
    column_sortable_list = ("id", "stage", "cell", "fit", "engagement", "owner", "last_event_at")
    column_default_sort = ("id", True)
    column_filters = (
        Filter(Lead.stage, _l("Stage"), terms.STAGES.items()),
        Filter(Lead.cell, _l("Cell"), CELLS),
        Filter(Lead.owner, _l("Owner")),
    )
    column_searchable_list = ("owner",)
    column_formatters: ClassVar[dict[str, Any]] = {
        "id": lambda _v, _c, row, _n: f"#{row.id}",
        "name": lambda _v, _c, row, _n: _card(row).title,
        "company": lambda _v, _c, row, _n: _card(row).company,
        "stage": lambda _v, _c, row, _n: _stage(row.stage),
        "last_event_at": lambda _v, _c, row, _n: (
            format_datetime(row.last_event_at, "short") if row.last_event_at else ""
        ),
    }
    can_export = True
    introduction = _l("Everything known about a lead, how its score adds up and who has it.")
    empty = _l("No leads yet. They appear as soon as the first event arrives: send one with an API key to /v1/events.")

    def is_accessible(self) -> bool:
        """People who see only their own leads see the list, too."""
        return may(May.SEE_ALL_LEADS) or may(May.SEE_OWN_LEADS)

    def get_query(self) -> Query[Any]:
        """All leads but merged ones. People with limited access see the leads they own or owned."""
        query = super().get_query().filter(col(Lead.merged_into).is_(None))
        if not may(May.SEE_ALL_LEADS):
            me = actor()
            query = query.filter(or_(col(Lead.owner) == me, col(Lead.sdr) == me, col(Lead.rep) == me))
        return cast("Query[Any]", query)

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return query.filter(col(Lead.id).in_(find_leads(search))), count_query, joins, count_joins

    def search_placeholder(self) -> str:
        """The hint of the search field."""
        return str(gettext("e-mail, phone, external id, company"))

    def get_list(self, *args: Any, **options: Any) -> Any:
        """The rows. Reads the names of these leads in one query."""
        count, rows = super().get_list(*args, **options)
        g.lead_cards = lead_cards(row.id for row in rows)
        return count, rows

    def row_link(self, row: Any) -> str:
        """A row leads to the lead's page."""
        return url_for("leads.lead", number=row.id)

    @page("/<int:number>/")
    def lead(self, number: int) -> str | AnyResponse:
        """One lead: facts, arithmetic of the scores, and its history."""
        shown = _readable_page(number, request.args.get("before", type=int))
        if shown.row["id"] != number:
            return redirect(self.get_url(".lead", number=shown.row["id"]))
        return str(
            self.render(
                "baton/lead.html",
                lead=shown,
                labels=labels(shown.policy),
                label_of=label_of,
                sentences=sentences,
                offers=offers(shown.row),
                consent=lead_privacy.consent(shown.record),
                may_erase=lead_privacy.may_erase(shown.row),
                at=now(),
            )
        )

    @page("/decision/<int:number>/")
    def decision(self, number: int) -> str:
        """One decision with all its reasons."""
        try:
            found = leads.read_decision(number)
        except NotFound:
            problems.not_found()
        shown = _readable_page(found["lead_id"])
        return str(
            self.render(
                "baton/decision.html",
                decision=found,
                body=found["body"],
                follows=follows,
                lead=shown,
                labels=labels(policy_of(found["policy_number"])),
                label_of=label_of,
                sentences=sentences,
            )
        )

    @page("/<int:number>/work", "POST")
    def work(self, number: int) -> AnyResponse:
        """Work on the lead. The page waits for the decision, as the API does."""
        row = _readable_page(number).row
        action = request.form.get("action", "")
        if not may_work(row):
            problems.refuse()
        if action in ACTIONS:
            flash(*do_work(row["id"], action, request.form))
        after = leads.read_lead(row["id"]).row
        return redirect(self.get_url(".lead", number=after["id"]) if _may_see(after) else self.get_url(".index_view"))

    @page("/<int:number>/data/")
    def data(self, number: int) -> str:
        """Everything that is stored about one person, to be read."""
        shown = _readable_page(number)
        tables = lead_privacy.stored_data(shown.row["id"])
        return str(self.render("baton/personal_data.html", lead=shown, tables=tables))

    @page("/<int:number>/data.json")
    def data_json(self, number: int) -> Response:
        """The same as one JSON document, to be handed on."""
        shown = _readable_page(number)
        ident = shown.row["id"]
        answer = jsonify(lead_privacy.exported(ident, lead_json(shown.record), now()))
        answer.headers["Content-Disposition"] = f"attachment; filename=lead-{ident}.json"
        return answer

    @page("/<int:number>/erase", "POST")
    def erase(self, number: int) -> AnyResponse:
        """Erase a person's data, once the lead's number was typed."""
        row = _readable_page(number).row
        if not may(May.ERASE_LEADS):
            problems.refuse()
        flash(*lead_privacy.erase(row, request.form.get("number", "")))
        return redirect(self.get_url(".lead", number=row["id"]))

    @page("/export/<export_type>/")
    def export(self, export_type: str) -> Response:
        """The filtered list as CSV or XLSX, 50,000 rows at most."""
        args = self._get_list_extra_args()
        _, rows = self.get_list(
            0, None, sort_desc=False, search=args.search, filters=args.filters, page_size=EXPORT_ROWS
        )
        return list_answer(self.column_labels.values(), map(_exported, rows), "leads", export_type)


def _readable_page(number: int, before: int | None = None) -> LeadPage:
    """The page of a lead; ends with 404 or 403."""
    try:
        shown = read_page(number, before)
    except NotFound:
        problems.not_found()
    if not _may_see(shown.row):
        problems.refuse()
    return shown


def _may_see(row: dict[str, Any]) -> bool:
    """Whether the reader may see a lead: all, or those they own or owned."""
    return may(May.SEE_ALL_LEADS) or (may(May.SEE_OWN_LEADS) and ReadAccess(actor()).sees(row))


def _exported(row: Any) -> tuple[Any, ...]:
    card = _card(row)
    numbers = (row.fit, row.engagement)
    return (row.id, card.title, card.company, row.stage, row.cell, *numbers, row.owner, row.last_event_at)


def _card(row: Any) -> LeadCard:
    return cast("LeadCard", g.lead_cards.get(row.id) or LeadCard())


def _moment(value: datetime | None) -> str:
    return format_datetime(value, "short") if value else ""


def _stage(code: str | None) -> Markup:
    if not code:
        return Markup('<span class="muted">{}</span>').format(gettext("not decided yet"))
    return Markup('<span class="stage s-{}">{}</span>').format(code, terms.term(terms.STAGES, code))
