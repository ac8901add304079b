"""Words of the reports in the reader's language: titles, descriptions, columns, values, spans of time.

A test checks that every column of `engine.core.reports.tables` has a label.
"""

from typing import Any

from flask_babel import format_decimal, format_percent, gettext
from flask_babel import lazy_gettext as _l

from admin.text import terms
from admin.text.reporting import in_one_unit
from engine.core.reports.tables import COLUMNS, ColumnKind

TITLES = {
    "fairness": _l("Fairness"),
    "sla": _l("Clocks and discipline"),
    "speed": _l("Speed to lead"),
    "conversion": _l("Conversion"),
    "load": _l("Load"),
}
SAYS = {
    "fairness": _l(
        "How evenly leads were handed out. What was due to somebody is their part of every lead they could have "
        "received: equal, by weight or by department, as the policy says. Leads given by hand are no turns."
    ),
    "sla": _l("How promises were kept: of the clocks that started in this period, and what misses led to."),
    "speed": _l(
        "How soon leads that became ready in this period were first touched. After five hours the chance collapses."
    ),
    "conversion": _l(
        "How far the leads came whose first event lies in this period, and how long it took until they were won."
    ),
    "load": _l("What everybody has at this moment, what they were given in this period, and what waits for somebody."),
}
TABLES = {
    ("fairness", "policies"): _l("Assignment policies"),
    ("fairness", "people"): _l("People"),
    ("sla", "clocks"): _l("Clocks"),
    ("sla", "owners"): _l("Clocks per owner"),
    ("sla", "discipline"): _l("Discipline and credit"),
    ("speed", "all"): _l("All leads"),
    ("speed", "origins"): _l("Origins"),
    ("conversion", "all"): _l("All leads"),
    ("conversion", "origins"): _l("Origins"),
    ("load", "owners"): _l("Owners"),
    ("load", "stages"): _l("Stages"),
    ("load", "waiting"): _l("Waiting for an owner"),
}
LABELS = {
    "policy": _l("Policy"),
    "person": _l("Person"),
    "clock": _l("Clock"),
    "origin": _l("Origin"),
    "role": _l("Role"),
    "stage": _l("Stage"),
    "where": _l("Where"),
    "decisions": _l("Decisions"),
    "assigned": _l("Assigned"),
    "nobody": _l("Nobody found"),
    "offered": _l("Could receive"),
    "share": _l("Share"),
    "ideal_share": _l("Ideal share"),
    "expected": _l("Due (leads)"),
    "deviation": _l("Deviation (leads)"),
    "sticky": _l("As owner of the account"),
    "manual": _l("By hand"),
    "dispatched": _l("Dispatched"),
    "skipped": _l("Passed over"),
    "inactive": _l("inactive"),
    "absent": _l("absent"),
    "suspended": _l("suspended"),
    "not_listed": _l("not listed"),
    "capacity": _l("Capacity"),
    "cap_day": _l("daily cap"),
    "cap_week": _l("weekly cap"),
    "cap_month": _l("monthly cap"),
    "no_match": _l("no match"),
    "previous": _l("had it before"),
    "off_hours": _l("off hours"),
    "started": _l("Started"),
    "met": _l("Met"),
    "met_late": _l("Met late"),
    "breached": _l("Missed"),
    "cancelled": _l("Cancelled"),
    "held": _l("Held"),
    "broken": _l("Broken"),
    "running": _l("Running"),
    "met_rate": _l("Kept"),
    "median": _l("Median"),
    "p90": _l("90 % within"),
    "accepted": _l("Accepted"),
    "rejected": _l("Rejected"),
    "released": _l("Released"),
    "claimed": _l("Claimed"),
    "lost": _l("Lost to the pool"),
    "missed": _l("Clocks missed"),
    "strikes": _l("Strikes now"),
    "suspensions": _l("Suspensions"),
    "credits": _l("Credits"),
    "became_ready": _l("Became ready"),
    "touched": _l("Touched"),
    "leads": _l("Number of leads"),
    "open": _l("Open leads"),
    "used": _l("Of the capacity"),
    "longest": _l("Longest wait"),
    "ready_rate": _l("→ Ready"),
    "mql_rate": _l("→ MQL"),
    "sql_rate": _l("→ SQL"),
    "opportunity_rate": _l("→ Opportunity"),
    "won_rate": _l("→ Won"),
    "total_rate": _l("Lead → Won"),
    **{stage: terms.STAGES[stage] for stage in ("ready", "mql", "sql", "opportunity", "won")},
    "within_1m": _l("within 1 min"),
    "within_5m": _l("within 5 min"),
    "within_30m": _l("within 30 min"),
    "within_1h": _l("within 1 h"),
    "within_5h": _l("within 5 h"),
    "within_1d": _l("within 1 day"),
}
"""Column → label."""
UNKNOWN = {"origin": _l("not known"), "policy": _l("outside every policy")}
"""Column → what an empty value means."""
CODES = {"role": terms.ROLES, "stage": terms.STAGES, "where": {**terms.ROLES, "pool": terms.WORDS["pool"]}}
"""Columns whose values are codes."""


def shown(column: str, value: Any) -> str:
    """A value of a column as people read it."""
    if value is None:
        return str(UNKNOWN.get(column, "—"))
    kind = COLUMNS[column]
    if kind is ColumnKind.SHARE:
        return str(format_percent(value, "0.0%"))
    if kind is ColumnKind.SECONDS:
        return span(value)
    if kind is ColumnKind.TEXT:
        return str(terms.term(CODES.get(column, {}), value) or value)
    return str(format_decimal(value))


def span(seconds: float) -> str:
    """A span of time in one unit."""
    amount, unit = in_one_unit(seconds)
    number = format_decimal(amount)
    match unit:
        case "d":
            return str(gettext("%(n)s d", n=number))
        case "h":
            return str(gettext("%(n)s h", n=number))
        case "min":
            return str(gettext("%(n)s min", n=number))
        case _:
            return str(gettext("%(n)s s", n=number))


def alarming(column: str, value: Any) -> bool:
    """Whether a figure is highlighted: it differs from the due share by more than one lead."""
    return column == "deviation" and value is not None and abs(value) > 1
