"""`POST /v1/events` and what became of one event."""

from typing import Any

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, Field

from admin.api.access import current_key, current_reach
from admin.api.bodies import check_media_type, read_body
from admin.api.routes import Answer, Parameter, Route
from admin.intake.envelope import MAX_ID, MAX_TYPE, MOMENT, NOT_ALLOWED, TYPE, Rejection, Sender, read_items
from admin.intake.erasures import without_targets
from admin.intake.identity_work import check_identity_work
from admin.intake.json_text import Parsed, UnreadableJson, parse_json
from admin.moment import now
from admin.reach import may_erase
from admin.web.problems import Problem, answer
from engine.store.inbox.inbox import Accepted, Intake, accept
from engine.store.inbox.nobody_list import folded_nobody
from workers.queues import wake

MAX_ITEMS = 1_000
NOBODY = Accepted(0, 0)
WITH_ZONE = "^" + MOMENT.pattern.removesuffix("?").replace(r"\d", "[0-9]") + "$"
"""The shape of a moment for readers whose ``\\d`` knows other digits, too; its zone is not optional."""


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


class EnvelopeLead(BaseModel):
    """Whom an event is about: at least one identifier that is no empty text."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1})

    external_id: str | None = None
    wechat: str | None = None
    email: str | None = None
    phone: str | None = None
    anonymous_id: str | None = None


class EnvelopeModel(BaseModel):
    """An event envelope; see the limits in the docs.

    It only describes: `admin.intake.envelope` reads, and its refusals say more. A test holds the two together.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(min_length=1, max_length=MAX_ID, pattern=r"\S")
    type: str = Field(max_length=MAX_TYPE, pattern=f"^{TYPE.pattern}$", examples=["content.downloaded"])
    occurred_at: str = Field(
        pattern=WITH_ZONE, json_schema_extra={"format": "date-time"}, examples=["2026-11-21T10:00:00Z"]
    )
    lead: EnvelopeLead
    traits: dict[str, Any] | None = None
    company: dict[str, Any] | None = None
    answers: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    actor: str | None = Field(default=None, description="E-mail of the person the key is bound to")
    imported: bool | None = None


def sender() -> Sender:
    """The sender behind the key of this request."""
    key = current_key()
    oversees = key.person is None or current_reach().person is None
    return Sender(
        key.source,
        key.scopes,
        public=key.public,
        person=key.person,
        oversees=oversees,
        erases=may_erase(key.person),
        nobody=folded_nobody(),
    )


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
    intakes, rejections = read_items(items, sender(), now(), suspect=parsed.suspect, check=check_identity_work)
    intakes, rejections = without_targets(intakes, rejections, len(items))
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
