"""`baton report`: fairness, clocks, speed, conversion and load, in the terminal."""

import click

from admin.cli.terminal import connected, fail, json_option, print_json, print_table
from admin.intake.envelope import ItemRefused
from admin.text.reporting import BY_ORIGIN, DEFAULT_ORIGIN, make_report, plain
from engine.clock import SystemClock
from engine.core.reports.tables import COLUMNS, REPORTS, Table


@click.command()
@click.argument("name", type=click.Choice(list(REPORTS)))
@click.option("--from", "since", help="First day in the policy zone, or a moment with its zone; default: this month's.")
@click.option("--to", "until", help="Last day, or the moment before which it ends; default: now.")
@click.option("--by", help=f"speed, conversion: the field whose values are origins; default: {DEFAULT_ORIGIN}.")
@json_option
def report(name: str, since: str | None, until: str | None, by: str | None, *, as_json: bool) -> None:
    """Show the report NAME over a period; default: this month so far."""
    if by is not None and name not in BY_ORIGIN:
        raise click.UsageError(f"--by is for {' and '.join(sorted(BY_ORIGIN))}")
    connected()
    try:
        made = make_report(name, {"from": since, "to": until, "by": by}, SystemClock().now())
    except ItemRefused as why:
        fail([f"{why.path} {why.message}"])
    if as_json:
        print_json(made.as_json())
        return
    period = made.question.period
    click.echo(f"{name}, from {period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC")
    for table in made.tables:
        show(table)


def show(table: Table) -> None:
    """Print one table. Columns with only zeros are left out."""
    click.echo(f"\n{table.key}")
    if not table.rows:
        click.echo("nothing in this period")
        return
    columns = table.telling
    print_table(columns, ([plain(COLUMNS[column], row[column]) for column in columns] for row in table.rows))
