"""Sentences keep template and values apart, are English, and every refusal of a value says how to fix it."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from annotated_types import BaseMetadata
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from rulesets.conditions.conditions import Node
from rulesets.document.findings import as_data, error, from_data, one_of
from rulesets.document.mends import _PATTERNS as PATTERNS
from rulesets.document.mends import mend_of
from rulesets.document.wording import Sentence, Word, reason_of, says, words
from rulesets.lint import lint
from rulesets.policy.parts import Part
from rulesets.roster.roster import Roster
from tests.rulesets.documents import LEAST


def test_a_sentence_reads_as_english_with_its_values_in_place() -> None:
    assert str(says("add it")) == "add it"
    assert str(says("100 % of it")) == "100 % of it"
    told = says("%(n)s of %(words)s: %(why)s", n=Decimal("1.5"), words=words("key", "a", "b"), why=says("no"))
    assert str(told) == "1.5 of a, b: no"
    assert told == says("%(n)s of %(words)s: %(why)s", n=Decimal("1.5"), words=words("key", "a", "b"), why=says("no"))
    assert len({told, says("add it"), says("add it")}) == 2


def test_an_error_keeps_the_sentence_it_was_raised_with() -> None:
    assert reason_of(ValueError(says("give %(n)s", n=1))) == says("give %(n)s", n=1)
    assert reason_of(ValueError("100 %")) == Sentence("100 %")
    assert reason_of(ValueError()) == Sentence("")


def test_a_finding_gives_its_sentences_as_text() -> None:
    finding = error("missing", ("a", 0), says("%(key)s is required", key=Word("key", "b")), one_of(["x", "y"]))
    assert finding.as_json() == {
        "severity": "error",
        "code": "missing",
        "path": "a[0]",
        "message": "b is required",
        "suggestion": "one of x, y",
        "acknowledged": False,
    }


@pytest.mark.parametrize(
    ("person", "mend"),
    [
        ({"email": "a"}, "an e-mail address"),
        ({"email": "a@b.c", "role": "boss"}, "one of sdr, sales, manager"),
        ({"email": "a@b.c", "role": "sdr", "tier": 0}, "give 1 or more"),
        ({"email": "a@b.c", "role": "sdr", "tier": 10}, "give 9 or less"),
        ({"email": "a@b.c", "role": "sdr", "name": ""}, "give at least 1 characters"),
        ({"email": "a@b.c", "role": "sdr", "name": "x" * 2001}, "give at most 2000 characters"),
        ({"email": "a@b.c", "role": "sdr", "active": "maybe"}, "give true or false"),
        ({"email": "a@b.c", "role": "sdr", "absences": [{"from": "x", "to": 0}]}, "give a day such as 2026-05-04"),
        ({"email": "a@b.c", "role": "sdr", "eligible_months": ["May"]}, "a month such as 2026-12"),
    ],
)
def test_a_refused_value_is_told_what_to_write_instead(person: dict[str, object], mend: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Roster.model_validate({"format": "baton.roster/1", "people": [person]})
    assert str(mend_of(refused.value.errors()[0])) == mend


def test_a_kind_of_error_without_words_of_its_own_is_told_in_general() -> None:
    detail = {"type": "none_required", "loc": (), "msg": "", "input": 1}
    assert str(mend_of(detail)) == "give a value of another type"  # type: ignore[arg-type] # no full detail


@pytest.mark.parametrize(
    ("parts", "mend"),
    [
        ({"sla": [{"key": "c", "role": "sdr", "starts_on": {}, "window": {"hours": 1}}]}, "give exactly one of stage"),
        ({"models": [{"key": "m", "matrix": {"cells": {"A.mild": {"action": "hold"}}}}]}, "a grade and a heat"),
        ({"calendar": {"country": "China"}}, "two capital letters such as CN"),
    ],
)
def test_what_the_classes_of_the_policy_refuse_is_told_in_our_words(parts: dict[str, object], mend: str) -> None:
    suggestions = [finding.suggestion or finding.message for finding in lint({**LEAST, **parts}).findings]
    assert [one for one in suggestions if one.startswith(mend)]


def test_every_pattern_of_a_text_has_words() -> None:
    def below(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for one in base.__subclasses__():
            yield one
            yield from below(one)

    classes = [one for base in (Part, Node) for one in below(base) if one.__module__.startswith("rulesets")]
    found = {pattern for one in classes for field in one.model_fields.values() for pattern in patterns_of(field)}
    assert found
    assert found <= set(PATTERNS)


def patterns_of(part: object) -> Iterator[str]:
    """Patterns in what a field is annotated with, as deep as it goes."""
    if isinstance(part, FieldInfo):
        yield from patterns_of(part.annotation)
        for one in part.metadata:
            yield from patterns_of(one)
    elif isinstance(getattr(part, "pattern", None), str):
        yield part.pattern  # type: ignore[attr-defined] # asked just now
    elif not isinstance(part, BaseMetadata | type) or hasattr(part, "__args__"):
        for one in (*getattr(part, "__args__", ()), *getattr(part, "__metadata__", ())):
            yield from patterns_of(one)


def test_a_finding_is_kept_as_json_and_said_in_any_language_later() -> None:
    inner = says("“%(value)s”", value="s50")
    finding = error(
        "sample",
        ("models", 0, "fit"),
        says(
            "%(key)s: %(points)s of %(words)s", key=inner, points=Decimal("1.50"), words=words("role", "sdr", "sales")
        ),
        says("write %(word)s", word=Word("operator", "eq")),
    )
    kept = json.loads(json.dumps(as_data(finding)))
    assert str(from_data(kept).says) == str(finding.says)
    assert (from_data(kept).mend, from_data(kept).place) == (finding.mend, finding.place)
    assert from_data(json.loads(json.dumps(as_data(error("bare", (), says("as it is")))))).mend is None
