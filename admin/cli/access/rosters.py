"""`baton roster`: import and export of people, teams, calendars and monthly eligibility lists."""

from collections.abc import Iterable
from typing import Any

import click
import yaml

from admin.cli.policy.policies import finding_line
from admin.cli.terminal import connected, fail, json_option, print_json, print_table
from admin.publishing import OPERATOR
from admin.tables.files import is_table, read_file, read_table, written
from engine.core.calendar.roster_changes import GIVES, KEEP, Handover
from engine.store.roster.eligibility import preview_list, save_list
from engine.store.roster.roster import RosterPreview, RosterRefused, export_roster, import_roster, preview_roster
from rulesets.document import document as documents
from rulesets.document.document import DocumentUnreadable
from rulesets.document.findings import Finding
from rulesets.document.tables import TableRefused
from rulesets.roster.eligibility import ROLES, Listed, read_list
from rulesets.roster.roster_csv import people_rows, read_people, write_people
from workers.queues import wake


@click.group()
def roster() -> None:
    """People, teams and calendars."""


@roster.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--replace", is_flag=True, help="Also deactivate the people whom FILE does not name.")
@click.option(
    "--reassign",
    type=click.Choice(GIVES),
    default=GIVES[0],
    show_default=True,
    help="To whom open leads of people go who leave or change their role.",
)
@click.option(
    "--absent",
    type=click.Choice([KEEP, *GIVES]),
    default=KEEP,
    show_default=True,
    help="To whom open leads of people go who are away from today.",
)
@click.option("--preview", is_flag=True, help="Only show what would happen.")
def roster_import(file: Any, *, replace: bool, reassign: Any, absent: Any, preview: bool) -> None:
    """Add and update what FILE (YAML, JSON, or people as CSV or XLSX) names; a roster with errors is refused whole."""
    text = file.read()
    connected()
    raw = _document(text, str(getattr(file, "name", "")))
    handover = Handover(reassign, None if absent == KEEP else absent)
    try:
        shown = preview_roster(raw, replace=replace)
        if not preview:
            wake(import_roster(raw, replace=replace, by=OPERATOR, handover=handover).told)
    except RosterRefused as refused:
        fail(map(finding_line, _findings(refused)))
    _print_change(shown)


@roster.command("export")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print the people as a table.")
@click.option("--xlsx", type=click.File("wb"), help="Write the people into this workbook.")
def roster_export(*, as_json: bool, as_csv: bool, xlsx: Any) -> None:
    """Print the roster as YAML or JSON, or its people as a table (CSV, XLSX)."""
    connected()
    document = export_roster()
    if as_json:
        print_json(document)
    elif as_csv:
        click.echo(write_people(document), nl=False)
    elif xlsx is not None:
        xlsx.write(written(people_rows(document), "xlsx"))
    else:
        click.echo(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), nl=False)


@roster.command("eligibility")
@click.argument("file", type=click.File("rb"))
@click.option("--month", required=True, help="The month of the list, such as 2026-12.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="Whose list it is.")
@click.option("--preview", is_flag=True, help="Only show what would change.")
@json_option
def roster_eligibility(file: Any, *, month: str, role: str, preview: bool, as_json: bool) -> None:
    """Make exactly the people of FILE eligible in a month: one e-mail a line, or a table with a column email."""
    text = file.read()
    connected()
    try:
        names = read_list(read_file(text))
        listed = preview_list(role, month, names) if preview else save_list(role, month, names, OPERATOR)
    except TableRefused as refused:
        fail([str(refused)])
    except RosterRefused as refused:
        fail(map(finding_line, _findings(refused)))
    _print_listed(listed, as_json=as_json)


def _document(text: bytes, name: str) -> Any:
    """Parse a file. A CSV has people only, so it is merged into the present roster."""
    try:
        if is_table(name, text):
            return read_people(read_table(text), export_roster())
        return documents.load(text)
    except DocumentUnreadable as unreadable:
        fail(map(finding_line, unreadable.findings))
    except TableRefused as refused:
        fail([str(refused)])


def _findings(refused: RosterRefused) -> Iterable[Finding]:
    return (finding for finding in refused.findings if isinstance(finding, Finding))


def _print_change(shown: RosterPreview) -> None:
    change = shown.change
    click.echo(
        f"added {len(change.added)}   updated {len(change.updated)}   deactivated {len(change.deactivated)}   "
        f"unchanged {change.unchanged}"
    )
    if shown.affected:
        rows = [[one.person, one.cause, one.leads, one.clocks, one.manager or "–"] for one in shown.affected]
        print_table(("person", "because", "open leads", "clocks", "manager"), rows)


def _print_listed(listed: Listed, *, as_json: bool) -> None:
    if as_json:
        print_json({"added": listed.added, "removed": listed.removed, "unchanged": listed.unchanged})
        return
    for sign, people in (("+", listed.added), ("-", listed.removed)):
        for email in people:
            click.echo(f"{sign} {email}")
    click.echo(f"added {len(listed.added)}   removed {len(listed.removed)}   unchanged {listed.unchanged}")
