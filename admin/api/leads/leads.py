"""Reading leads: lists, one lead, its arithmetic, decisions and timeline."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from flask import jsonify, request

from admin.api.access import check_sees_lead, current_key, current_reach
from admin.api.routes import Answer, Parameter, Route
from admin.api.shapes import (
    DecisionsShape,
    EventShape,
    LeadShape,
    LeadsShape,
    LedgerShape,
    SentencesShape,
    TimelineShape,
)
from admin.intake.identifiers import UnusableIdentifier, read_identifier
from admin.lead_data.lead_json import decision_json, event_json, lead_json, lead_now_json
from admin.lead_data.ledger import ledger_json
from admin.lead_data.shown_scores import scores_now
from admin.moment import now
from admin.text.explaining import explained, shown_now
from admin.text.language import LANGUAGES
from admin.web.problems import Problem
from engine.store.read import leads

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
PROBLEMS = (401, 403, 404, 422, 503)
READ = ("leads:read",)
ASKED_IDENTITIES = ("email", "external_id", "phone", "wechat", "anonymous_id")
ASKED_COLUMNS = ("stage", "cell", "owner")
PAGING = (
    Parameter("cursor", "`next` of the page before"),
    Parameter("limit", f"Items of a page, {DEFAULT_LIMIT} unless told, at most {MAX_LIMIT}", type="integer"),
)
LANG = (Parameter("lang", f"{', '.join(LANGUAGES)}; en unless told"),)
FILTERS = (
    *(Parameter(kind, f"Leads with this {kind.replace('_', ' ')}") for kind in ASKED_IDENTITIES),
    *(Parameter(column, f"Leads with this {column}") for column in ASKED_COLUMNS),
)


def get_leads() -> Answer:
    """Leads in the order of their ids, filtered."""
    check_parameters((*FILTERS, *PAGING))
    asked = {kind: text for kind in ASKED_IDENTITIES if (text := _text(kind)) is not None}
    wanted = leads.LeadFilter(
        identities={kind: _normal(kind, text) for kind, text in asked.items()},
        **{column: _text(column) for column in ASKED_COLUMNS},
        of=current_reach().person,
    )
    limit = page_limit()
    found = leads.find_leads(wanted, after=page_start(), limit=limit + 1)
    return jsonify(page([lead_json(record) for record in found], [record.row["id"] for record in found], limit))


def get_lead(lead_id: int) -> Answer:
    """One lead. The id of a merged lead returns the lead it was merged into."""
    check_sees_lead(lead_id)
    record = leads.read_lead(lead_id)
    return jsonify(lead_now_json(record, scores_now(record, now())))


def get_ledger(lead_id: int) -> Answer:
    """The arithmetic of both scores at this moment."""
    check_sees_lead(lead_id)
    record = leads.read_lead(lead_id)
    return jsonify(ledger_json(record, scores_now(record, now(), full=True)))


def get_decisions(lead_id: int) -> Answer:
    """Decisions in the order they were made."""
    check_parameters(PAGING)
    check_sees_lead(lead_id)
    limit = page_limit()
    rows = leads.read_decisions(lead_id, after=page_start(), limit=limit + 1)
    return jsonify(page([decision_json(row) for row in rows], [row["id"] for row in rows], limit))


def get_timeline(lead_id: int) -> Answer:
    """Events in the order of intake, each with its decision."""
    check_parameters(PAGING)
    check_sees_lead(lead_id)
    limit = page_limit()
    rows = leads.read_timeline(lead_id, after=page_start(), limit=limit + 1)
    return jsonify(page([event_json(row) for row in rows], [row["event_id"] for row in rows], limit))


def get_event(source: str, event_id: str) -> Answer:
    """The status of an event, and its decision."""
    if "\x00" in source + event_id:
        raise Problem("not_found", "No event has a NUL character in its id.")
    event = leads.read_event(source, event_id)
    if event["actor"] != current_key().person and event["source"] != current_key().source:
        check_sees_lead(event["lead_id"])
    shown = event_json(event)
    return jsonify({**shown, "decision": shown["decision"] and readable_decision(shown["decision"])})


def readable_decision(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision as the caller may read it: without candidates and scores, unless they may read the lead."""
    if current_reach().sees(leads.read_hands(decision["lead"])):
        return decision
    return {**decision, "assignment": None, "detail": {}}


