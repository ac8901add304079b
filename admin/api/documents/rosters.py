"""The roster as a document over HTTP, and its monthly lists of who may receive leads (R8.1–R8.3, R5.9)."""

from collections.abc import Iterable
from typing import Any, Literal

from flask import jsonify, request
from pydantic import BaseModel, Field

from admin.api.access import current_key
from admin.api.documents.policies import findings_json, policy_body
from admin.api.routes import Answer, Parameter, Route
from admin.moment import now
from admin.web.problems import Problem
from engine.core.calendar.roster_changes import GIVES, KEEP, Handover
from engine.store.roster.eligibility import preview_list, save_list
from engine.store.roster.roster import (
    RosterConflict,
    RosterPreview,
    RosterRefused,
    export_roster,
    import_roster,
    preview_roster,
    roster_tag,
)
from rulesets.document.findings import Finding
from rulesets.roster.eligibility import MONTH, ROLES, Named, eligible
from workers.queues import wake

REPLACE = Parameter("replace", "true also deactivates the people whom the document does not name", type="boolean")
REASSIGN = Parameter("reassign", "to whom open leads of people go who leave or change their role: policy or manager")
ABSENT = Parameter("absent", "to whom open leads of people go who are away from today: keep, policy or manager")
PREVIEW = Parameter("preview", "true only tells what would change", type="boolean")
ROLE = Parameter("role", "sdr or sales", required=True)
IF_MATCH = Parameter("If-Match", "ETag of the roster you changed, or *", "header", required=True)


class RosterDocument(BaseModel):
    """A `baton.roster/1` document, as JSON or YAML."""

    format: Literal["baton.roster/1"]
    calendars: list[dict[str, Any]] = []
    teams: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []


class AffectedPerson(BaseModel):
    """Somebody who leaves, changes their role or is absent from today, with their open leads and clocks."""

    person: str
    cause: Literal["inactive", "role", "absence"]
    manager: str | None
    stages: dict[str, int] = Field(description="Open leads by stage")
    clocks: int = Field(description="Running clocks")


class RosterAnswer(BaseModel):
    """What a document changed; people by e-mail."""

    added: list[str]
    updated: list[str]
    deactivated: list[str]
    unchanged: int
    affected: list[AffectedPerson]


class EligibilityList(BaseModel):
    """The people of a role who may receive leads in a month."""

    emails: list[str]


class EligibilityAnswer(BaseModel):
    """What a list changed; people by e-mail."""

    added: list[str]
    removed: list[str]
    unchanged: int


def get_roster() -> Answer:
    """The roster. Its ETag is the `If-Match` of the next change."""
    document = export_roster()
    response = jsonify(document)
    response.set_etag(roster_tag(document))
    return response


def put_roster() -> Answer:
    """Add and update what the body names."""
    tag = request.headers.get("If-Match", "").strip()
    if not tag:
        raise Problem("revision_missing", "Send If-Match with the ETag that GET /v1/roster gave, or *.")
    replace, only_preview = _flag("replace"), _flag("preview")
    absent = _one_of("absent", [KEEP, *GIVES])
    handover = Handover(_one_of("reassign", GIVES), None if absent == KEEP else absent)
    expected = None if tag == "*" else tag.removeprefix("W/").strip('"')
    raw, moment = policy_body(), now()
    try:
        shown = preview_roster(raw, replace=replace, now=moment)
        if not only_preview:
            wake(
                import_roster(raw, replace=replace, by=_acting(), expected=expected, handover=handover, now=moment).told
            )
    except RosterConflict as conflict:
        raise Problem("revision_changed", f"{conflict}.") from None
    except RosterRefused as refused:
        raise _refusal("The roster has errors.", refused) from None
    response = jsonify(_preview_json(shown))
    response.set_etag(roster_tag(export_roster()))
    return response


def get_eligibility(month: str) -> Answer:
    """The people on the list of a month. Without a list the answer is empty, and everyone is eligible."""
    return jsonify(emails=eligible(export_roster(), _one_of("role", ROLES, required=True), _month(month)))


def put_eligibility(month: str) -> Answer:
    """Make exactly these people eligible."""
    role, only_preview, names = _one_of("role", ROLES, required=True), _flag("preview"), _names()
    try:
        listed = (
            preview_list(role, _month(month), names)
            if only_preview
            else save_list(role, _month(month), names, _acting(), now())
        )
    except RosterConflict as conflict:
        raise Problem("conflict", f"{conflict}.") from None
    except RosterRefused as refused:
        raise _refusal("The list has errors.", refused) from None
    return jsonify(added=listed.added, removed=listed.removed, unchanged=listed.unchanged)


def _names() -> list[Named]:
    body = policy_body()
    emails = body.get("emails") if isinstance(body, dict) else None
    if not isinstance(emails, list) or not all(isinstance(email, str) for email in emails):
        raise Problem("invalid", 'Send {"emails": ["li@example.com", …]}.', path="emails")
    return [Named(("emails", place), email.strip().lower()) for place, email in enumerate(emails)]


def _month(text: str) -> str:
    if not MONTH.fullmatch(text):
        raise Problem("not_found", "Give the month as 2026-12.")
    return text


def _flag(name: str) -> bool:
    given = request.args.get(name, "false")
    if given not in {"true", "false"}:
        raise Problem("invalid", f"{name} must be true or false.", parameter=name)
    return given == "true"


def _one_of(name: str, allowed: Iterable[str], *, required: bool = False) -> Any:
    choices = list(allowed)
    given = request.args.get(name, "" if required else choices[0])
    if given not in choices:
        raise Problem("invalid", f"{name} must be {' or '.join(choices)}.", parameter=name)
    return given


def _acting() -> str:
    key = current_key()
    return key.person or f"key:{key.name}"


def _refusal(told: str, refused: RosterRefused) -> Problem:
    found = [finding for finding in refused.findings if isinstance(finding, Finding)]
    return Problem("invalid", told, findings=findings_json(found))


def _preview_json(shown: RosterPreview) -> dict[str, Any]:
    change = shown.change
    affected = [
        {"person": one.person, "cause": one.cause, "manager": one.manager, "stages": one.stages, "clocks": one.clocks}
        for one in shown.affected
    ]
    return {
        "added": change.added, "updated": change.updated, "deactivated": change.deactivated,
        "unchanged": change.unchanged, "affected": affected,
    }  # fmt: skip


LIST = "/v1/roster/eligibility/<month>"
READ, WRITE = ("roster:read",), ("roster:write",)
ROUTES = (
    Route("GET", "/v1/roster", get_roster, "People, teams, calendars", READ, {200: RosterDocument}, (401, 403, 503)),
    Route("PUT", "/v1/roster", put_roster, "Add and update people, teams, calendars", WRITE,
          {200: RosterAnswer}, (400, 401, 403, 412, 413, 415, 422, 428, 503), RosterDocument,
          parameters=(IF_MATCH, REPLACE, REASSIGN, ABSENT, PREVIEW)),
    Route("GET", LIST, get_eligibility, "Who may receive leads in a month", READ, {200: EligibilityList},
          (401, 403, 404, 422, 503), parameters=(ROLE,)),
    Route("PUT", LIST, put_eligibility, "Say who may receive leads in a month", WRITE, {200: EligibilityAnswer},
          (400, 401, 403, 404, 409, 413, 415, 422, 503), EligibilityList, parameters=(ROLE, PREVIEW)),
)  # fmt: skip
