"""`baton simulate`: runs a policy over a file of events in memory. No server, nothing stored (R9.1, R9.2)."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import IO, Any

import click

from admin.cli.policy.policies import finding_line
from admin.cli.policy.simulation_reports import print_reports
from admin.cli.terminal import fail, json_option, print_table
from admin.intake.envelope import ItemRefused
from admin.intake.simulation import last_moment, read_lines, read_moment, summary
from engine.core.lead.model import LeadEvent
from engine.matcher.rete import ReteMatcher
from engine.simulation.simulate import rules_of, score_at
from engine.simulation.timeline import run_until
from rulesets.document import document as documents
from rulesets.document.document import DocumentUnreadable
from rulesets.lint import lint
from rulesets.policy.policy import Policy
from rulesets.roster.roster import FORMAT, Roster, lint_roster

Line = dict[str, Any]
NOBODY = Roster(format=FORMAT)


class MomentType(click.ParamType[datetime]):
    """A moment with its zone."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment as UTC."""
        try:
            return read_moment(value)
        except ItemRefused as why:
            self.fail(why.message, param, ctx)


FILE = click.File("rb")
MOMENT = MomentType()


@click.command()
@click.option("--policy", "policy_file", type=FILE, required=True, help="The policy to try, JSON or YAML; - for stdin.")
@click.option("--against", "other_file", type=FILE, help="A second policy, whose figures are shown beside the first's.")
@click.option("--events", "events_file", type=FILE, required=True, help="Lead events, one JSON object a line.")
@click.option("--roster", "roster_file", type=FILE, help="The people, for --until; without it leads stay queued.")
@click.option("--now", type=MOMENT, help="Score every lead once, at this moment; default: the last event's.")
@click.option("--until", type=MOMENT, help="Let time pass from the first event to this moment, then score.")
@click.option("--report", is_flag=True, help="Tell of load, clocks, discipline and fairness instead; with --until.")
@json_option
def simulate(
    policy_file: IO[bytes],
    other_file: IO[bytes] | None,
    events_file: IO[bytes],
    roster_file: IO[bytes] | None,
    now: datetime | None,
    until: datetime | None,
    *,
    report: bool,
    as_json: bool,
) -> None:
    """Simulate a policy on events: scores, cells and stages, or with --until virtual time with people and clocks.

    Input may be unsorted. The same input gives the same output. Bad input is refused as a whole, with exit code 1.
    """
    if now is not None and until is not None:
        raise click.UsageError("give --now or --until, not both")
    if report and until is None:
        raise click.UsageError("--report tells of people and clocks: let time pass with --until")
    if as_json and other_file is not None and not report:
        raise click.UsageError("--against is for tables: run --json once per policy, or add --report")
    policies, problems = _read_policies(policy_file, other_file)
    roster, more = _read_roster(roster_file)
    events, bad = read_lines(events_file)
    problems += [*more, *map(str, bad)]
    if problems:
        fail([*problems, f"{len(problems)} problems: nothing was simulated"])
    runs = [_run(policy, roster, events, now, until) for policy in policies]
    if report:
        print_reports(policies, roster, runs, as_json=as_json)
    elif as_json:
        for line in runs[0]:
            click.echo(json.dumps(line, ensure_ascii=False))
    else:
        _show([policy.name for policy in policies], runs)


def _read_policies(*files: IO[bytes] | None) -> tuple[list[Policy], list[str]]:
    policies: list[Policy] = []
    problems: list[str] = []
    for file in filter(None, files):
        try:
            report = lint(documents.load(file.read()))
        except DocumentUnreadable as unreadable:
            problems += [f"{file.name}: {finding_line(finding)}" for finding in unreadable.findings]
            continue
        if report.policy is None or report.errors:
            problems += [f"{file.name}: {finding_line(finding)}" for finding in report.findings]
        else:
            policies.append(report.policy)
    return policies, problems


def _read_roster(file: IO[bytes] | None) -> tuple[Roster, list[str]]:
    if file is None:
        return NOBODY, []
    try:
        report = lint_roster(documents.load(file.read()))
    except DocumentUnreadable as unreadable:
        return NOBODY, [f"{file.name}: {finding_line(finding)}" for finding in unreadable.findings]
    return report.roster or NOBODY, [f"{file.name}: {finding_line(finding)}" for finding in report.findings]


def _run(
    policy: Policy, roster: Roster, events: list[LeadEvent], now: datetime | None, until: datetime | None
) -> Iterator[Line]:
    """The lines of one policy. The matcher allocates outside of Python, so it is closed."""
    moment = now or last_moment(events)
    if moment is None:
        return
    with closing(ReteMatcher.of(policy)) as matcher:
        rules = rules_of(policy, matcher)
        yield from run_until(rules, roster, events, until) if until else score_at(rules, events, moment)


def _show(names: list[str], runs: Iterable[Iterable[Line]]) -> None:
    """Print the figures of the policies side by side."""
    found = [{(what, which): many for what, which, many in summary(run).rows()} for run in runs]
    order = {"stage": 0, "cell": 1, "owner": 2, "clock": 3, "decision": 4, "leads": 5}
    keys = sorted({key for figures in found for key in figures}, key=lambda key: (order[key[0]], key[1]))
    print_table(
        ("what", "", *names), ([what, which, *(f.get((what, which), 0) for f in found)] for what, which in keys)
    )