def get_explain(lead_id: int) -> Answer:
    """The explanation of a lead, in sentences."""
    check_parameters(LANG)
    lang = request.args.get("lang", "en")
    if lang not in LANGUAGES:
        raise Problem("invalid", f"lang must be one of {', '.join(LANGUAGES)}.", parameter="lang")
    check_sees_lead(lead_id)
    record = leads.read_lead(lead_id)
    lead, ledger = shown_now(record, now())
    return jsonify(lead=record.row["id"], lang=lang, sentences=explained(lead, ledger, lang))


def check_parameters(known: Sequence[Parameter]) -> None:
    """Raise Problem (422) for a query parameter this address does not take: a typo must not widen an answer."""
    names = [parameter.name for parameter in known]
    for name in request.args:
        if name not in names:
            raise Problem("invalid", f"There is no parameter {name!r}: known are {', '.join(names)}.", parameter=name)


def page_limit() -> int:
    """``limit`` of this request."""
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MAX_LIMIT):
        raise Problem("invalid", f"limit must be a whole number from 1 to {MAX_LIMIT}.", parameter="limit")
    return int(text)


def page_start() -> int:
    """The id after which the page starts, from ``cursor``."""
    cursor = request.args.get("cursor")
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"==").decode("ascii")
        start = int(text.removeprefix("after:")) if text.startswith("after:") and len(text) < 30 else -1
    except (binascii.Error, ValueError):
        start = -1
    if not 0 <= start <= leads.MAX_ID:
        raise Problem("invalid", "The cursor is none of ours: give `next` of the page before.", parameter="cursor")
    return start


def page(items: list[dict[str, Any]], ids: Sequence[int], limit: int) -> dict[str, Any]:
    """A page of ``limit`` items. ``items`` has one more if there is a next page."""
    more = len(items) > limit
    cursor = base64.urlsafe_b64encode(f"after:{ids[limit - 1]}".encode()).decode().rstrip("=") if more else None
    return {"items": items[:limit], "next": cursor}


def _text(name: str) -> str | None:
    text = request.args.get(name)
    if text is not None and ("\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise Problem("invalid", f"{name} holds a character that no lead has.", parameter=name)
    return text


def _normal(kind: str, text: str) -> str:
    try:
        return read_identifier(kind, text) or ""
    except UnusableIdentifier as why:
        raise Problem("invalid", f"{kind} {why}.", parameter=kind) from None


ROUTES = (
    Route("GET", "/v1/leads", get_leads, "Find leads", READ, {200: LeadsShape}, (401, 403, 422, 503),
          parameters=(*FILTERS, *PAGING)),
    Route("GET", "/v1/leads/<int:lead_id>", get_lead, "One lead as it stands", READ, {200: LeadShape}, PROBLEMS),
    Route("GET", "/v1/leads/<int:lead_id>/ledger", get_ledger, "The arithmetic of both scores", READ,
          {200: LedgerShape}, PROBLEMS),
    Route("GET", "/v1/leads/<int:lead_id>/decisions", get_decisions, "Every decision with its reasons", READ,
          {200: DecisionsShape}, PROBLEMS, parameters=PAGING),
    Route("GET", "/v1/leads/<int:lead_id>/timeline", get_timeline, "Events and decisions in order", READ,
          {200: TimelineShape}, PROBLEMS, parameters=PAGING),
    Route("GET", "/v1/leads/<int:lead_id>/explain", get_explain, "Sentences that say why", READ,
          {200: SentencesShape}, PROBLEMS, parameters=LANG),
    Route("GET", "/v1/events/<source>/<path:event_id>", get_event, "What became of an event",
          ("leads:read", "events:write"), {200: EventShape}, PROBLEMS),
)  # fmt: skip
