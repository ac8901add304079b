"""The policy as a document over HTTP: the draft, the lint, publishing, versions (R0.1–R0.5)."""

from collections.abc import Iterable
from typing import Any, Literal

from flask import current_app, jsonify, request
from pydantic import BaseModel, Field

from admin.api.access import acting
from admin.api.bodies import check_media_type, read_body
from admin.api.routes import Answer, Parameter, Route
from admin.intake.json_text import fault_in
from admin.lead_data.lead_json import plain
from admin.moment import now
from admin.publishing import PublicationTime, publish_draft
from admin.web.problems import Problem
from engine.errors import PolicyRefused
from engine.policy.linting import NO_SAMPLES, Checked, lint_policy, samples_body
from engine.settings import Settings
from engine.store.due.rescore import resting
from engine.store.inbox.arrived_types import seen_event_types
from engine.store.policy.drafts import DraftConflict, load_draft, save_draft
from engine.store.policy.versions import list_versions, read_version
from rulesets.document import document as documents
from rulesets.document.document import DocumentUnreadable
from rulesets.document.findings import Finding
from rulesets.lint import LintReport

READ, WRITE = ("policy:read",), ("policy:write",)
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
MAX_NUMBER = 2**31 - 1
IF_MATCH = Parameter(
    "If-Match", "ETag of the draft you changed, or * to replace it whatever it is", "header", required=True
)


class DraftAnswer(BaseModel):
    """The draft after it was replaced."""

    revision: int
    digest: str


class FindingShape(BaseModel):
    """One finding of the lint."""

    severity: Literal["error", "warning"]
    code: str
    path: str
    message: str
    suggestion: str | None
    acknowledged: bool


class DifferenceShape(BaseModel):
    """What a test case expected, and the actual result."""

    what: str
    expected: str
    actual: str


class RedCaseShape(BaseModel):
    """A test case whose result differs from what it expects."""

    key: str
    differences: list[DifferenceShape]


class CasesShape(BaseModel):
    """Results of the policy's test cases. They run only if the document has no errors."""

    green: int
    red: list[RedCaseShape]
    rules: int = Field(description="Rules that a case can touch")
    untouched: list[str] = Field(description="Rules that no case touches")


class LintAnswer(BaseModel):
    """All findings of the lint, errors first."""

    publishable: bool = Field(description="No errors, and no test case of the policy is red")
    digest: str | None
    findings: list[FindingShape]
    cases: CasesShape


class PublishBody(BaseModel):
    """The request to publish. Signatures are stored with the draft."""

    reason: str
    act_on_existing: Literal["none", "promote"] = "none"
    at: str | None = Field(default=None, description="When it is to come into force: local time, or with an offset")
    timezone: str | None = Field(default=None, description="The zone of a local time; default: the policy's")


class PublishAnswer(BaseModel):
    """The version in force, or the plan for a later moment."""

    number: int | None = Field(description="Null while it is only scheduled")
    digest: str
    changed: bool = Field(description="False when this very document was in force already")
    resting: int = Field(description="Leads that rested before, which `promote` acts upon")
    scheduled: int | None = Field(default=None, description="Id of the planned publication")
    at: str | None = None


class VersionShape(BaseModel):
    """A published version."""

    number: int
    digest: str
    name: str
    active: bool
    published_at: str
    published_by: str
    reason: str
    bypassed: bool
    act_on_existing: str
    signatures: list[dict[str, Any]]
    document: dict[str, Any] | None = Field(default=None, description="Only when one version is asked for")


class VersionsShape(BaseModel):
    """All versions, newest first."""

    items: list[VersionShape]
    resting: int = Field(description="Leads that rest because of an earlier version: a publication can promote them")


class PolicyDocument(BaseModel):
    """A `baton.policy/1` document, as JSON or YAML."""

    format: Literal["baton.policy/1"]
    name: str
    timezone: str
    models: list[dict[str, Any]]


def get_draft() -> Answer:
    """The draft. Its ETag is the `If-Match` of the next change."""
    draft = load_draft()
    response = jsonify(draft.document)
    response.set_etag(str(draft.revision))
    response.headers["Baton-Digest"] = draft.digest
    return response


def put_draft() -> Answer:
    """Replace the draft with the document of the body."""
    expected = _expected_revision()
    raw = policy_body()
    try:
        revision = save_draft(raw, expected, acting())
    except DraftConflict as conflict:
        raise Problem("revision_changed", f"{conflict}.", revision=conflict.version, by=conflict.by) from None
    except PolicyRefused as refused:
        raise policy_problem(refused) from None
    response = jsonify(revision=revision, digest=load_draft().digest)
    response.set_etag(str(revision))
    return response


def post_lint() -> Answer:
    """Lint a document and run its test cases. A document that cannot be parsed is a finding, not an error."""
    try:
        checked = lint_policy(policy_body(), seen_event_types())
    except PolicyUnreadable as unreadable:
        checked = Checked(LintReport(None, unreadable.findings), NO_SAMPLES)
    policy = checked.report.policy
    return jsonify(
        publishable=checked.publishable,
        digest=documents.digest(policy) if policy else None,
        findings=findings_json(checked.findings),
        cases=samples_body(checked.samples),
    )


