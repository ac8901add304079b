"""`POST /v1/simulate`: a worker runs a policy over events; nothing is stored (R9.1, R9.2)."""

from datetime import datetime
from typing import Any

from flask import jsonify
from pydantic import BaseModel, Field

from admin.api.bodies import check_media_type, read_body
from admin.api.documents.policies import findings_json
from admin.api.routes import Answer, Route
from admin.intake.envelope import ItemRefused, Rejection
from admin.intake.json_text import UnreadableJson, fault_in, parse_json
from admin.intake.simulation import last_moment, read_list, read_moment
from admin.web.problems import Problem
from engine.core.explain import moment
from engine.core.lead.model import LeadEvent
from engine.simulation.process import request_body
from engine.store.policy.drafts import load_draft
from engine.store.policy.versions import active_number, read_version
from rulesets.document import document as documents
from rulesets.document.findings import Finding
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from rulesets.roster.roster import lint_roster
from workers.simulator import NobodyAnswered, ask_simulation

KEYS = ("policy", "events", "now", "until", "roster")


class SimulateBody(BaseModel):
    """What to simulate: scores at one moment, or, with ``until``, virtual time with the people of a roster."""

    policy: str | dict[str, Any] = Field(description='"active", "draft", or a policy document')
    events: list[dict[str, Any]] = Field(description="Envelopes as for POST /v1/events, in any order")
    now: datetime | None = Field(default=None, description="Moment of scoring; default: the last event's")
    until: datetime | None = Field(default=None, description="Let time pass up to this moment instead")
    roster: dict[str, Any] | None = Field(default=None, description="A baton.roster/1 document, for until")


class TriedPolicyShape(BaseModel):
    """The policy that was simulated."""

    name: str
    digest: str


class SimulateAnswer(BaseModel):
    """A line per lead, by first event, then external id."""

    policy: TriedPolicyShape
    at: datetime | None = Field(description="The moment of scoring; null without events")
    items: list[dict[str, Any]] = Field(description="Lines as `baton simulate --json` prints them")


def post_simulate() -> Answer:
    """Simulate a policy on events."""
    body, suspect = _body()
    now, until = _moment(body, "now"), _moment(body, "until")
    if now is not None and until is not None:
        raise Problem("invalid", "Give now or until, not both.", path="until")
    policy = _policy(body.get("policy"))
    roster = _roster(body.get("roster"))
    events = _events(body.get("events"), suspect=suspect)
    at = until or now or last_moment(events)
    tried = {"name": policy.name, "digest": documents.digest(policy)}
    items = _ask(policy, events, (None if until else at, until), roster) if events else []
    return jsonify(policy=tried, at=at and moment(at), items=items)


def _ask(
    policy: Policy, events: list[LeadEvent], moments: tuple[datetime | None, datetime | None], roster: Any
) -> list[dict[str, Any]]:
    try:
        answer = ask_simulation(request_body(documents.plain(policy), events, moments, roster))
    except NobodyAnswered as nobody:
        raise Problem("unavailable", f"{nobody}.", headers={"Retry-After": "5"}) from None
    if "items" not in answer:
        raise Problem("too_much", f"The simulation was stopped: {answer['message']}.", limit=answer["failed"])
    items: list[dict[str, Any]] = answer["items"]
    return items


def _body() -> tuple[dict[str, Any], bool]:
    check_media_type(beacons=False)
    try:
        parsed = parse_json(read_body())
    except UnreadableJson as why:
        raise Problem(why.code, f"The body cannot be read: {why}.") from None
    if not isinstance(parsed.value, dict):
        raise Problem("invalid", 'Send an object: {"policy": "active", "events": […]}.')
    unknown = sorted(set(parsed.value) - set(KEYS))
    if unknown:
        raise Problem("invalid", f"{unknown[0]!r} is unknown: known are {', '.join(KEYS)}.", path=unknown[0])
    return parsed.value, parsed.suspect


def _moment(body: dict[str, Any], name: str) -> datetime | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Problem("invalid", f"{name} must be a moment such as 2026-11-21T10:00:00Z.", path=name)
    try:
        return read_moment(value)
    except ItemRefused as why:
        raise Problem("invalid", f"{name} {why.message}.", path=name) from None


def _policy(named: Any) -> Policy:
    """The policy to simulate: in force, draft, or a document. Raises Problem if it has errors."""
    if named == "active":
        number = active_number()
        if number is None:
            raise Problem("not_found", "No policy is in force yet: publish one, or send a document.", path="policy")
        raw: Any = read_version(number).document
    elif named == "draft":
        raw = load_draft().document
    elif isinstance(named, dict):
        raw = named
        fault = fault_in(raw, suspect=True)
        if fault is not None:
            raise Problem("invalid", f"policy.{fault.path} {fault.message}.", path=f"policy.{fault.path}")
    else:
        raise Problem("invalid", 'Give policy: "active", "draft", or a document.', path="policy")
    report = lint(raw)
    if report.policy is None or report.errors:
        raise _refused("policy", report.findings)
    return report.policy


def _roster(raw: Any) -> Any:
    if raw is None:
        return None
    report = lint_roster(raw)
    if report.roster is None:
        raise _refused("roster", report.findings)
    return raw


def _refused(what: str, findings: tuple[Finding, ...]) -> Problem:
    return Problem("invalid", f"The {what} has errors: mend them all.", path=what, findings=findings_json(findings))


def _events(items: Any, *, suspect: bool) -> list[LeadEvent]:
    if not isinstance(items, list):
        raise Problem("invalid", "events must be a list of envelopes.", path="events")
    events, bad = read_list(items, suspect=suspect)
    if bad:
        rejected = [Rejection(one.place, one.code, one.path, one.message).as_json() for one in bad]
        told = f"{len(bad)} of {len(items)} events cannot be used: nothing was simulated."
        raise Problem("invalid", told, rejected=rejected)
    return events


ROUTES = (
    Route("POST", "/v1/simulate", post_simulate, "Try a policy on events; nothing is stored", ("policy:read",),
          {200: SimulateAnswer}, (400, 401, 403, 404, 413, 415, 422, 503), SimulateBody),
)  # fmt: skip
"""The route of simulations."""
