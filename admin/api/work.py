"""`POST /v1/leads/{id}/work`: people's work as events, answered as soon as they are decided.

A click is an event in the inbox like any other (docs/contract/design.md §2): it is accepted, its lead is woken, and its
decision is awaited.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from flask import jsonify, request
from flask_babel import force_locale
from pydantic import BaseModel, Field

from admin.api.access import current_key
from admin.api.envelope import MAX_ID
from admin.api.events import json_body
from admin.api.json_text import fault_in, quoted
from admin.api.lead_json import decision_json, event_json, lead_json
from admin.api.routes import Answer, Parameter, Route
from admin.api.shapes import EventShape, LeadShape
from admin.moment import now
from admin.problems import Problem
from admin.refusals import REFUSALS
from admin.views.terms import WARNINGS, term
from engine.store import reading
from engine.store.inbox import Intake, accept
from engine.store.keys import WORK_SOURCE
from workers.queues import wake

PATIENCE = 2.0
"""Seconds to wait for the decision."""
FIRST_LOOK = 0.01
LONGEST_PAUSE = 0.05
MAX_TEXT = 2_000
RESULTS = ("reached", "connected", "conversation", "no_answer")


@dataclass(frozen=True, slots=True)
class WorkAction:
    """One thing people do: the event it is, what it must say (name → allowed values, empty: any text), what it may."""

    event: str
    needs: Mapping[str, tuple[str, ...]]
    may: tuple[str, ...] = ("note",)


ACTIONS: dict[str, WorkAction] = {
    "touch": WorkAction("lead.touched", {"channel": (), "result": RESULTS}),
    "qualify": WorkAction("lead.qualified", {}, ("note", "answers")),
    "accept": WorkAction("lead.accepted", {}),
    "reject": WorkAction("lead.rejected", {"reason": ()}),
    "release": WorkAction("lead.released", {"reason": ()}),
    "claim": WorkAction("lead.claimed", {}),
    "assign": WorkAction("lead.assigned", {"to": ()}),
    "dispatch": WorkAction("lead.dispatched", {"to": ()}),
    "disqualify": WorkAction("lead.disqualified", {"reason": ()}),
    "recycle": WorkAction("lead.recycled", {}),
    "reopen": WorkAction("lead.reopened", {}),
}
"""The work actions there are, as the pages show them. An entry here is all that a further one needs."""


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
    """What spoke against the person named; they got the lead nevertheless."""

    code: str = Field(description="A reason code of candidates such as capacity or cap_day, or conflict")
    message: str


class WorkedShape(LeadShape):
    """The lead after the work."""

    warnings: list[WarningShape] = Field(default=[], description="assign, dispatch: what spoke against the person")


class WaitingShape(BaseModel):
    """The work was accepted and is not decided yet; Location says where to look."""

    status: Literal["waiting"]
    event: EventShape


def post_work(lead_id: int) -> Answer:
    """Accept the work, wake the lead, wait for the decision."""
    name, action, said = _read_work()
    lead = reading.lead_exists(lead_id)
    event_id = _event_id()
    moment = now()
    intake = Intake(
        source=WORK_SOURCE,
        id=event_id,
        type=action.event,
        occurred_at=moment,
        due_at=moment,
        answers=said.pop("answers", {}),
        properties=said,
        actor=current_key().person,
        lead_id=lead,
    )
    if accept([intake], moment).duplicates:
        _check_same(event_id, lead, action.event)
    wake([lead])
    return work_answer(event_id, name)


def work_answer(event_id: str, action: str) -> Answer:
    """The decided lead, the refusal as a 409 problem, or 202 and where to look."""
    event = await_decision(WORK_SOURCE, event_id)
    if event["decision"] is None:
        where = f"/v1/events/{WORK_SOURCE}/{event_id}"
        return jsonify({"status": "waiting", "event": event_json(event)}), 202, {"Location": where}
    refused = event["decision"]["body"].get("refused")
    if refused:
        raise _illegal(action, refused, event["decision"])
    lead = lead_json(reading.read_lead(event["lead_id"]))
    return jsonify({**lead, "warnings": _in_english(warnings_of(event["decision"]))})


def warnings_of(decision: Mapping[str, Any]) -> list[str]:
    """Codes of what spoke against the person to whom a decision gave the lead because somebody named them."""
    return list((decision["body"].get("assignment") or {}).get("warnings", ()))


def _in_english(codes: list[str]) -> list[dict[str, str]]:
    with force_locale("en"):
        return [{"code": code, "message": str(term(WARNINGS, code))} for code in codes]


def _illegal(action: str, refused: Mapping[str, str], decision: Mapping[str, Any]) -> Problem:
    """The problem of a refused move: what is wrong, and what to do about it."""
    known = REFUSALS.get(refused["code"])
    with force_locale("en"):
        mend = str(known.mend) if known else None
    detail = " ".join(part for part in (f"{action}: {refused['message']}.", mend) if part)
    return Problem("illegal_move", detail, reason=refused["code"], mend=mend, decision=decision_json(dict(decision)))


def await_decision(source: str, event_id: str, patience: float = PATIENCE) -> reading.Row:
    """The event as soon as it is decided or set aside, else as it stands when patience ends."""
    until = time.monotonic() + patience
    pause = FIRST_LOOK
    while True:
        event = reading.read_event(source, event_id)
        if event["status"] != "waiting" or time.monotonic() + pause > until:
            return event
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


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


def _event_id() -> str:
    """A new id, or one made of the caller's Idempotency-Key and its key's name, so that a retry has one effect."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return uuid.uuid4().hex
    if not 0 < len(given.strip()) <= MAX_ID:
        raise Problem("invalid", f"Idempotency-Key must have 1 to {MAX_ID} characters.", parameter="Idempotency-Key")
    return sha256(f"{current_key().id}\n{given}".encode("utf-8", "surrogatepass")).hexdigest()


def _check_same(event_id: str, lead: int, event_type: str) -> None:
    before = reading.read_event(WORK_SOURCE, event_id)
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
