"""Importing leads and events on a page: choose a file, look at its rows as they would be read, take them in.

Rows are taken in by requests of two seconds each; the page sends one after the other. Nothing is lost when it is closed
meanwhile: who opens it again goes on.
"""

import time
from itertools import islice
from typing import Any

from flask import Response, flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin.importing.columns import recognised
from admin.importing.kept import content_of, file_of, rest_of, run_values
from admin.importing.rows import SCOPES, ImportFile, RejectedRow, item_of, read_part
from admin.importing.running import PREVIEWED, import_rows, rejected_rows
from admin.importing.templates import (
    TARGETS,
    ImportRefused,
    ImportTemplate,
    as_document,
    read_template,
    template_of,
    write_template,
)  # fmt: skip
from admin.moment import now
from admin.permissions import May, actor, may
from admin.tables.files import Format, read_table
from admin.text.policy.findings import why
from admin.text.policy.wording import worded
from admin.text.reporting import zone_of_days
from admin.views import problems
from admin.views.imports.forms import template_from
from admin.views.lists import Guarded, page, table_answer
from engine.errors import NotFound
from engine.store.imports import runs, templates
from engine.store.schema.intake_tables import ImportRun
from rulesets.document.document import DocumentUnreadable
from rulesets.document.tables import TableRefused

SECONDS = 2.0
"""How long one request takes rows in; the page shows its progress in between."""
REFUSALS = (TableRefused, ImportRefused, DocumentUnreadable, NotFound)


