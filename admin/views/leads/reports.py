"""Pages of the reports: one per report, each table also as a CSV file."""

from typing import Any

from flask import Response, redirect, request
from flask_admin import BaseView
from werkzeug.wrappers import Response as AnyResponse

from admin.intake.envelope import ItemRefused
from admin.moment import now
from admin.permissions import May
from admin.text import report_terms
from admin.text.reporting import BY_ORIGIN, DEFAULT_ORIGIN, Report, make_report, zone_of_days
from admin.views import problems
from admin.views.lists import Guarded, list_answer, page
from engine.core.reports.tables import COLUMNS, REPORTS, ColumnKind
from engine.store.read.report_origins import origin_fields

ROWS_SHOWN = 200
"""Most rows of a table on the page. The file has all."""
ASKED = ("from", "to", "by")


class Reports(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Fairness, clocks, speed, conversion, load."""

    needs = May.SEE_ALL_LEADS

    @page("/")
    def index(self) -> AnyResponse:
        """The first report."""
        return redirect(self.get_url(".report", which=next(iter(REPORTS))))

    @page("/<which>/")
    def report(self, which: str) -> str | tuple[str, int]:
        """One report, or what is wrong with its parameters."""
        if which not in REPORTS:
            problems.not_found()
        try:
            made, problem = make_report(which, request.args, now()), None
        except ItemRefused as why:
            made, problem = None, why
        text = str(self.render("baton/reports.html", name=which, report=made, problem=problem, **_words(which, made)))
        return (text, 422) if problem else text

    @page("/<which>/<table>.<any(csv, xlsx):kind>")
    def download(self, which: str, table: str, kind: str) -> Response:
        """One table as a file: every row and column, names as the API has them, shares and spans as numbers."""
        if table not in REPORTS.get(which, ()):
            problems.not_found()
        try:
            found = next(one for one in make_report(which, request.args, now()).tables if one.key == table)
        except ItemRefused:
            problems.not_found()
        rows = ([row[column] for column in found.columns] for row in found.rows)
        return list_answer(found.columns, rows, f"{which}-{table}", kind)


def _words(name: str, made: Report | None) -> dict[str, Any]:
    """What the template needs besides the report."""
    period = made.question.period if made else None
    zone = zone_of_days()
    return {
        "words": report_terms,
        "names": list(REPORTS),
        "text_columns": frozenset(column for column, kind in COLUMNS.items() if kind is ColumnKind.TEXT),
        "rows_shown": ROWS_SHOWN,
        "zone": zone.key,
        "since": period and period.since.astimezone(zone),
        "until": period and period.until.astimezone(zone),
        "origins": origin_fields() if name in BY_ORIGIN else [],
        "by": request.args.get("by") or DEFAULT_ORIGIN,
        "asked": {key: value for key in ASKED if (value := request.args.get(key))},
    }
