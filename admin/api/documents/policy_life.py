"""Differences between policies, and scheduled publications, over HTTP."""

from typing import Any, Literal

from flask import jsonify, request
from pydantic import BaseModel, Field

from admin.api.access import acting
from admin.api.routes import Answer, Parameter, Route
from admin.lead_data.lead_json import plain
from admin.text.policy.changes import sentence
from admin.web.problems import Problem
from engine.errors import NotFound
from engine.policy import activation
from engine.store.policy.drafts import load_draft
from engine.store.policy.plans import open_plans
from engine.store.policy.versions import active_number, read_version
from rulesets.policy.diff import diff

READ, WRITE = ("policy:read",), ("policy:write",)
LARGEST = 2**31 - 1


class ChangeShape(BaseModel):
    """One difference."""

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    old: Any = None
    new: Any = None
    at: int | None = Field(default=None, description="Place of a row that was added or moved, from 0")
    sentence: str


class DiffAnswer(BaseModel):
    """Everything that changes from one policy to the other."""

    items: list[ChangeShape]


class PlanShape(BaseModel):
    """A publication that is scheduled or suspended."""

    id: int
    state: Literal["scheduled", "suspended"]
    note: str | None = Field(description="Why it is suspended")
    at: str
    timezone: str
    digest: str
    base: int | None = Field(description="The version in force when it was scheduled")
    by: str
    reason: str


class PlansShape(BaseModel):
    """Scheduled and suspended publications, the next first."""

    items: list[PlanShape]


class CancelAnswer(BaseModel):
    """Whether this call cancelled the publication. False if it was cancelled or published before."""

    cancelled: bool


def get_diff() -> Answer:
    """From ``old`` to ``new``: version numbers, active or draft."""
    old, new = (
        _document(name, request.args.get(name, default)) for name, default in (("old", "active"), ("new", "draft"))
    )
    return jsonify(items=[change.as_json() | {"sentence": sentence(change)} for change in diff(old, new)])


def get_plans() -> Answer:
    """Scheduled and suspended publications."""
    shown = ("id", "state", "note", "at", "digest", "base", "by", "reason")
    items = [{name: getattr(plan, name) for name in shown} | {"timezone": plan.zone} for plan in open_plans()]
    return jsonify(items=[plain(item) for item in items])


def post_cancel(number: int) -> Answer:
    """Cancel a scheduled or suspended publication."""
    try:
        return jsonify(cancelled=activation.cancel(number, acting()))
    except NotFound as refused:
        raise Problem("not_found", f"{refused}.") from None


def _document(side: str, name: str) -> dict[str, Any]:
    if name == "draft":
        return load_draft().document
    number = active_number() if name == "active" else None
    if name == "active" and number is None:
        return {}
    if name.isascii() and name.isdigit() and 0 < int(name[:12]) <= LARGEST:
        number = int(name)
    if number is None:
        raise Problem("invalid", f"{side} is {name[:40]!r}: name a version's number, active or draft.", path=side)
    return read_version(number).document


def _route(method: str, path: str, handler: Any, summary: str, answer: type[BaseModel], **more: Any) -> Route:
    scopes = WRITE if method == "POST" else READ
    problems = (401, 403, 503, *more.pop("problems", ()))
    return Route(method, path, handler, summary, scopes, {200: answer}, problems, **more)


ROUTES = (
    _route(
        "GET", "/v1/policy/diff", get_diff, "What differs between two policies", DiffAnswer, problems=(404, 422),
        parameters=(
            Parameter("old", "A version's number, draft or active (the default; nothing before the first version)"),
            Parameter("new", "A version's number, active or draft (the default)"),
        ),
    ),
    _route("GET", "/v1/policy/scheduled", get_plans, "Policies that wait for their moment", PlansShape),
    _route("POST", "/v1/policy/scheduled/<int:number>/cancel", post_cancel, "Give a scheduled policy up", CancelAnswer,
           problems=(404,)),
)  # fmt: skip
