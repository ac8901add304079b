"""Cells of texts, choices and sets of choices: what some tests can tell apart (see
`rulesets.lint.conditions.subjects`).

Exact tests are asked about each text they name and about one they do not. A text nobody names may contain, start with,
end with or match anything: its pattern tests take every combination that no relation between the patterns rules out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final

from rulesets.conditions.conditions import OPERATORS, Operand
from rulesets.conditions.reading import Field, FieldType, fold, spellings

MOST_PATTERNS = 6
MOST_MEMBERS = 6
OTHER: Final = ("other",)
"""Every text that no test names."""
PATTERNS = frozenset({"contains", "not_contains", "starts_with", "ends_with", "matches"})

Named = Iterable[tuple[Any, tuple[bool, ...]]]
Asked = Callable[[Any, Any], bool]
Pattern = tuple[str, str]


def text_cells(field: Field | None, tests: Sequence[Any], holds: Asked) -> Named | None:
    """Cells of a text or a choice; None when patterns are too many."""
    closed = field is not None and field.type is FieldType.CHOICE and bool(field.options)
    texts = _possible(field, field.options if field and closed else _named(tests))
    found: list[tuple[Any, tuple[bool, ...]]] = []
    found += ((folded, tuple(holds(test, text) for test in tests)) for folded, text in texts.items())
    if closed:
        return found
    patterns = list(dict.fromkeys(_pattern(test) for test in tests if test.op in PATTERNS))
    if len(patterns) > MOST_PATTERNS:
        return None
    other = _unnamed(texts)
    for number, bits in enumerate(_combinations(patterns)):
        true = dict(zip(patterns, bits, strict=True))
        truths = tuple(_matches(test, true) if test.op in PATTERNS else holds(test, other) for test in tests)
        found.append(((*OTHER, number) if patterns else OTHER, truths))
    return found


def set_cells(field: Field | None, tests: Sequence[Any], holds: Asked) -> Named | None:
    """Cells of a set: which of the members named are in it, and whether another is; None when there are too many."""
    named = _possible(field, _named(tests))
    if len(named) > MOST_MEMBERS:
        return None
    every = _possible(field, field.options) if field and field.options else None
    others = (False, True) if every is None or every.keys() - named.keys() else (False,)
    return list(_subsets(list(named.items()), others, tests, holds))


def _subsets(named: list[tuple[str, str]], others: Iterable[bool], tests: Sequence[Any], holds: Asked) -> Iterator[Any]:
    other = _unnamed(dict(named))
    for bits in product((False, True), repeat=len(named)):
        chosen = [pair for pair, bit in zip(named, bits, strict=True) if bit]
        for more in others:
            members = (*(text for _, text in chosen), *((other,) if more else ()))
            if members:
                what = (frozenset(folded for folded, _ in chosen), more)
                yield what, tuple(holds(test, members) for test in tests)


def _named(tests: Sequence[Any]) -> Iterator[str]:
    """The texts that exact tests name, as written."""
    for test in tests:
        if test.op not in PATTERNS and OPERATORS[test.op].operand in {Operand.ONE, Operand.MANY}:
            yield from test.value if isinstance(test.value, list | tuple) else [test.value]


def _possible(field: Field | None, texts: Iterable[str]) -> dict[str, str]:
    """Folded text → as written, of those that can be a value: what says “unknown” cannot."""
    unknown = spellings(field.unknown_values) if field else {}
    return {fold(text): text for text in texts if fold(text) not in unknown}


def _unnamed(texts: dict[str, str]) -> str:
    """A text that differs from all of these."""
    return "\ue000" * (1 + max(map(len, texts), default=0))


def _pattern(test: Any) -> Pattern:
    return test.op.removeprefix("not_"), test.value if test.op == "matches" else fold(test.value)


def _matches(test: Any, true: dict[Pattern, bool]) -> bool:
    return true[_pattern(test)] is not test.op.startswith("not_")


def _combinations(patterns: Sequence[Pattern]) -> Iterator[tuple[bool, ...]]:
    """Which patterns can be true together of a text."""
    implied = [(i, j) for i, one in enumerate(patterns) for j, two in enumerate(patterns) if _implies(one, two)]
    apart = [(i, j) for i, one in enumerate(patterns) for j, two in enumerate(patterns) if _exclude(one, two)]
    always = [i for i, (op, text) in enumerate(patterns) if op != "matches" and not text]
    for bits in product((False, True), repeat=len(patterns)):
        if (
            all(bits[i] for i in always)
            and not any(bits[i] and not bits[j] for i, j in implied)
            and not any(bits[i] and bits[j] for i, j in apart)
        ):
            yield bits


def _implies(one: Pattern, two: Pattern) -> bool:
    (op, text), (other, part) = one, two
    if one == two or "matches" in {op, other}:
        return False
    if other == "contains":
        return part in text
    return op == other and (text.startswith(part) if op == "starts_with" else text.endswith(part))


def _exclude(one: Pattern, two: Pattern) -> bool:
    """Whether two beginnings, or two ends, cannot go together."""
    (op, text), (other, part) = one, two
    if op != other or op not in {"starts_with", "ends_with"}:
        return False
    begins = str.startswith if op == "starts_with" else str.endswith
    return not begins(text, part) and not begins(part, text)
