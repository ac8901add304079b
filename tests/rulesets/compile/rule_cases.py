"""Small policies around conditions, for tests of the compiler."""

from typing import Any

from rulesets.policy.policy import Policy

Raw = dict[str, Any]


def policy_of(*conditions: Raw, **parts: Any) -> Policy:
    """A policy whose fit rules r0, r1 … have these conditions; ``parts`` are other parts of the document."""
    rules = [{"key": f"r{number}", "when": when, "points": 1} for number, when in enumerate(conditions)]
    fit = {"groups": [{"key": "g", "rules": rules}]}
    least = {
        "format": "baton.policy/1",
        "name": "case",
        "timezone": "Asia/Shanghai",
        "models": [{"key": "m", "fit": fit}],
    }
    return Policy.model_validate({**least, **parts})


def with_signal(when: Raw, **parts: Any) -> Policy:
    """A policy with one signal s on page.viewed."""
    signal = {"key": "s", "event": "page.viewed", "points": 1, "when": when}
    model = {"key": "m", "engagement": {"groups": [{"key": "g", "signals": [signal]}]}}
    return policy_of(models=[model], events=[{"key": "page.viewed", "kind": "direct"}], **parts)


def field(key: str, op: str, value: Any = None) -> Raw:
    """A test of a field."""
    return {"field": key, "op": op} | ({} if value is None else {"value": value})


def employees(op: str, value: Any = None) -> Raw:
    """A test of the number of employees."""
    return field("company.employees", op, value)
