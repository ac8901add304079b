"""The oracle's conditions: R2.1–R2.7 as plain code.

Part of `tests/oracle/oracle.py`; written from the page alone. It may not import anything of the product.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.reading import (
    Document,
    Unreadable,
    Value,
    age_in_days,
    boolean,
    day,
    fold,
    instant,
    is_nothing,
    moment_of,
    number,
    option_set,
    types_of,
)


@dataclass
class Seen:
    """What a condition may look at: the policy, the facts, the past, the moment, and the event at hand if there is one.

    ``account``: the facts of each open lead of the account, where it is the account that is scored (R3.7).
    """

    policy: Document
    facts: dict[str, Value]
    past: list[Document]
    now: datetime
    event: Document | None = None
    account: tuple[dict[str, Value], ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy["timezone"])


def holds(condition: Document, seen: Seen) -> bool:
    """R2.1–R2.3: two-valued truth."""
    if "all" in condition:
        return all(holds(child, seen) for child in condition["all"])
    if "any" in condition:
        return any(holds(child, seen) for child in condition["any"])
    if "none" in condition:
        return not any(holds(child, seen) for child in condition["none"])
    if "segment" in condition:
        [segment] = [segment for segment in seen.policy["segments"] if segment["key"] == condition["segment"]]
        return holds(segment["when"], seen)
    return holds_alone(condition, seen)


def holds_alone(condition: Document, seen: Seen) -> bool:
    """A condition that is no group: a test of one value."""
    operand = condition.get("value")
    if "field" in condition:
        definition = types_of(seen.policy).get(condition["field"], {"type": "text"})
        return test(condition["op"], definition["type"], seen.facts.get(condition["field"]), operand, seen)
    if "event" in condition:
        kind, value = read_property(condition, seen)
        return test(condition["op"], kind, value, operand, seen)
    kind = "decimal"
    return test(condition["op"], kind, measure(condition, seen), operand, seen)


def holds_for(condition: Document, seen: Seen) -> bool:
    """R3.7: what reads a lead's own facts holds if, taken whole, it holds for at least one lead of the account."""
    if seen.account and reads_lead(condition, seen.policy):
        return any(holds(condition, replace(seen, facts=facts)) for facts in seen.account)
    return holds(condition, seen)


def reads_lead(condition: Any, policy: Document) -> bool:
    """Whether a condition reads `lead.*` or `answers.*` anywhere, segments and `where` included."""
    if isinstance(condition, list):
        return any(reads_lead(child, policy) for child in condition)
    if not isinstance(condition, dict):
        return False
    if "segment" in condition:
        [segment] = [segment for segment in policy["segments"] if segment["key"] == condition["segment"]]
        return reads_lead(segment["when"], policy)
    own = str(condition.get("field", "")).startswith(("lead.", "answers."))
    return own or any(reads_lead(value, policy) for value in condition.values())


def measure(condition: Document, seen: Seen) -> Value:
    """R2.3: how often within the days, or how long ago in days."""
    of = condition.get("count") or condition["days_since"]
    found = [
        event
        for event in seen.past
        if is_of(event, of["event"], seen.policy) and holds(of.get("where", {"all": []}), replace(seen, event=event))
    ]
    ages = [age_in_days(moment_of(event), seen.now) for event in found]
    if "days_since" in condition:
        return min(ages, default=None)
    return Fraction(sum(1 for age in ages if "days" not in of or age < of["days"]))


def is_of(event: Document, wanted: str | list[str], policy: Document) -> bool:
    """Whether an event is of a key, by its own name or an alias (R1.8)."""
    keys = [wanted] if isinstance(wanted, str) else wanted
    names = {event["type"]} | {
        known["key"] for known in policy.get("events", []) if event["type"] in known.get("aliases", [])
    }
    return bool(names & set(keys))


def property_of(event: Document, path: str) -> Any:
    """What lies at `properties.…` of an event."""
    value: Any = event
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def read_property(condition: Document, seen: Seen) -> tuple[str, Value]:
    """R2.5: the operator and its operand say how to read the property."""
    assert seen.event is not None
    raw, op, operand = property_of(seen.event, condition["event"]), condition["op"], condition.get("value")
    kind = implied_kind(op, operand)
    if is_nothing(raw):
        return kind, None
    try:
        return kind, _read_implied(kind, raw, seen.zone)
    except (Unreadable, ValueError):
        return kind, None


