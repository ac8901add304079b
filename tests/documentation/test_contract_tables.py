"""What the contract lists is what the code has: types, built-in fields, keys, operators, actions, roles.

The lists are read from `docs/contract/policy.md`, so a change on one side alone fails.
"""

import re
from pathlib import Path

import pytest

from rulesets.conditions.conditions import OPERATORS
from rulesets.conditions.reading import FieldType
from rulesets.lint.structure.values import ACTIONS
from rulesets.policy.vocabulary import BUILT_IN, EVENT_PREFIXES, Field
from rulesets.roster.roster import RosterPerson
from tests.rulesets.documents import codes, policy

CONTRACT = (Path(__file__).parents[2] / "docs" / "contract" / "policy.md").read_text(encoding="utf-8")


def rule(number: str) -> str:
    """The text of one rule, on one line."""
    found = re.search(rf"^- {re.escape(number)} (.*?)(?=^- R|^#|\Z)", CONTRACT, re.MULTILINE | re.DOTALL)
    assert found is not None, number
    return " ".join(found[1].split())


def quoted(text: str) -> list[str]:
    """The words in code quotes."""
    return [word for quote in re.findall(r"`([^`]+)`", text) for word in quote.split()]


def keys(text: str) -> set[str]:
    """Field keys of a list in which the group stands once: ``lead.email phone`` → lead.email, lead.phone."""
    found, group = set(), ""
    for word in quoted(text):
        group = word.rpartition(".")[0] if "." in word else group
        found.add(f"{group}.{word.rpartition('.')[2]}")
    return found


def built_in(**parts: object) -> set[str]:
    return {key for key, field in BUILT_IN.items() if all(getattr(field, name) == is_ for name, is_ in parts.items())}


def test_the_types_of_fields_are_those_of_the_contract() -> None:
    """R1.2."""
    assert set(quoted(rule("R1.2"))) - {"options"} == set(FieldType)


TYPES = {
    "Text": FieldType.TEXT, "choice": FieldType.CHOICE, "open choices": FieldType.CHOICES,
    "integer": FieldType.INTEGER, "decimal": FieldType.DECIMAL, "boolean": FieldType.BOOLEAN,
    "datetime": FieldType.DATETIME,
}  # fmt: skip


@pytest.mark.parametrize("word", TYPES)
def test_fields_of_each_type_are_built_in(word: str) -> None:
    """R1.3."""
    settable = rule("R1.3").partition("Read-only")[0]
    listed = re.search(rf"(?:^|[;.] ){word}: (.*?)(?=; \w| *$|\. *$)", settable)
    assert listed is not None
    assert keys(listed[1]) == built_in(type=TYPES[word], read_only=False)


def test_fields_that_only_the_engine_sets_are_built_in() -> None:
    """R1.3: `checklist.<key>.met` exists once for each checklist."""
    listed = keys(rule("R1.3").partition("Read-only")[2])
    assert {key for key in listed if not key.startswith("checklist")} == built_in(read_only=True)


def test_the_buyer_roles_and_directions_are_those_of_the_contract() -> None:
    """R1.3."""
    for key in ("lead.buyer_role", "lead.direction"):
        field: Field = BUILT_IN[key]
        assert f"`{key}` ({' '.join(field.options)})" in rule("R1.3")


def test_batons_own_events_have_the_prefixes_of_the_contract() -> None:
    """R1.8."""
    assert f"`{' '.join(EVENT_PREFIXES)}`" in rule("R1.8")


def test_the_operators_are_those_of_the_contract() -> None:
    """R2.1: the table of operators that unknown values do not satisfy."""
    table = CONTRACT.partition("| types | operators |")[2].partition("- R2.1")[0]
    assert set(quoted(table)) == set(OPERATORS)


def test_the_actions_of_a_clock_are_those_of_the_contract() -> None:
    """R6.5."""
    words = set(quoted(rule("R6.5").partition("They apply")[0]))
    assert words - {"to", "reason", "tag"} == set(ACTIONS) - {"tag"}
    assert "`tag` (`tag`)" in rule("R6.5")


def test_a_person_has_the_defaults_of_the_contract() -> None:
    """R8.1."""
    person = RosterPerson.model_validate({"email": "li@example.com", "role": "sdr"})
    assert (person.weight, person.tier, person.active) == (1, 3, True)
    assert (person.capacity, person.caps.day, person.caps.week, person.caps.month) == (None, None, None, None)
    assert (person.absences, person.eligible_months, person.calendar) == ((), (), None)


@pytest.mark.parametrize("role", ["sdr", "sales", "manager"])
def test_the_roles_are_those_of_the_contract(role: str) -> None:
    """R8.1."""
    assert RosterPerson.model_validate({"email": "li@example.com", "role": role}).role == role
    with pytest.raises(ValueError, match="role"):
        RosterPerson.model_validate({"email": "li@example.com", "role": f"{role}s"})


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("a" * 40, True), ("a" * 41, False), ("a_1", True), ("1a", False), ("_a", False), ("A", False), ("a.b", False),
    ],
)  # fmt: skip
def test_a_key_is_forty_lower_case_characters_at_most(key: str, good: bool) -> None:
    """R0.2."""
    assert (codes(policy(segments=[{"key": key, "when": {"all": []}}])) == []) is good


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("lead.q", True), ("lead.q.r", True), ("lead.q.r.s", False), ("lead", False), (f"lead.{'q' * 40}", True),
        (f"lead.{'q' * 41}", False), (f"lead.{'q' * 35}.{'r' * 39}", True), (f"lead.{'q' * 36}.{'r' * 39}", False),
    ],
)  # fmt: skip
def test_a_field_key_is_two_or_three_parts_of_eighty_characters_together(key: str, good: bool) -> None:
    """R0.2."""
    assert (codes(policy(fields=[{"key": key, "type": "text"}])) == []) is good
