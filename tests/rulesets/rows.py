"""Short builders of conditions, fit groups and signals."""

from typing import Any

from tests.rulesets.documents import policy

SIZE, RATIO, LEVEL, TITLE = "company.size_x", "company.ratio_x", "lead.level_x", "lead.title_x"
FLAGS, BUDGET, DAY, SEEN = "lead.flags_x", "answers.budget_x", "lead.day_x", "lead.seen_x"
ALWAYS: dict[str, Any] = {"all": []}


def asks(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def size(op: str, value: Any = None) -> dict[str, Any]:
    return asks(SIZE, op, value)


def every(*parts: Any) -> dict[str, Any]:
    return {"all": list(parts)}


def some(*parts: Any) -> dict[str, Any]:
    return {"any": list(parts)}


def no(*parts: Any) -> dict[str, Any]:
    return {"none": list(parts)}


def times(op: str, value: Any = None, **of: Any) -> dict[str, Any]:
    return {"count": {"event": "pricing.viewed", **of}, "op": op} | ({} if value is None else {"value": value})


def since(op: str, value: Any = None) -> dict[str, Any]:
    return {"days_since": {"event": "pricing.viewed"}, "op": op} | ({} if value is None else {"value": value})


def prop(op: str, value: Any = None) -> dict[str, Any]:
    return {"event": "properties.p", "op": op} | ({} if value is None else {"value": value})


def rules(*rows: tuple[Any, float], **group: Any) -> dict[str, Any]:
    """A fit group with rows of (condition, points)."""
    listed = [{"key": f"r{n}", "when": when, "points": points} for n, (when, points) in enumerate(rows)]
    return {"key": "g", "rules": listed, **group}


def with_groups(*groups: dict[str, Any], **fit: Any) -> dict[str, Any]:
    named = [{**group, "key": f"g{n}"} for n, group in enumerate(groups)]
    return policy(models=[{"key": "m", "fit": {"groups": named, **fit}}])


def place(number: int, group: int = 0) -> str:
    return f"models[0].fit.groups[{group}].rules[{number}]"


def listening(*signals: dict[str, Any], group: dict[str, Any] | None = None, **engagement: Any) -> dict[str, Any]:
    rows = [{"key": f"s{n}", "event": "pricing.viewed", "points": 5, **one} for n, one in enumerate(signals)]
    return policy(
        models=[{"key": "m", "engagement": {"groups": [{"key": "g", "signals": rows, **(group or {})}], **engagement}}]
    )


def signal_at(number: int) -> str:
    return f"models[0].engagement.groups[0].signals[{number}]"
