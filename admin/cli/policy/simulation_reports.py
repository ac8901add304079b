"""`baton simulate --report`: tables of one simulation, or of two policies side by side."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from admin.cli.terminal import print_json, print_table
from admin.text.reporting import plain
from engine.core.reports.fairness import RosterWeight, Rule
from engine.core.reports.simulation import Line, side_by_side, simulation_tables
from engine.core.reports.tables import COLUMNS, Table
from rulesets.policy.policy import Policy
from rulesets.roster.roster import Roster


def print_reports(policies: Sequence[Policy], roster: Roster, runs: Iterable[Iterable[Line]], *, as_json: bool) -> None:
    """Print the tables of each policy, two of them side by side."""
    people = colleagues(roster)
    found = [simulation_tables(run, rules_of(policy), people) for policy, run in zip(policies, runs, strict=True)]
    if as_json:
        print_json({"policies": [as_document(policy, one) for policy, one in zip(policies, found, strict=True)]})
        return
    for number, policy in enumerate(policies, start=1):
        click.echo(f"{number}: {policy.name}")
    for key, head, rows in side_by_side(found):
        click.echo(f"\n{key}")
        kinds = [COLUMNS[column.partition(" ")[0]] for column in head]
        print_table(head, ([plain(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows))


def as_document(policy: Policy, found: Iterable[Table]) -> dict[str, Any]:
    """The tables of one policy as JSON."""
    return {"name": policy.name, "tables": {table.key: [dict(row) for row in table.rows] for table in found}}


def rules_of(policy: Policy) -> dict[str, Rule]:
    """Assignment policy → its rule of shares."""
    return {one.key: Rule(one.strategy, one.balance_by == "department") for one in policy.assignment}


def colleagues(roster: Roster) -> dict[str, RosterWeight]:
    """E-mail → weight and department. A person's own department wins over the team's (R5.6)."""
    departments = {team.key: team.department for team in roster.teams}
    return {
        one.email: RosterWeight(one.weight, one.department or departments.get(one.team or "") or "")
        for one in roster.people
    }
