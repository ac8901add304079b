"""`baton import`: leads and events from a CSV or XLSX file, by the names of its columns or by a template."""

import json
import sys
from typing import IO, Any

import click

from admin.cli.terminal import connected, fail, json_option, print_json
from admin.importing.rows import ImportFile, digest_of, item_of, opened
from admin.importing.running import PREVIEWED, ImportSummary, import_rows, rejected_rows
from admin.importing.templates import ImportRefused, ImportTemplate, read_template, template_of, write_template
from admin.tables.files import read_table, written
from admin.text.reporting import zone_of_days
from engine.clock import SystemClock
from rulesets.document.document import DocumentUnreadable
from rulesets.document.tables import TableRefused


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--map", "map_", type=click.File("rb"), help="Template that says what the columns mean (YAML).")
@click.option("--suggest", is_flag=True, help="Only print a template of the columns that are recognised.")
@click.option("--dry-run", is_flag=True, help="Show how the first rows are read, and what would be rejected.")
@click.option("--source", help="Source of the events; default: the template's, else import.")
@click.option("--tag", "tags", multiple=True, help="Tag for each lead of the file; may be given several times.")
@click.option("--rejected", type=click.Path(dir_okay=False), help="Write rejected rows here (.csv or .xlsx).")
@json_option
def import_file(
    file: IO[bytes],
    map_: IO[bytes] | None,
    source: str | None,
    tags: tuple[str, ...],
    rejected: str | None,
    *,
    suggest: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import FILE (CSV or XLSX): each row is an event of a lead. Interruptions and repetitions do no harm."""
    raw, said = file.read(), map_.read() if map_ else None
    connected()
    try:
        opened_file = _opened(raw, said, source, tags)
    except (TableRefused, ImportRefused) as refused:
        fail([str(refused)])
    except DocumentUnreadable as unreadable:
        fail(finding.message for finding in unreadable.findings)
    if suggest:
        click.echo(write_template(opened_file.template), nl=False)
        return
    if dry_run and not as_json:
        _show(opened_file)
    summary = _run(opened_file, dry=dry_run, quiet=as_json or not sys.stderr.isatty())
    _tell(opened_file, summary, rejected, as_json=as_json, dry=dry_run)


def _opened(raw: bytes, said: bytes | None, source: str | None, tags: tuple[str, ...]) -> ImportFile:
    template = read_template(said) if said is not None else None
    opened_file = opened(read_table(raw), template, digest_of(raw), zone_of_days())
    known = opened_file.template
    changed = {**({"source": source} if source else {}), **({"tags": [*known.tags, *tags]} if tags else {})}
    if not changed:
        return opened_file
    told: ImportTemplate = template_of({**known.model_dump(mode="json"), **changed})
    return opened(opened_file.table, told, opened_file.digest, opened_file.zone)


def _show(file: ImportFile) -> None:
    """The first rows as they are read."""
    now = SystemClock().now()
    for row in file.table.rows[:PREVIEWED]:
        if file.table.fault(row) is None:
            item = item_of(file, row, now)
            click.echo(f"line {row.line}: {json.dumps({**item, 'id': '…'}, ensure_ascii=False)}")
    if file.ignored():
        click.echo(f"not taken over: {', '.join(file.ignored())}")


def _run(file: ImportFile, *, dry: bool, quiet: bool) -> ImportSummary:
    summary = ImportSummary()
    bar: Any
    with click.progressbar(length=len(file.table.rows), label="importing", file=sys.stderr, hidden=quiet) as bar:
        for summary in import_rows(file, file.table.rows, SystemClock().now(), dry=dry):
            bar.update(summary.read - bar.pos)
    return summary


def _tell(file: ImportFile, summary: ImportSummary, path: str | None, *, as_json: bool, dry: bool) -> None:
    if path is not None:
        with click.open_file(path, "wb") as out:
            out.write(written(rejected_rows(file, summary.rejected), "xlsx" if path.endswith(".xlsx") else "csv"))
    if as_json:
        counts = {"rows": summary.read, "accepted": summary.accepted, "duplicates": summary.duplicates}
        print_json({**counts, "rejected": [one.as_json() for one in summary.rejected]})
    else:
        counted = "" if dry else f"accepted {summary.accepted:,}   duplicates {summary.duplicates:,}   "
        click.echo(f"rows {summary.read:,}   {counted}rejected {len(summary.rejected):,}")
        for one in summary.rejected[:100]:
            click.echo(f"line {one.line}: {one.message} [{one.code}]", err=True)
    raise click.exceptions.Exit(1 if summary.rejected else 0)