class Imports(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Files of leads and events."""

    needs = May.IMPORT_LEADS

    @page("/")
    def index(self) -> str:
        """The form for a file, the latest files, and the templates."""
        return self._start("")

    def _start(self, refusal: str) -> str:
        shown = {"runs": runs.list_runs(actor()), "templates": templates.template_names()}
        return str(self.render("baton/imports.html", refusal=refusal, **shown))

    @page("/", "POST")
    def take_file(self) -> str | AnyResponse:
        """Keep a file, and show how it would be read."""
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            return self._start(gettext("Choose a file first."))
        raw, name = upload.read(), request.form.get("template", "")
        try:
            table = read_table(raw)
            chosen = templates.read_template_body(name) if name else {"columns": recognised(table)}
            body = as_document(template_of(chosen))
        except REFUSALS as refused:
            return self._start(why(refused))
        number = runs.add_run(run_values(upload.filename, raw, table, body, actor(), now()))
        return redirect(self.get_url(".run", number=number))

    @page("/<int:number>/")
    def run(self, number: int) -> str:
        """A file: its preview, its progress, or what became of it."""
        kept = _kept(number)
        return self._shown(kept, template_of(kept.body), "")

    @page("/<int:number>/", "POST")
    def change(self, number: int) -> str | AnyResponse:
        """Another meaning of columns, kept as a template if it has a name and the form says so."""
        kept = _kept(number)
        try:
            told = template_from(request.form, file_names(kept))
            runs.change_body(number, actor(), as_document(told))
        except REFUSALS as refused:
            return self._shown(kept, template_of(kept.body), why(refused))
        if request.form.get("keep") == "1" and told.name:
            templates.save_template(told.name, as_document(told), actor(), now())
            flash(gettext("The template %(name)s is saved.", name=told.name), "success")
        return redirect(self.get_url(".run", number=number))

    def _shown(self, kept: ImportRun, template: ImportTemplate, refusal: str) -> str:
        table = content_of(kept)
        try:
            file = file_of(kept, table, template, zone_of_days(), _scopes())
            rows = [] if kept.began_at else _preview(file)
        except ImportRefused as refused:
            file, rows, refusal = None, [], refusal or why(refused)
        columns = [
            {
                "name": name,
                "target": template.columns.get(name, ""),
                "sample": table.rows[0].cells[place] if table.rows and place < len(table.rows[0].cells) else "",
            }
            for place, name in enumerate(table.names)
        ]
        return str(
            self.render(
                "baton/import_run.html", kept=kept, told=template, columns=columns, file=file, preview=rows,
                refusal=refusal, targets=worded(TARGETS), shown_of_rejected=kept.rejected[:PREVIEWED],
            )
        )  # fmt: skip

    @page("/<int:number>/go", "POST")
    def go_on(self, number: int) -> AnyResponse:
        """Take in rows for two seconds."""
        kept = _kept(number)
        try:
            _take_rows(kept)
        except REFUSALS as refused:
            flash(why(refused), "error")
        return redirect(self.get_url(".run", number=number))

    @page("/<int:number>/rejected.<any(csv, xlsx):kind>")
    def rejected(self, number: int, kind: Format) -> Response:
        """The rows that were not taken, as a file to mend and to import."""
        kept = _kept(number)
        file = file_of(kept, content_of(kept), template_of(kept.body), zone_of_days(), _scopes())
        return table_answer(rejected_rows(file, [RejectedRow(**one) for one in kept.rejected]), "rejected", kind)

    @page("/templates", "POST")
    def take_template(self) -> str | AnyResponse:
        """Keep a template from a file."""
        upload = request.files.get("file")
        try:
            told = read_template(upload.read() if upload else b"")
            if not told.name:
                return self._start(gettext("The template has no name: give it one."))
            templates.save_template(told.name, as_document(told), actor(), now())
        except (*REFUSALS, UnicodeDecodeError) as refused:
            return self._start(why(refused))
        flash(gettext("The template %(name)s is saved.", name=told.name), "success")
        return redirect(self.get_url(".index"))

    @page("/templates/file")
    def template(self) -> Response:
        """A template as a file for the command line."""
        try:
            body = templates.read_template_body(request.args.get("name", ""))
        except NotFound:
            problems.not_found()
        headers = {"Content-Disposition": "attachment; filename=template.yaml"}
        return Response(write_template(template_of(body)), mimetype="application/yaml", headers=headers)

    @page("/templates/remove", "POST")
    def remove_template(self) -> AnyResponse:
        """Forget a template."""
        try:
            templates.remove_template(request.form.get("name", ""), actor())
        except NotFound as refused:
            flash(why(refused), "error")
        return redirect(self.get_url(".index"))


def file_names(kept: ImportRun) -> tuple[str, ...]:
    """The columns of a kept file."""
    return content_of(kept).names


def _kept(number: int) -> ImportRun:
    try:
        return runs.read_run(number, actor())
    except NotFound:
        problems.not_found()


def _scopes() -> frozenset[str]:
    """Work on leads may be imported by those who may work on any."""
    return SCOPES if may(May.WORK_ANY_LEAD) else SCOPES - {"leads:write"}


def _preview(file: ImportFile) -> list[tuple[int, list[Any], str]]:
    """The first rows: line, what is read of each column that is taken over, and why the row would be rejected."""
    first, at = file.table.rows[:PREVIEWED], now()
    notes = {one.line: one.message for one in read_part(file, first, at)[1]}
    shown = []
    for row in first:
        item = {} if file.table.fault(row) else item_of(file, row, at)
        shown.append((row.line, [_read(item, target) for target in file.places.values()], notes.get(row.line, "")))
    return shown


def _read(item: dict[str, Any], target: str) -> Any:
    group, _, name = target.partition(".")
    return item.get(group, "") if not name else item.get(group, {}).get(name, "")


def _take_rows(kept: ImportRun) -> None:
    """Lists of rows from where the file stands, until the time is up; each is counted as soon as it is committed."""
    table, until = content_of(kept), time.monotonic() + SECONDS
    file = file_of(kept, table, template_of(kept.body), zone_of_days(), _scopes())
    before = (0, 0, 0)
    for summary in import_rows(file, islice(table.rows, kept.done, None), kept.made_at):
        runs.advance_run(
            kept.id or 0,
            now(),
            accepted=summary.accepted - before[0],
            duplicates=summary.duplicates - before[1],
            rejected=[one.as_json() for one in summary.rejected[before[2] :]],
            done=kept.done + summary.read,
            content=rest_of(table, kept.rejected, summary.rejected) if kept.done + summary.read >= kept.rows else None,
        )
        before = (summary.accepted, summary.duplicates, len(summary.rejected))
        if time.monotonic() > until:
            return
