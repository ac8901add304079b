"""`GET /v1/pool`: the public pool, the best leads first."""

from flask import jsonify, request

from admin.api.access import current_reach
from admin.api.leads.leads import PAGING, check_parameters, page_limit
from admin.api.routes import Answer, Parameter, Route
from admin.api.shapes import LeadsShape
from admin.lead_data.lead_json import lead_json, unclaimed_json
from admin.lead_data.pool_cursor import UnknownCursor, cursor_of, place_of
from admin.web.problems import Problem
from engine.store.read import leads
from engine.store.read.pool_list import BEST_FIRST, Place, PoolFilter, read_pool
from rulesets.policy.policy import GRADES

FILTERS = (
    Parameter("stage", f"Leads at this stage: {', '.join(BEST_FIRST)}"),
    Parameter("grade", f"Leads of this grade: {', '.join(GRADES)}"),
    Parameter("region", "Leads whose region is this, among the best 20,000 of each stage"),
    Parameter("why", "Leads put there for this reason, among the 20,000 that came last into the pool"),
)
LONGEST = 200


def get_pool() -> Answer:
    """Leads of the pool: by stage, grade and engagement, best first."""
    check_parameters((*FILTERS, *PAGING))
    limit = page_limit()
    found = read_pool(_wanted(), after=_place(), limit=limit + 1)
    shown = found[:limit]
    records = leads.read_leads([lead.row["id"] for lead in shown])
    more = cursor_of(shown[-1].place) if len(found) > limit else None
    seen = current_reach()
    items = [lead_json(record) if seen.sees(record.row) else unclaimed_json(record) for record in records]
    return jsonify({"items": items, "next": more})


def _place() -> Place | None:
    try:
        return place_of(request.args.get("cursor", ""))
    except UnknownCursor:
        why = "The cursor is none of ours: give `next` of the page before."
        raise Problem("invalid", why, parameter="cursor") from None


def _wanted() -> PoolFilter:
    stage, grade = _choice("stage", BEST_FIRST), _choice("grade", GRADES)
    stages = BEST_FIRST if stage is None else (stage,)
    return PoolFilter(stages=stages, grade=grade, region=_text("region"), why=_text("why"))


def _choice(name: str, allowed: tuple[str, ...]) -> str | None:
    given = request.args.get(name)
    if given is not None and given not in allowed:
        raise Problem("invalid", f"{name} must be one of {', '.join(allowed)}.", parameter=name)
    return given


def _text(name: str) -> str | None:
    given = request.args.get(name)
    if given is not None and ("\x00" in given or not 0 < len(given.strip()) <= LONGEST):
        raise Problem("invalid", f"{name} must have 1 to {LONGEST} characters and no NUL.", parameter=name)
    return given


ROUTES = (
    Route("GET", "/v1/pool", get_pool, "Look through the public pool", ("leads:read",), {200: LeadsShape},
          (401, 403, 422, 503), parameters=(*FILTERS, *PAGING)),
)  # fmt: skip
