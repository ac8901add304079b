"""`POST /v1/leads/{id}/work`: people's work becomes an event; the answer waits for its decision.

Work takes the path of every event (docs/contract/design.md §2): accept it, wake the lead, wait for the decision. This
module decides nothing.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

from flask import jsonify, request
from flask_babel import force_locale
from pydantic import BaseModel, Field

from admin.api.access import current_key, current_reach
from admin.api.events.events import json_body
from admin.api.leads.leads import readable_decision
from admin.api.routes import Answer, Parameter, Route
from admin.api.shapes import EventShape, LeadShape
from admin.clicks import ACTIONS, MAX_TEXT, WorkAction, await_decision, click, warnings_of
from admin.intake.envelope import MAX_ID
from admin.intake.json_text import fault_in, quoted
from admin.lead_data.lead_json import decision_json, event_json, lead_json, unclaimed_json
from admin.text import refusals
from admin.text.terms import WARNINGS, term
from admin.web.problems import Problem
from engine.store.access.keys import WORK_SOURCE
from engine.store.read import leads


class WorkBody(BaseModel):
    """What somebody did with the lead."""

    action: Literal[
        "touch", "qualify", "accept", "reject", "release", "claim", "assign", "dispatch", "disqualify", "recycle",
        "reopen",
    ]  # fmt: skip
    channel: str | None = Field(default=None, description="touch: call, email, wechat, …")
    result: Literal["reached", "connected", "conversation", "no_answer"] | None = Field(
        default=None, description="touch: what came of it"
    )
    reason: str | None = Field(default=None, description="reject, release, disqualify: key of a reason of the policy")
    to: str | None = Field(default=None, description="assign, dispatch: e-mail of the person who gets the lead")
    answers: dict[str, Any] | None = Field(default=None, description="qualify: answers to qualification questions")
    note: str | None = None


class WarningShape(BaseModel):
    """What speaks against the person who was named. They got the lead all the same."""

    code: str = Field(description="A reason code of candidates such as capacity or cap_day, or conflict")
    message: str


class WorkedShape(LeadShape):
    """The lead after the work."""

    warnings: list[WarningShape] = Field(default=[], description="assign, dispatch: what spoke against the person")


class WaitingShape(BaseModel):
    """The work is accepted, but not decided yet. Location is the address of its event."""

    status: Literal["waiting"]
    event: EventShape


def post_work(lead_id: int) -> Answer:
    """Accept the work, wake the lead, wait for the decision."""
    name, action, said = _read_work()
    lead = leads.lead_exists(lead_id)  # of a merged lead: its successor
    clicked = click(lead, action, said, current_key().person, _event_id())
    if clicked.known:
        _check_same(clicked.event_id, lead, action.event)
    return work_answer(clicked.event_id, name)


def work_answer(event_id: str, action: str) -> Answer:
    """The decided lead, the refusal as a 409 problem, or 202 and where to look."""
    event = await_decision(event_id)
    if event["decision"] is None:
        where = f"/v1/events/{WORK_SOURCE}/{event_id}"
        return jsonify({"status": "waiting", "event": event_json(event)}), 202, {"Location": where}
    if event["decision"]["body"].get("refused"):
        raise _illegal(action, event["decision"])
    record = leads.read_lead(event["lead_id"])
    lead = lead_json(record) if current_reach().sees(record.row) else unclaimed_json(record)
    return jsonify({**lead, "warnings": _in_english(warnings_of(event["decision"]))})


def _in_english(codes: list[str]) -> list[dict[str, str]]:
    with force_locale("en"):
        return [{"code": code, "message": str(term(WARNINGS, code))} for code in codes]


def _illegal(action: str, decision: Mapping[str, Any]) -> Problem:
    """The problem document of a refused move: the reason, and what to do."""
    shown = readable_decision(decision_json(dict(decision)))
    refused = shown["refused"]
    with force_locale("en"):
        mend = refusals.mend(refused)
    detail = " ".join(part for part in (f"{action}: {refused['message']}", mend) if part)
    return Problem("illegal_move", detail, reason=refused["code"], mend=mend, decision=shown)


def _read_work() -> tuple[str, WorkAction, dict[str, Any]]:
    parsed = json_body()
    fault = fault_in(parsed.value, suspect=parsed.suspect)
    if fault is not None:
        raise Problem("invalid", f"{fault.path or 'the body'} {fault.message}.", path=fault.path)
    body = parsed.value
    if not isinstance(body, dict):
        raise Problem("invalid", 'The body must be an object such as {"action": "accept"}.', path="")
    name = body.get("action")
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or action is None:
        given = quoted(name) if isinstance(name, str) else "missing or no text"
        raise Problem("invalid", f"action is {given}: choose one of {', '.join(ACTIONS)}.", path="action")
    said = {key: value for key, value in body.items() if key != "action" and value is not None}
    _check_said(name, action, said)
    return name, action, said


def _check_said(name: str, action: WorkAction, said: Mapping[str, Any]) -> None:
    known = {**dict.fromkeys(action.may, ()), **action.needs}
    for key, value in said.items():
        if key not in known:
            raise Problem("invalid", f"{name} takes {', '.join(known)}, not {quoted(key)}.", path=key)
        if not isinstance(value, dict if key == "answers" else str):
            kind = "an object" if key == "answers" else "text"
            raise Problem("invalid", f"{key} must be {kind}.", path=key)
        if isinstance(value, str) and not 0 < len(value.strip()) <= MAX_TEXT:
            raise Problem("invalid", f"{key} must have 1 to {MAX_TEXT} characters.", path=key)
        if known[key] and value not in known[key]:
            raise Problem("invalid", f"{key} is {quoted(str(value))}: choose of {', '.join(known[key])}.", path=key)
    for key in action.needs:
        if key not in said:
            raise Problem("invalid", f"{name} needs {key}.", path=key)


def _event_id() -> str | None:
    """The event id of an Idempotency-Key, or None without one. It covers the API key, so two callers never collide."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    if not 0 < len(given.strip()) <= MAX_ID:
        raise Problem("invalid", f"Idempotency-Key must have 1 to {MAX_ID} characters.", parameter="Idempotency-Key")
    return sha256(f"{current_key().id}\n{given}".encode("utf-8", "surrogatepass")).hexdigest()


def _check_same(event_id: str, lead: int, event_type: str) -> None:
    before = leads.read_event(WORK_SOURCE, event_id)
    if (before["lead_id"], before["type"]) != (lead, event_type):
        raise Problem("conflict", "This Idempotency-Key was used for other work: take a new one.")


ROUTES = (
    Route(
        "POST",
        "/v1/leads/<int:lead_id>/work",
        post_work,
        "Work on a lead: touch, qualify, accept, reject, release, claim, assign and more",
        ("leads:write",),
        {200: WorkedShape, 202: WaitingShape},
        problems=(400, 401, 403, 404, 409, 413, 415, 422, 503),
        body=WorkBody,
        parameters=(Parameter("Idempotency-Key", "The same key and work again has one effect", where="header"),),
    ),
)