def post_publish() -> Answer:
    """Publish the draft as it stands."""
    body, rested = _publish_body(), resting()
    settings: Settings = current_app.config["BATON_SETTINGS"]
    try:
        done = publish_draft(
            acting(),
            body["reason"],
            now(),
            signoff=settings.signoff,
            act_on_existing=body["act_on_existing"],
            moment=PublicationTime(body["at"], body["timezone"]) if body["at"] else None,
        )
    except PolicyRefused as refused:
        raise policy_problem(refused) from None
    told = {"number": done.number, "digest": done.digest, "changed": done.changed, "resting": rested}
    return jsonify(told if done.plan is None else plain({**told, "scheduled": done.plan, "at": done.at}))


def get_versions() -> Answer:
    """Every version."""
    return jsonify(items=[plain(version) for version in list_versions()], resting=resting())


def get_version(number: int) -> Answer:
    """One version with its document."""
    if not 0 < number <= MAX_NUMBER:
        raise Problem("not_found", f"There is no policy version {number}.")
    version = read_version(number)
    about = next(entry for entry in list_versions() if entry["number"] == number)
    return jsonify(plain(about) | {"document": version.document})


class PolicyUnreadable(Problem):
    """The body is neither JSON nor YAML; ``findings`` say where."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("invalid", "The document cannot be read.", findings=findings_json(self.findings))


def policy_body() -> Any:
    """The raw document of this request, JSON or YAML; raises Problem."""
    if request.mimetype not in YAML_TYPES:
        check_media_type(beacons=False)
    try:
        raw = documents.load(read_body())
    except DocumentUnreadable as unreadable:
        raise PolicyUnreadable(unreadable.findings) from None
    fault = fault_in(raw, suspect=True)
    if fault is not None and fault.code == "unusable_text":
        raise Problem("invalid", f"{fault.path or 'The document'} {fault.message}.", path=fault.path)
    return raw


def policy_problem(refused: PolicyRefused) -> Problem:
    """The problem of a refused policy, with every finding."""
    found = [finding for finding in refused.findings if isinstance(finding, Finding)]
    return Problem("invalid", f"{refused}.", findings=findings_json(found))


def findings_json(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Findings as the API shows them."""
    return [finding.as_json() for finding in findings]


def _expected_revision() -> int | None:
    tag = request.headers.get("If-Match", "").strip()
    if not tag:
        raise Problem("revision_missing", "Send If-Match with the ETag that GET /v1/policy/draft gave, or *.")
    if tag == "*":
        return None
    text = tag.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem("revision_changed", f"If-Match {tag[:40]} is no ETag of the draft: load it again.")
    return int(text)


def _publish_body() -> dict[str, Any]:
    from_json = policy_body()
    reason = from_json.get("reason") if isinstance(from_json, dict) else None
    if not isinstance(reason, str) or not reason.strip():
        raise Problem("invalid", "Give a reason: say what changes and why.", path="reason")
    act = from_json.get("act_on_existing", "none")
    if act not in {"none", "promote"}:
        raise Problem("invalid", "act_on_existing must be none or promote.", path="act_on_existing")
    unknown = sorted(set(map(str, from_json)) - set(PublishBody.model_fields))
    if unknown:
        known = ", ".join(PublishBody.model_fields)
        raise Problem("invalid", f"{unknown[0]!r} is unknown: known are {known}.", path=unknown[0])
    at, zone = (from_json.get(name) for name in ("at", "timezone"))
    for name, value in (("at", at), ("timezone", zone)):
        if value is not None and not isinstance(value, str):
            raise Problem("invalid", f"{name} must be text.", path=name)
    return {"reason": reason, "act_on_existing": act, "at": at, "timezone": zone}


def _route(  # noqa: PLR0913, PLR0917 - the columns of the table below
    method: str, path: str, handler: Any, summary: str, scopes: tuple[str, ...], answer: type[BaseModel],
    body: type[BaseModel] | None = None, parameters: tuple[Parameter, ...] = (), more: tuple[int, ...] = (),
) -> Route:  # fmt: skip
    return Route(
        method, path, handler, summary, scopes, {200: answer}, (401, 403, 503, *more), body, parameters=parameters
    )


ROUTES = (
    _route("GET", "/v1/policy/draft", get_draft, "The draft policy", READ, PolicyDocument),
    _route("PUT", "/v1/policy/draft", put_draft, "Replace the draft policy", WRITE, DraftAnswer, PolicyDocument,
           (IF_MATCH,), (412, 413, 415, 422, 428)),
    _route("POST", "/v1/policy/lint", post_lint, "Lint a policy document", READ, LintAnswer, PolicyDocument,
           more=(413, 415, 422)),
    _route("POST", "/v1/policy/publish", post_publish, "Publish the draft", WRITE, PublishAnswer, PublishBody,
           more=(413, 415, 422)),
    _route("GET", "/v1/policy/versions", get_versions, "Published versions", READ, VersionsShape),
    _route("GET", "/v1/policy/versions/<int:number>", get_version, "One version with its document", READ,
           VersionShape, more=(404,)),
)  # fmt: skip
