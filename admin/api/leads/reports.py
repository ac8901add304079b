"""`GET /v1/reports/…`: what people did with leads over a period, as tables of named columns.

`engine.core.reports.tables` lists the reports and their columns, for API, page, CSV and terminal alike.
"""

from typing import Any, cast

from flask import jsonify, request
from pydantic import BaseModel, Field, create_model

from admin.api.access import check_sees_all
from admin.api.leads.leads import check_parameters
from admin.api.routes import Answer, Parameter, Route
from admin.intake.envelope import ItemRefused
from admin.moment import now
from admin.text.reporting import BY_ORIGIN, DEFAULT_ORIGIN, make_report
from admin.web.problems import Problem
from engine.core.reports.tables import COLUMNS, REPORTS, ColumnKind

SUMMARIES = {
    "fairness": "How evenly leads were handed out, per assignment policy and person",
    "sla": "How clocks were met, per clock and owner; misses, strikes, suspensions and credits per person",
    "speed": "How soon leads that became ready were touched, per origin",
    "conversion": "How far leads came and how long it took, per origin",
    "load": "What everybody has and was given, leads per stage, and what waits",
}
PERIOD = (
    Parameter(
        "from", "Beginning: a day in the policy zone, or a moment with its zone; default: the first of the month"
    ),
    Parameter("to", "End: a day, which belongs to the period, or a moment, which does not; default: now"),
)
ORIGIN = Parameter("by", f"The field whose values are origins, {DEFAULT_ORIGIN} unless told")
TYPES: dict[ColumnKind, Any] = {
    ColumnKind.TEXT: str | None,
    ColumnKind.COUNT: int | None,
    ColumnKind.NUMBER: float | None,
    ColumnKind.SHARE: float | None,
    ColumnKind.SECONDS: float | None,
}
SAYS = {
    ColumnKind.SHARE: "A fraction of 1; null of nothing",
    ColumnKind.SECONDS: "Seconds; null where nothing was measured",
}


def get_fairness() -> Answer:
    """The fairness report."""
    return _answer("fairness")


def get_sla() -> Answer:
    """The report on clocks."""
    return _answer("sla")


def get_speed() -> Answer:
    """The report on first touches."""
    return _answer("speed")


def get_conversion() -> Answer:
    """The report on conversion."""
    return _answer("conversion")


def get_load() -> Answer:
    """The report on load."""
    return _answer("load")


def _answer(name: str) -> Answer:
    check_parameters(_parameters(name))
    check_sees_all("reports")
    try:
        report = make_report(name, request.args, now())
    except ItemRefused as why:
        raise Problem("invalid", f"{why.path} {why.message}.", parameter=why.path) from None
    return jsonify(report.as_json())


def _parameters(name: str) -> tuple[Parameter, ...]:
    return (*PERIOD, ORIGIN) if name in BY_ORIGIN else PERIOD


def _shape(name: str) -> type[BaseModel]:
    """A pydantic model of a report's answer, built from its columns."""
    rows = {
        table: create_model(f"{name.title()}{table.title()}Row", **{column: _typed(column) for column in columns})
        for table, columns in REPORTS[name].items()
    }
    tables = create_model(f"{name.title()}Tables", **cast("Any", {key: (list[row], ...) for key, row in rows.items()}))  # type: ignore[valid-type]
    extra: dict[str, Any] = {"by": (str, ...)} if name in BY_ORIGIN else {}
    told: dict[str, Any] = {
        "report": (str, ...),
        "since": (str, Field(alias="from")),
        "until": (str, Field(alias="to")),
        **extra,
        "tables": (tables, ...),
    }
    return create_model(f"{name.title()}Report", __doc__=SUMMARIES[name], **told)


def _typed(column: str) -> Any:
    kind = COLUMNS[column]
    return (TYPES[kind], Field(description=SAYS.get(kind)))


HANDLERS = {
    "fairness": get_fairness,
    "sla": get_sla,
    "speed": get_speed,
    "conversion": get_conversion,
    "load": get_load,
}
ROUTES = tuple(
    Route(
        "GET",
        f"/v1/reports/{name}",
        handler,
        SUMMARIES[name],
        ("leads:read",),
        {200: _shape(name)},
        problems=(401, 403, 422, 503),
        parameters=_parameters(name),
    )
    for name, handler in HANDLERS.items()
)
