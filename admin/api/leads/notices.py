"""Notifications over HTTP: listed newest first, and marked as read."""

from typing import Any, Literal

from flask import jsonify, request
from pydantic import BaseModel, Field
from pydantic import ValidationError as Refused

from admin.api.access import check_person, current_reach
from admin.api.events.events import json_body
from admin.api.leads.leads import PAGING, check_parameters, page, page_limit, page_start
from admin.api.routes import Answer, Parameter, Route
from admin.intake.json_text import fault_in
from admin.lead_data.lead_json import plain
from admin.moment import now
from admin.web.problems import Problem
from engine.core.notify.notices import KINDS
from engine.store.outbox import notices
from engine.store.outbox.notices import Notification

MOST_IDS = 1_000
FILTERS = (
    Parameter("person", "Notifications of this e-mail; of everybody unless told, or of the person whose key it is"),
    Parameter("unread", "`true`: only those that are not read"),
    Parameter("kind", f"One of {', '.join(KINDS)}"),
)


class NoticeShape(BaseModel):
    """A notification: what happened (`kind` and `details`), whom it is `about`, and its receiver (`person`)."""

    id: int
    person: str
    kind: str
    about: str | None
    lead: int | None
    details: dict[str, Any]
    at: str
    read_at: str | None


class NoticesShape(BaseModel):
    """A page of notifications, newest first."""

    items: list[NoticeShape]
    next: str | None


class ReadBody(BaseModel):
    """The notifications that a person has read: ids, or `"all"`."""

    person: str = Field(min_length=1, max_length=320)
    ids: list[int] | Literal["all"] = Field(description=f"At most {MOST_IDS} numbers")


class ReadShape(BaseModel):
    """How many were marked, and how many are still unread."""

    marked: int
    unread: int


def get_notices() -> Answer:
    """Notifications, filtered."""
    check_parameters((*FILTERS, *PAGING))
    person, kind = request.args.get("person"), request.args.get("kind")
    if kind is not None and kind not in KINDS:
        raise Problem("invalid", f"kind must be one of {', '.join(KINDS)}.", parameter="kind")
    if request.args.get("unread", "false") not in {"true", "false"}:
        raise Problem("invalid", "unread must be true or false.", parameter="unread")
    wanted = _email(person) if person is not None else current_reach().person
    if wanted is not None:
        check_person(wanted)
    limit = page_limit()
    found = notices.read_notices(
        wanted,
        unread=request.args.get("unread") == "true",
        kind=kind,
        before=page_start() or None,
        limit=limit + 1,
    )
    return jsonify(page([_told(one) for one in found], [one.id for one in found], limit))


def post_read() -> Answer:
    """Mark notifications of a person as read."""
    parsed = json_body()
    if (fault := fault_in(parsed.value, suspect=parsed.suspect)) is not None:
        raise Problem("invalid", f"{fault.path or 'the body'} {fault.message}.", path=fault.path)
    try:
        body = ReadBody.model_validate(parsed.value)
    except Refused as refused:
        first = refused.errors()[0]
        path = ".".join(map(str, first["loc"][:1]))
        raise Problem("invalid", f"{path or 'the body'}: {first['msg']}.", path=path) from None
    if body.ids != "all" and (len(body.ids) > MOST_IDS or any(not 0 < number < 2**63 for number in body.ids)):
        raise Problem("invalid", f"ids must be at most {MOST_IDS} numbers of notifications.", path="ids")
    person = _email(body.person) or ""
    check_person(person)
    marked = notices.mark_read(person, now(), None if body.ids == "all" else body.ids)
    return jsonify(marked=marked, unread=notices.count_unread(person))


def _email(text: str | None) -> str | None:
    if text is not None and ("\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise Problem("invalid", "person holds a character that no e-mail has.", parameter="person")
    return text.strip().lower() if text is not None else None


def _told(one: Notification) -> dict[str, Any]:
    return {
        "id": one.id,
        "person": one.person,
        "kind": one.kind,
        "about": one.about,
        "lead": one.lead_id,
        "details": one.details,
        "at": plain(one.at),
        "read_at": plain(one.read_at),
    }


ROUTES = (
    Route("GET", "/v1/notices", get_notices, "What people were told", ("leads:read",), {200: NoticesShape},
          (401, 403, 422, 503), parameters=(*FILTERS, *PAGING)),
    Route("POST", "/v1/notices/read", post_read, "Mark notifications as read", ("leads:write",), {200: ReadShape},
          (400, 401, 403, 413, 415, 422, 503), body=ReadBody),
)  # fmt: skip
