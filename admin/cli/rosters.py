"""`baton roster`: people, teams and calendars in files."""

from typing import Any

import click
import yaml

from admin.cli.policies import told
from admin.cli.terminal import connected, fail, json_option, print_json
from admin.publishing import OPERATOR
from engine.store.roster import RosterRefused, export_roster, import_roster
from rulesets import document as documents
from rulesets.document import DocumentUnreadable
from rulesets.findings import Finding


@click.group()
def roster() -> None:
    """People, teams and calendars."""


@roster.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--replace", is_flag=True, help="Also deactivate the people whom FILE does not name.")
def roster_import(file: Any, *, replace: bool) -> None:
    """Add and update what FILE (YAML or JSON) names; a roster with errors is refused whole."""
    try:
        raw = documents.load(file.read())
    except DocumentUnreadable as unreadable:
        fail(map(told, unreadable.findings))
    connected()
    try:
        change = import_roster(raw, replace=replace, by=OPERATOR)
    except RosterRefused as refused:
        fail(told(finding) for finding in refused.findings if isinstance(finding, Finding))
    click.echo(
        f"added {len(change.added)}   updated {len(change.updated)}   deactivated {len(change.deactivated)}   "
        f"unchanged {change.unchanged}"
    )


@roster.command("export")
@json_option
def roster_export(*, as_json: bool) -> None:
    """Print the roster as YAML or JSON."""
    connected()
    document = export_roster()
    if as_json:
        print_json(document)
    else:
        click.echo(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), nl=False)
