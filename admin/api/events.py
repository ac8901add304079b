"""`POST /v1/events` and what became of one event."""

from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, Field

from admin.api.access import current_key, current_reach
from admin.api.bodies import check_media_type, read_body
from admin.api.routes import Answer, Parameter, Route
from admin.intake.envelope import NOT_ALLOWED, Rejection, Sender, read_items
from admin.intake.json_text import Parsed, UnreadableJson, parse_json
from admin.moment import now
from admin.problems import Problem, answer
from engine.store.inbox import Accepted, Intake, accept
from workers.queues import wake

MAX_ITEMS = 1_000
NOBODY = Accepted(0, 0)


class RejectedItem(BaseModel):
    """Why one item of a request was not taken."""

    index: int = Field(description="Place in the request, from 0")
    code: str
    path: str = Field(description="Where in the item, such as lead.email; empty for the item as a whole")
    message: str


class EventsAnswer(BaseModel):
    """What became of a request."""

    accepted: int = Field(description="New events, committed; they will be decided")
    duplicates: int = Field(description="Events whose (source, id) was known already: no effect")
    rejected: list[RejectedItem]


class EnvelopeModel(BaseModel):
    """An event envelope; see the limits in the docs."""

    id: str = Field(min_length=1, max_length=128)
    type: str = Field(examples=["content.downloaded"])
    occurred_at: str = Field(json_schema_extra={"format": "date-time"})
    lead: dict[str, str | None] = Field(description="external_id, wechat, email, phone, anonymous_id: at least one")
    traits: dict[str, Any] = {}
    company: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    actor: str | None = None
    imported: bool = False


def sender() -> Sender:
    """The sender behind the key of this request."""
    key = current_key()
    oversees = key.person is None or current_reach().person is None
    return Sender(key.source, key.scopes, public=key.public, person=key.person, oversees=oversees)


def json_body(*, beacons: bool = False) -> Parsed:
    """The parsed JSON body of this request; raises Problem."""
    check_media_type(beacons=beacons)
    try:
        return parse_json(read_body())
    except UnreadableJson as error:
        raise Problem(error.code, f"{error}.") from None


def take_in(intakes: list[Intake]) -> Accepted:
    """Commit events to the inbox and wake whoever decides them."""
    if not intakes:
        return NOBODY
    accepted = accept(intakes, now())
    wake(accepted.lead_ids)
    return accepted


def outcome(accepted: Accepted, rejections: list[Rejection]) -> dict[str, Any]:
    """The counts of a request as the answers show them."""
    return {
        "accepted": accepted.accepted,
        "duplicates": accepted.duplicates,
        "rejected": [rejection.as_json() for rejection in rejections],
    }


def all_rejected(rejections: list[Rejection]) -> Response:
    """The problem document of a request of which nothing could be taken."""
    forbidden = all(rejection.code in NOT_ALLOWED for rejection in rejections)
    first = rejections[0].as_json()["message"]
    detail = f"None of {len(rejections)} items could be taken. First: {first}." if len(rejections) > 1 else f"{first}."
    code = "scope_missing" if forbidden else "all_rejected"
    return answer(Problem(code, detail, **outcome(NOBODY, rejections)))


def post_events() -> Answer:
    """Take one event or a list of them."""
    parsed = json_body(beacons=current_key().public)
    items = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    if len(items) > MAX_ITEMS:
        raise Problem("invalid", f"The list has {len(items)} items: send at most {MAX_ITEMS}.", limit=MAX_ITEMS)
    intakes, rejections = read_items(items, sender(), now(), suspect=parsed.suspect)
    if rejections and not intakes:
        return all_rejected(rejections)
    return jsonify(outcome(take_in(intakes), rejections)), 202


ROUTES = (
    Route(
        "POST",
        "/v1/events",
        post_events,
        "Send one lead event or a list of up to 1,000",
        ("events:write", "leads:write"),
        {202: EventsAnswer},
        problems=(400, 401, 403, 413, 415, 422, 503),
        body=EnvelopeModel,
        many=True,
        parameters=(Parameter("key", "A public key, for browsers that cannot send headers"),),
        public=True,
    ),
)
