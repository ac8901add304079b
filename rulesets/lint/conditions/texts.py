"""Cells of texts, choices and sets of choices (see `rulesets.lint.conditions.subjects`).

Exact tests are evaluated on each text that they name and on one that they do not name. A text that no test names may
contain, start with, end with or match anything. Its pattern tests take every combination of truths, except those that
contradict a relation of two patterns. Example: a text that contains "vice president" contains "president".
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final

from rulesets.conditions.conditions import OPERATORS, Operand
from rulesets.conditions.reading import Field, FieldType, fold, spellings

# n patterns or members give up to 2ⁿ cells.
MOST_PATTERNS = 6
MOST_MEMBERS = 6
OTHER: Final = ("other",)
"""Every text that no test names."""
PATTERNS = frozenset({"contains", "not_contains", "starts_with", "ends_with", "matches"})

Named = Iterable[tuple[Any, tuple[bool, ...]]]
Asked = Callable[[Any, Any], bool]
Pattern = tuple[str, str]


def text_cells(field: Field | None, tests: Sequence[Any], holds: Asked) -> Named | None:
    """Cells of a text or a choice; None if there are too many patterns."""
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
    """Cells of a set: which named members it has, and whether it has others; None if too many members are named."""
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
            # An empty set is an unknown value (R1.6), which has a cell of its own.
            if members:
                what = (frozenset(folded for folded, _ in chosen), more)
                yield what, tuple(holds(test, members) for test in tests)


def _named(tests: Sequence[Any]) -> Iterator[str]:
    """The texts that exact tests name, as written in the policy."""
    for test in tests:
        if test.op not in PATTERNS and OPERATORS[test.op].operand in {Operand.ONE, Operand.MANY}:
            yield from test.value if isinstance(test.value, list | tuple) else [test.value]


def _possible(field: Field | None, texts: Iterable[str]) -> dict[str, str]:
    """Folded text → text as written; without the texts that mean “unknown”, which are never a value."""
    unknown = spellings(field.unknown_values) if field else {}
    return {fold(text): text for text in texts if fold(text) not in unknown}


def _unnamed(texts: dict[str, str]) -> str:
    """A text that differs from all of these."""
    # A private-use character, repeated beyond the longest named text, equals none of them.
    return "\ue000" * (1 + max(map(len, texts), default=0))


def _pattern(test: Any) -> Pattern:
    return test.op.removeprefix("not_"), test.value if test.op == "matches" else fold(test.value)


def _matches(test: Any, true: dict[Pattern, bool]) -> bool:
    return true[_pattern(test)] is not test.op.startswith("not_")


def _combinations(patterns: Sequence[Pattern]) -> Iterator[tuple[bool, ...]]:
    """Which patterns can be true of one text together."""
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
    """Whether two prefixes, or two suffixes, exclude each other."""
    (op, text), (other, part) = one, two
    if op != other or op not in {"starts_with", "ends_with"}:
        return False
    begins = str.startswith if op == "starts_with" else str.endswith
    return not begins(text, part) and not begins(part, text)
