"""The roster as a document over HTTP (POLICY.md §8)."""

from typing import Any, Literal

from flask import jsonify, request
from pydantic import BaseModel

from admin.api.access import current_key
from admin.api.policies import findings_json, policy_body
from admin.api.routes import Answer, Parameter, Route
from admin.problems import Problem
from engine.store.roster import RosterConflict, RosterRefused, export_roster, import_roster, roster_tag
from rulesets.findings import Finding

REPLACE = Parameter("replace", "true also deactivates the people whom the document does not name", type="boolean")
IF_MATCH = Parameter("If-Match", "ETag of the roster you changed, or *", "header", required=True)


class RosterDocument(BaseModel):
    """A `baton.roster/1` document, as JSON or YAML."""

    format: Literal["baton.roster/1"]
    calendars: list[dict[str, Any]] = []
    teams: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []


class RosterAnswer(BaseModel):
    """What a document changed; people by e-mail."""

    added: list[str]
    updated: list[str]
    deactivated: list[str]
    unchanged: int


def get_roster() -> Answer:
    """The roster; its ETag is what a change must name."""
    document = export_roster()
    response = jsonify(document)
    response.set_etag(roster_tag(document))
    return response


def put_roster() -> Answer:
    """Add and update what the body names."""
    tag = request.headers.get("If-Match", "").strip()
    if not tag:
        raise Problem("revision_missing", "Send If-Match with the ETag that GET /v1/roster gave, or *.")
    replace = request.args.get("replace", "false")
    if replace not in {"true", "false"}:
        raise Problem("invalid", "replace must be true or false.", parameter="replace")
    key = current_key()
    expected = None if tag == "*" else tag.removeprefix("W/").strip('"')
    try:
        change = import_roster(
            policy_body(), replace=replace == "true", by=key.person or f"key:{key.name}", expected=expected
        )
    except RosterConflict as conflict:
        raise Problem("revision_changed", f"{conflict}.") from None
    except RosterRefused as refused:
        found = [finding for finding in refused.findings if isinstance(finding, Finding)]
        raise Problem("invalid", "The roster has errors.", findings=findings_json(found)) from None
    response = jsonify(
        added=change.added, updated=change.updated, deactivated=change.deactivated, unchanged=change.unchanged
    )
    response.set_etag(roster_tag(export_roster()))
    return response


ROUTES = (
    Route("GET", "/v1/roster", get_roster, "People, teams, calendars", ("roster:read",), {200: RosterDocument},
          (401, 403, 503)),
    Route("PUT", "/v1/roster", put_roster, "Add and update people, teams, calendars", ("roster:write",),
          {200: RosterAnswer}, (400, 401, 403, 412, 413, 415, 422, 428, 503), RosterDocument,
          parameters=(IF_MATCH, REPLACE)),
)  # fmt: skip
