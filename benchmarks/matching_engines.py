"""The same rules in every engine. Each adapter is built once and then returns the numbers of the rules that hold.

Every engine is used in the fastest form we found, with everything precompiled that can be.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import business_rules
import json_logic
import rule_engine
import zen
from business_rules.actions import BaseActions, rule_action
from business_rules.variables import (
    BaseVariables,
    boolean_rule_variable,
    numeric_rule_variable,
    string_rule_variable,
)

from benchmarks.matching_rules import CHOICES, FLAGS, NUMBERS, TITLES, Lead, Rule, Test
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.view import Frame, LeadView
from engine.matcher.rete import ReteMatcher
from rulesets.compile.compiler import compile_policy
from rulesets.policy.policy import Policy

Ask = Callable[[Any], set[int]]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def policy_of(rules: list[Rule]) -> Policy:
    """The rules as fit rules of one model."""
    types = {NUMBERS: "integer", CHOICES: "choice", TITLES: "text", FLAGS: "boolean"}
    written = [{"all": [_written(test) for test in rule]} if len(rule) > 1 else _written(rule[0]) for rule in rules]
    return Policy.model_validate({
        "format": "baton.policy/1",
        "name": "benchmark",
        "timezone": "UTC",
        "fields": [{"key": key, "type": kind} for keys, kind in types.items() for key in keys],
        "models": [{"key": "m", "fit": {"groups": [{"key": "g", "rules": [
            {"key": f"r{number}", "when": when, "points": 1} for number, when in enumerate(written)
        ]}]}}],
    })  # fmt: skip


def _written(test: Test) -> dict[str, Any]:
    return {"field": test.field, "op": test.op} | ({} if test.value is None else {"value": test.value})


def views(policy: Policy, leads: list[Lead]) -> list[LeadView]:
    """The leads as Baton's engine sees them."""
    frame = Frame.of(policy)
    return [LeadView.of(frame, lead, NOW) for lead in leads]


def numbers(fired: frozenset[str]) -> set[int]:
    """Numbers of the fit rules among rule ids. For comparing answers, not for timing."""
    return {int(rule.rpartition(".r")[2]) for rule in fired if rule.startswith("fit.")}


def baton(rules: list[Rule]) -> Callable[[LeadView], frozenset[str]]:
    """Compiled rules in durable_rules."""
    matcher = ReteMatcher.of(policy_of(rules))
    return lambda view: matcher.match("profile", view)


def forgetful_baton(rules: list[Rule]) -> Callable[[LeadView], frozenset[str]]:
    """Compiled rules in durable_rules, without the cache."""
    policy = policy_of(rules)
    matcher = ReteMatcher(compile_policy(policy), policy, remember=False)
    return lambda view: matcher.match("profile", view)


def interpreter(rules: list[Rule]) -> Callable[[LeadView], frozenset[str]]:
    """The reference interpreter."""
    matcher = InterpreterMatcher(policy_of(rules))
    return lambda view: matcher.match("profile", view)


def generated(rules: list[Rule]) -> Ask:
    """Python code generated for exactly these rules: the upper limit. As everywhere, an unknown value makes a test
    false.
    """
    fields = sorted({test.field for rule in rules for test in rule})
    names = {field: f"v{number}" for number, field in enumerate(fields)}
    lines = ["def ask(lead):", " get, hits = lead.get, set()", " hit = hits.add"]
    lines += [f" {names[field]} = get({field!r})" for field in fields]
    lines += [
        f" if {' and '.join(_python(test, names[test.field]) for test in rule)}: hit({number})"
        for number, rule in enumerate(rules)
    ]
    space: dict[str, Any] = {}
    exec("\n".join([*lines, " return hits"]), space)  # noqa: S102  # the limit is code made for the rules
    ask: Ask = space["ask"]
    return ask


def _python(test: Test, name: str) -> str:
    forms = {
        "between": "{n} is not None and {v[0]} <= {n} <= {v[1]}",
        "gte": "{n} is not None and {n} >= {v!r}",
        "eq": "{n} == {v!r}",
        "in": "{n} in {s}",
        "contains": "{n} is not None and {v!r} in {n}",
        "is_true": "{n} is True",
    }
    values = test.value if isinstance(test.value, list) else ()
    return forms[test.op].format(n=name, v=test.value, s="{" + ", ".join(map(repr, values)) + "}")


def zen_engine(rules: list[Rule]) -> Ask:
    """One compiled expression giving a list of truths."""
    expression = zen.compile_expression("[" + ", ".join(" and ".join(map(_zen, rule)) for rule in rules) + "]")

    def ask(lead: Lead) -> set[int]:
        return {number for number, truth in enumerate(expression.evaluate(lead)) if truth}

    return ask


