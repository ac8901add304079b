"""`baton policy`: lint, import, export, publish. The actor is the operator, who may bypass signatures and not sign."""

import json
from typing import Any

import click

from admin.cli.later import Later
from admin.cli.policy.rescoring import await_rescored
from admin.cli.terminal import connected, fail, json_option, print_json, print_table
from admin.publishing import OPERATOR, PublicationTime, publish_draft
from engine.clock import SystemClock
from engine.core.simulation.test_cases import SampleReport
from engine.errors import PolicyRefused
from engine.policy.linting import NO_SAMPLES, Checked, lint_policy, samples_body
from engine.store.due.rescore import resting
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.versions import list_versions, read_version
from rulesets.document import document as documents
from rulesets.document.document import DocumentUnreadable
from rulesets.document.findings import Finding
from rulesets.lint import LintReport
from rulesets.lint import lint as check

MOST_UNTOUCHED = 20
"""At most so many rules without a test case are named; `--json` names all."""
FILE = click.argument("file", type=click.File("rb"))


LATER = {
    "diff": ("policy.comparing:policy_diff", "Tell what changes from one document or version to another."),
    "restore": ("policy.policy_life:policy_restore", "Load a version into the draft."),
    "scheduled": (
        "policy.policy_life:policy_scheduled",
        "List publications that wait for their moment or are suspended.",
    ),
    "cancel": ("policy.policy_life:policy_cancel", "Give up a scheduled or suspended publication."),
    "progress": ("policy.rescoring:policy_progress", "How far leads already there are scored anew."),
}


@click.group(cls=Later, later=LATER)
def policy() -> None:
    """The policy as a document."""


@policy.command("lint")
@FILE
@json_option
def policy_lint(file: Any, *, as_json: bool) -> None:
    """Check a policy FILE (JSON or YAML, - for stdin) and run its test cases. Exit 1 on errors and red cases."""
    try:
        checked = lint_policy(documents.load(file.read()))
    except DocumentUnreadable as unreadable:
        checked = Checked(LintReport(None, unreadable.findings), NO_SAMPLES)
    policy = checked.report.policy
    digest = documents.digest(policy) if policy else None
    if as_json:
        findings = [finding.as_json() for finding in checked.findings]
        print_json({"digest": digest, "findings": findings, "cases": samples_body(checked.samples)})
    else:
        for finding in checked.findings:
            click.echo(finding_line(finding))
        errors, warnings = len(checked.report.errors), len(checked.report.warnings)
        if policy:
            click.echo(told_cases(checked.samples))
        click.echo(f"{errors} errors, {warnings} warnings" + (f"; digest {digest}" if digest else ""))
    raise click.exceptions.Exit(0 if checked.publishable else 1)


def told_cases(samples: SampleReport) -> str:
    """The results of the test cases, and the rules that no case touches."""
    if not samples.results:
        return "test cases: none"
    red = len(samples.red)
    counted = f"test cases: {len(samples.results) - red} green, {red} red"
    if not samples.untouched:
        return f"{counted}; they touch every rule"
    left_out = ", ".join(samples.untouched[:MOST_UNTOUCHED])
    more = len(samples.untouched) - MOST_UNTOUCHED
    rest = f" and {more} more" if more > 0 else ""
    return f"{counted}; no case touches {len(samples.untouched)} of {samples.rules} rules: {left_out}{rest}"


def finding_line(finding: Finding) -> str:
    """A finding on one line."""
    mend = f" ({finding.suggestion})" if finding.suggestion else ""
    seen = " [acknowledged]" if finding.acknowledged else ""
    return f"{finding.severity.value}: {finding.path or 'document'}: {finding.message}{mend} [{finding.code}]{seen}"


@policy.command("import")
@FILE
def policy_import(file: Any) -> None:
    """Make FILE the draft. Any error refuses the whole document."""
    try:
        raw = documents.load(file.read())
    except DocumentUnreadable as unreadable:
        fail(map(finding_line, unreadable.findings))
    report = check(raw)
    if report.errors:
        fail([*map(finding_line, report.errors), f"{len(report.errors)} errors: nothing was imported"])
    for finding in report.warnings:
        click.echo(finding_line(finding), err=True)
    connected()
    revision = save_draft(raw, None, OPERATOR)
    click.echo(
        f"the draft is revision {revision}, digest {load_draft().digest}; `baton policy publish` puts it in force"
    )


@policy.command("export")
@click.option("--version", "number", type=click.IntRange(1), help="A published version; default: the draft.")
@json_option
def policy_export(number: int | None, *, as_json: bool) -> None:
    """Print the draft, or a version, as YAML or JSON. Importing it gives the same digest."""
    connected()
    document = read_version(number).document if number else load_draft().document
    parsed = documents.parse(document).policy
    if as_json or parsed is None:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(documents.to_yaml(parsed), nl=False)


@policy.command("publish")
@click.option("--reason", required=True, help="What changes and why.")
@click.option("--bypass-signoff", is_flag=True, help="Without the signatures that BATON_SIGNOFF asks for; audited.")
@click.option("--act-on-existing", type=click.Choice(["none", "promote"]), default="none", show_default=True)
@click.option("--at", help="When: local time such as 2026-12-01T09:00; default: now.")
@click.option("--timezone", "zone", help="Zone of --at; default: the policy's.")
@click.option("--wait", is_flag=True, help="Stay until every lead already there is scored anew, with a progress bar.")
def policy_publish(
    reason: str, act_on_existing: str, at: str | None, zone: str | None, *, bypass_signoff: bool, wait: bool
) -> None:
    """Publish the draft, now or at a later moment."""
    if wait and at:
        raise click.UsageError("--wait is for a publication at once: leave --at or --wait out")
    settings = connected()
    if act_on_existing == "promote":
        click.echo(f"leads that rest because of an earlier version, to be acted upon: {resting()}", err=True)
    try:
        done = publish_draft(
            OPERATOR,
            reason,
            SystemClock().now(),
            signoff=settings.signoff,
            bypass=bypass_signoff,
            act_on_existing=act_on_existing,
            moment=PublicationTime(at, zone) if at else None,
        )
    except PolicyRefused as refused:
        hint = "" if refused.findings else "; the operator may --bypass-signoff, which is audited"
        fail([*(finding_line(f) for f in refused.findings if isinstance(f, Finding)), f"{refused}{hint}"])
    if done.at is not None:
        click.echo(f"scheduled as {done.plan} for {done.at.isoformat()}, digest {done.digest}")
        return
    was = "is in force" if done.changed else "was in force already"
    click.echo(f"version {done.number} {was}, digest {done.digest}")
    if wait and done.number is not None:
        await_rescored(done.number)


@policy.command("versions")
@json_option
def policy_versions(*, as_json: bool) -> None:
    """List published versions, newest first."""
    connected()
    versions = list_versions()
    if as_json:
        print_json(versions)
        return
    head = ("", "number", "name", "published", "by", "reason", "digest")
    print_table(head, ([("*" if v["active"] else ""), *_columns(v)] for v in versions))


def _columns(version: dict[str, Any]) -> list[Any]:
    moment = version["published_at"].strftime("%Y-%m-%d %H:%M")
    return [
        version["number"],
        version["name"],
        moment,
        version["published_by"],
        version["reason"],
        version["digest"][:12],
    ]
