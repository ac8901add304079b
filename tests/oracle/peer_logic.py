"""JSON Logic rules as conditions of a policy, where the two mean the same; elsewhere the reason why they do not.

`translate` gives a `Question`: conditions with the facts and events they are asked about, and what must hold. It knows
the documents only; who evaluates them is the test's business. Literals become facts, since conditions ask about fields;
the members of a list become events, since `count` with `where` is how a policy speaks of several things.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.worlds.conditions import Raw

TRUE: Raw = {"all": []}
FALSE: Raw = {"none": [TRUE]}
ITEM = "item.listed"
COMPARISONS = {"==": "eq", "===": "eq", "!=": "neq", "!==": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
MIRRORED = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}

VALUE = "it gives a value; a condition gives a truth"
COMPUTES = "it computes a value (arithmetic, text, lists); conditions compute nothing"
STRICT = "it tells 1 from '1' by the value's type; here the field's type reads both alike (R1.5)"
ZERO = "it takes 0 for false; here 0 is a known number (R1.6)"
DYNAMIC = "it names its fields by computing them; conditions name fields that the lint can check"


class LeftOut(Exception):
    """The rule means something that conditions do not; ``args[0]`` is the reason."""


@dataclass
class Question:
    """What a rule asks: named conditions, the facts and events, and the names that must be true.

    ``checklist`` asks for so many of the conditions instead (R4.1): ``passes`` is the answer.
    """

    conditions: dict[str, Raw] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    items: list[Raw] = field(default_factory=list)
    true: set[str] = field(default_factory=set)
    checklist: int | None = None
    passes: bool = False


def translate(rule: Any, data: Any, result: Any) -> Question:
    """The rule as a question to a policy; raises LeftOut with the reason."""
    asked = Question()
    operator = operator_of(rule)
    if operator in {"missing", "missing_some"}:
        _missing(asked, operator, rule[operator], data, result)
        return asked
    asked.conditions["it"] = _truth(asked, rule, data)
    if not isinstance(result, bool):
        raise LeftOut(VALUE)
    asked.true = {"it"} if result else set()
    return asked


def operator_of(rule: Any) -> str:
    """The operator of a rule; empty for a literal."""
    return str(next(iter(rule))) if isinstance(rule, dict) else ""


def _arguments(rule: Raw) -> list[Any]:
    [arguments] = rule.values()
    return arguments if isinstance(arguments, list) else [arguments]


def _truth(asked: Question, rule: Any, data: Any) -> Raw:
    """A rule as a condition."""
    if isinstance(rule, bool):
        return TRUE if rule else FALSE
    if isinstance(rule, str | list):
        return {"field": _fact(asked, rule, "text"), "op": "known"}
    operator = operator_of(rule)
    if operator in COMPARISONS:
        return _comparison(asked, operator, _arguments(rule), data)
    make = TRUTHS.get(operator)
    if make is None:
        raise LeftOut(REASONS.get(operator, ZERO if rule in (0, 1) else VALUE))
    return make(asked, _arguments(rule), data)


def _all(asked: Question, arguments: list[Any], data: Any) -> Raw:
    return {"all": [_truth(asked, argument, data) for argument in arguments]}


def _any(asked: Question, arguments: list[Any], data: Any) -> Raw:
    return {"any": [_truth(asked, argument, data) for argument in arguments]}


def _not(asked: Question, arguments: list[Any], data: Any) -> Raw:
    return {"none": [_truth(asked, arguments[0], data)]}


def _if(asked: Question, arguments: list[Any], data: Any) -> Raw:
    """Only an `if` that is nothing but its condition is a truth."""
    if len(arguments) != 1:
        raise LeftOut(VALUE)
    return _truth(asked, arguments[0], data)


def _in(asked: Question, arguments: list[Any], data: Any) -> Raw:
    needle, among = arguments
    if isinstance(among, list):
        return {"field": _operand(asked, needle, data, "text"), "op": "in", "value": among}
    return {"field": _fact(asked, among, "text"), "op": "contains", "value": needle}


def _comparison(asked: Question, operator: str, arguments: list[Any], data: Any) -> Raw:
    if operator in {"===", "!=="} and isinstance(arguments[0], str) is not isinstance(arguments[1], str):
        raise LeftOut(COMPUTES if isinstance(arguments[1], dict) else STRICT)
    op = COMPARISONS[operator]
    if len(arguments) == 3:
        low, middle, high = arguments
        key = _operand(asked, middle, data, "decimal")
        return {"all": [{"field": key, "op": MIRRORED[op], "value": low}, {"field": key, "op": op, "value": high}]}
    left, right = arguments
    if isinstance(right, str) and not isinstance(left, str | dict):
        left, right, op = right, left, MIRRORED.get(op, op)
    if not isinstance(right, int | float | str):
        raise LeftOut(COMPUTES)
    kind = "text" if isinstance(right, str) else "decimal"
    return {"field": _operand(asked, left, data, kind), "op": op, "value": right}


def _operand(asked: Question, value: Any, data: Any, kind: str) -> str:
    """The field that holds a value: a literal's own, or that of a variable."""
    if operator_of(value) != "var":
        return _fact(asked, value, kind)
    key = f"answers.{value['var']}"
    asked.fields[key] = kind
    if (known := at(data, value["var"])) is not None:
        asked.facts[key] = known
    return key