def implied_kind(op: str, operand: Any) -> str:
    first = operand[0] if isinstance(operand, list) and operand else operand
    if op in {"known", "unknown"}:
        return "any"
    if op in {"is_true", "is_false"}:
        return "boolean"
    if op in {"has_any", "has_all", "has_none"}:
        return "choices"
    if op in {"within_last_days", "more_than_days_ago"}:
        return "datetime"
    if op in {"before", "after", "on_or_before", "on_or_after"} or (op == "between" and isinstance(first, str)):
        return "date" if len(first) <= 10 else "datetime"
    return "decimal" if isinstance(first, int | float) else "text"


def _read_implied(kind: str, raw: Any, zone: ZoneInfo) -> Value:
    if kind == "decimal":
        return number(raw, 4)
    if kind == "boolean":
        return boolean(raw)
    if kind == "choices":
        return option_set(raw, None)
    if kind == "date":
        return day(raw, zone)
    if kind == "datetime":
        return instant(raw, zone)
    if kind == "text" and not isinstance(raw, str):
        raise Unreadable(raw)
    return str(raw)


def test(op: str, kind: str, value: Value, operand: Any, seen: Seen) -> bool:
    """R2.1: an unknown value satisfies nothing but `unknown`."""
    if op in {"known", "unknown"}:
        return (value is not None) == (op == "known")
    if value is None:
        return False
    if op in {"is_true", "is_false"}:
        return value is (op == "is_true")
    return test_known(op, kind, value, operand, seen)


def test_known(op: str, kind: str, value: Value, operand: Any, seen: Seen) -> bool:
    """A known value against its operand, by type."""
    if kind == "choices":
        assert isinstance(value, frozenset)
        return test_set(op, {fold(member) for member in value}, {fold(member) for member in operand})
    if kind in {"text", "choice"}:
        return test_text(op, fold(str(value)), operand)
    if kind in {"date", "datetime"}:
        return test_time(op, value, operand, seen)
    assert isinstance(value, Fraction)
    ends = [Fraction(str(end)) for end in operand] if isinstance(operand, list) else [Fraction(str(operand))]
    return compare(op, value, ends)


def test_set(op: str, value: set[str], wanted: set[str]) -> bool:
    return {"has_any": bool(value & wanted), "has_all": wanted <= value, "has_none": not value & wanted}[op]


def test_text(op: str, value: str, operand: Any) -> bool:
    """R2.4."""
    if op == "matches":
        return re.search(operand, value, re.IGNORECASE) is not None
    if op in {"in", "not_in"}:
        return (value in [fold(one) for one in operand]) == (op == "in")
    wanted = fold(operand)
    return {
        "eq": value == wanted,
        "neq": value != wanted,
        "contains": wanted in value,
        "not_contains": wanted not in value,
        "starts_with": value.startswith(wanted),
        "ends_with": value.endswith(wanted),
    }[op]


def test_time(op: str, value: Any, operand: Any, seen: Seen) -> bool:
    """R2.6: calendar days in the policy zone, or instants."""
    is_day = not isinstance(value, datetime)
    now = seen.now.astimezone(seen.zone).date() if is_day else seen.now
    if op == "within_last_days":
        return bool(now - timedelta(days=operand) < value <= now)
    if op == "more_than_days_ago":
        return bool(value <= now - timedelta(days=operand))
    texts = operand if isinstance(operand, list) else [operand]
    ends = [day(text, seen.zone) if is_day else instant(text, seen.zone) for text in texts]
    return compare(
        {"before": "lt", "after": "gt", "on_or_before": "lte", "on_or_after": "gte"}.get(op, op), value, ends
    )


def compare(op: str, value: Any, ends: list[Any]) -> bool:
    """The order tests that numbers, days and instants share; both ends of `between` are included."""
    first = ends[0]
    return bool(
        {
            "eq": value == first,
            "neq": value != first,
            "lt": value < first,
            "lte": value <= first,
            "gt": value > first,
            "gte": value >= first,
            "between": first <= value <= ends[-1],
        }[op]
    )