def zen_table(rules: list[Rule]) -> Ask:
    """A decision with one node of expressions, one per rule, compiled ahead."""
    expressions = [
        {"id": f"e{n}", "key": f"r{n}", "value": " and ".join(map(_zen, rule))} for n, rule in enumerate(rules)
    ]
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "node", "name": "node", "type": "expressionNode", "content": {"expressions": expressions}},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [{"id": "1", "sourceId": "in", "targetId": "node"}, {"id": "2", "sourceId": "node", "targetId": "out"}]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def ask(lead: Lead) -> set[int]:
        return {int(key[1:]) for key, truth in decision.evaluate(lead)["result"].items() if truth is True}

    return ask


def _zen(test: Test) -> str:
    name, value = flat(test.field), test.value
    forms = {
        "between": f"{name} in [{value[0]}..{value[1]}]" if isinstance(value, list) and test.op == "between" else "",
        "gte": f"{name} >= {value}",
        "eq": f"{name} == {json.dumps(value)}",
        "in": f"{name} in {json.dumps(value)}",
        "contains": f"contains({name}, {json.dumps(value)})",
        "is_true": f"{name} == true",
    }
    return forms[test.op]


def flat(field: str) -> str:
    """A field's name without dots, as the other engines are given it."""
    return field.replace(".", "_")


def rule_engine_(rules: list[Rule]) -> Ask:
    """rule-engine: one compiled rule each."""
    forms = {
        "between": "{n} >= {v[0]} and {n} <= {v[1]}",
        "gte": "{n} >= {v}",
        "eq": '{n} == "{v}"',
        "in": "{n} in {j}",
        "contains": '"{v}" in {n}',
        "is_true": "{n} == true",
    }
    compiled = [
        rule_engine.Rule(" and ".join(
            forms[test.op].format(n=flat(test.field), v=test.value, j=json.dumps(test.value)) for test in rule
        ))
        for rule in rules
    ]  # fmt: skip
    return lambda lead: {number for number, rule in enumerate(compiled) if rule.matches(lead)}


def json_logic_(rules: list[Rule]) -> Ask:
    """json-logic: one tree each."""
    trees = [{"and": [_logic(test) for test in rule]} for rule in rules]
    return lambda lead: {number for number, tree in enumerate(trees) if json_logic.jsonLogic(tree, lead)}


def _logic(test: Test) -> dict[str, Any]:
    var, value = {"var": flat(test.field)}, test.value
    if test.op == "between":
        return {"<=": [value[0], var, value[1]]}
    forms = {"gte": {">=": [var, value]}, "eq": {"==": [var, value]}, "in": {"in": [var, value]},
             "contains": {"in": [value, var]}, "is_true": {"==": [var, True]}}  # fmt: skip
    return forms[test.op]


def business_rules_(rules: list[Rule]) -> Ask:
    """business-rules: variables read from the lead, one action that notes the rule's number."""
    makers = (
        (NUMBERS, numeric_rule_variable),
        (CHOICES + TITLES, string_rule_variable),
        (FLAGS, boolean_rule_variable),
    )
    space = {flat(field): _variable(field, maker) for fields, maker in makers for field in fields}
    variables = type("Variables", (BaseVariables,), {"__init__": _keep_lead, **space})
    written = [
        {"conditions": {"all": [part for test in rule for part in _business(test)]},
         "actions": [{"name": "hit", "params": {"number": number}}]}
        for number, rule in enumerate(rules)
    ]  # fmt: skip

    def ask(lead: Lead) -> set[int]:
        actions = Hits()
        business_rules.run_all(written, variables(lead), actions)
        return actions.hits

    return ask


class Hits(BaseActions):  # type: ignore[misc]  # the library carries no types
    """Notes the numbers of the rules that fired."""

    def __init__(self) -> None:
        self.hits: set[int] = set()

    @rule_action(params={"number": "numeric"})  # type: ignore[untyped-decorator]
    def hit(self, number: int) -> None:
        self.hits.add(number)


def _keep_lead(self: Any, lead: Lead) -> None:
    self.lead = lead


def _variable(field: str, maker: Any) -> Any:
    name = flat(field)

    def variable(self: Any) -> Any:
        return self.lead[name]

    variable.__name__ = name
    return maker()(variable)


def _business(test: Test) -> list[dict[str, Any]]:
    name, value = flat(test.field), test.value
    if test.op == "between":
        return [{"name": name, "operator": "greater_than_or_equal_to", "value": value[0]},
                {"name": name, "operator": "less_than_or_equal_to", "value": value[1]}]  # fmt: skip
    if test.op == "in":
        return [{"any": [{"name": name, "operator": "equal_to", "value": option} for option in value]}]
    names = {"gte": "greater_than_or_equal_to", "eq": "equal_to", "contains": "contains", "is_true": "is_true"}
    return [{"name": name, "operator": names[test.op], "value": value}]
