"""The Segment HTTP tracking API, so that the public Segment and RudderStack client libraries work unchanged.

Answers are 200 with `success`, as those libraries expect; everything else is as at `POST /v1/events`.
"""

from collections.abc import Callable
from typing import Any

from flask import jsonify
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from admin.api.events.events import MAX_ITEMS, EventsAnswer, all_rejected, json_body, outcome, sender, take_in
from admin.api.events.segment_calls import KINDS, read_call
from admin.api.routes import Answer, Parameter, Route
from admin.intake.envelope import ItemRefused, Rejection
from admin.intake.erasures import without_targets
from admin.intake.identity_work import check_identity_work
from admin.intake.json_text import BadValue
from admin.moment import now
from admin.web.problems import Problem
from engine.store.inbox.inbox import Intake


class SegmentAnswer(EventsAnswer):
    """What became of a request."""

    success: bool


class SegmentCall(BaseModel):
    """A call as Segment's libraries send it."""

    model_config = ConfigDict(alias_generator=to_camel)

    message_id: str | None = None
    type: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    event: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    timestamp: str | None = None


class SegmentBatch(BaseModel):
    """Several calls."""

    model_config = ConfigDict(alias_generator=to_camel)

    batch: list[SegmentCall]
    sent_at: str | None = None
    context: dict[str, Any] = {}


def post_call(kind: str) -> Answer:
    """One call."""
    parsed = json_body(beacons=True)
    return _answer([parsed.value], kind, suspect=parsed.suspect)


def post_batch() -> Answer:
    """Several calls, of any kinds; what is said for the whole batch holds for each call that does not say it."""
    parsed = json_body(beacons=True)
    body = parsed.value
    if isinstance(body, BadValue):
        raise Problem("invalid", f"The body {body.message}.")
    calls = body.get("batch") if isinstance(body, dict) else None
    if not isinstance(calls, list):
        raise Problem("invalid", 'The body must be an object with a list: {"batch": […]}.', path="batch")
    if len(calls) > MAX_ITEMS:
        raise Problem("invalid", f"The batch has {len(calls)} calls: send at most {MAX_ITEMS}.", limit=MAX_ITEMS)
    shared = {key: body[key] for key in ("sentAt", "context") if body.get(key) is not None}
    whole = [{**shared, **call} if isinstance(call, dict) else call for call in calls]
    return _answer(whole, None, suspect=parsed.suspect)


def _answer(calls: list[Any], kind: str | None, *, suspect: bool) -> Answer:
    intakes: list[Intake] = []
    rejections: list[Rejection] = []
    who, moment = sender(), now()
    for index, call in enumerate(calls):
        try:
            intakes.append(check_identity_work(read_call(call, kind, who, moment, suspect=suspect)))
        except ItemRefused as why:
            rejections.append(Rejection(index, why.code, why.path, why.message))
    intakes, rejections = without_targets(intakes, rejections, len(calls))
    if rejections and not intakes:
        return all_rejected(rejections)
    return jsonify({"success": True, **outcome(take_in(intakes), rejections)})


def _handler(kind: str) -> Callable[[], Answer]:
    def handle() -> Answer:
        return post_call(kind)

    return handle


PROBLEMS = (400, 401, 403, 413, 415, 422, 503)
SCOPES = ("events:write", "leads:write")
KEY = (Parameter("key", "A public key, for browsers that cannot send headers"),)


def _route(path: str, handler: Callable[[], Answer], summary: str, body: type[BaseModel]) -> Route:
    return Route(
        "POST", path, handler, summary, SCOPES, {200: SegmentAnswer}, PROBLEMS, body,
        parameters=KEY, public=True, basic=True,
    )  # fmt: skip


ROUTES = (
    *(_route(f"/v1/{kind}", _handler(kind), f"Segment: {kind}", SegmentCall) for kind in KINDS),
    *(_route(f"/v1/{kind[0]}", _handler(kind), f"Segment: {kind}, as browsers call it", SegmentCall) for kind in KINDS),
    _route("/v1/batch", post_batch, "Segment: several calls at once", SegmentBatch),
)
