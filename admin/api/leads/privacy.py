"""One person's data: everything kept of them, and their erasure (R4.8, docs/privacy.md)."""

from flask import jsonify
from pydantic import BaseModel, Field

from admin.api.access import check_sees_lead, current_key
from admin.api.leads.work import WaitingShape, work_answer
from admin.api.routes import Answer, Route
from admin.api.shapes import LeadShape
from admin.clicks import ERASE, click
from admin.lead_data.lead_json import lead_json
from admin.moment import now
from admin.reach import may_erase
from admin.web.problems import Problem
from engine.core.explain import moment
from engine.store.read import leads
from engine.store.read.personal_data import read_personal_data


class PersonalDataShape(BaseModel):
    """Everything that is stored about one person."""

    exported_at: str
    lead: LeadShape
    stored: dict[str, list[dict[str, object]]] = Field(description="Table to its rows about this person, as stored")


def post_erase(lead_id: int) -> Answer:
    """Erase a person's data: an event like any other, its decision awaited for two seconds."""
    person = current_key().person
    if not may_erase(person):
        raise Problem("not_yours", f"{person} may not erase a person: managers and systems may.")
    lead = leads.lead_exists(lead_id)
    return work_answer(click(lead, ERASE, {}, person).event_id, "erase")


def get_export(lead_id: int) -> Answer:
    """Everything that is stored about one person."""
    check_sees_lead(lead_id)
    record = leads.read_lead(lead_id)
    stored = read_personal_data(record.row["id"])
    return jsonify({"exported_at": moment(now()), "lead": lead_json(record), "stored": stored})


PROBLEMS = (401, 403, 404, 409, 422, 503)
ROUTES = (
    Route(
        "POST",
        "/v1/leads/<int:lead_id>/erase",
        post_erase,
        "Erase a person's data; it cannot be undone",
        ("leads:write",),
        {200: LeadShape, 202: WaitingShape},
        problems=PROBLEMS,
    ),
    Route(
        "GET",
        "/v1/leads/<int:lead_id>/export",
        get_export,
        "Everything that is stored about one person",
        ("leads:read",),
        {200: PersonalDataShape},
        problems=PROBLEMS,
    ),
)