def _fact(asked: Question, value: Any, kind: str) -> str:
    key = f"answers.literal{len(asked.fields)}"
    asked.fields[key], asked.facts[key] = kind, value
    return key


def at(data: Any, path: str) -> Any:
    """What lies at a path of the data; None where there is nothing."""
    for step in path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return data


def _of_items(asked: Question, arguments: list[Any], data: Any) -> tuple[Raw, Raw]:
    """A list as events: the count of the members that fit, and of those that do not."""
    source, rule = arguments
    members = at(data, source["var"]) or []
    asked.items = [member if isinstance(member, dict) else {"value": member} for member in members]
    [operator] = rule
    variable, value = rule[operator]
    fits = {"event": f"properties.{variable['var'] or 'value'}", "op": COMPARISONS[operator], "value": value}
    return _some_item(fits), _some_item({"none": [fits]})


def _some_item(where: Raw) -> Raw:
    return {"count": {"event": ITEM, "where": where}, "op": "gte", "value": 1}


def _every(asked: Question, arguments: list[Any], data: Any) -> Raw:
    fit, unfit = _of_items(asked, arguments, data)
    return {"all": [fit, {"none": [unfit]}]}


def _some(asked: Question, arguments: list[Any], data: Any) -> Raw:
    return _of_items(asked, arguments, data)[0]


def _none(asked: Question, arguments: list[Any], data: Any) -> Raw:
    return {"none": [_some(asked, arguments, data)]}


def _missing(asked: Question, operator: str, arguments: Any, data: Any, result: list[str]) -> None:
    """Names of unknown fields; of `missing_some` a checklist of known ones, whose open items are told if it fails."""
    needed, names = arguments if operator == "missing_some" else (None, arguments)
    names = [names] if isinstance(names, str) else names
    if isinstance(names, dict):
        raise LeftOut(DYNAMIC)
    for name in names:
        _operand(asked, {"var": name}, data, "text")
        wanted = "unknown" if needed is None else "known"
        asked.conditions[name.replace(".", "_")] = {"field": f"answers.{name}", "op": wanted}
    asked.checklist, asked.passes = needed, not result
    asked.true = {name.replace(".", "_") for name in result}


Make = Callable[[Question, list[Any], Any], Raw]
TRUTHS: dict[str, Make] = {
    "and": _all,
    "!!": _all,
    "or": _any,
    "!": _not,
    "if": _if,
    "in": _in,
    "all": _every,
    "some": _some,
    "none": _none,
}
REASONS = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "cat", "substr", "merge", "min", "max"), COMPUTES),
    **dict.fromkeys(("map", "filter", "reduce"), COMPUTES),
    **dict.fromkeys(("var", "?:"), VALUE),
}
