"""Which fields and events a policy may use: R1.1, R1.3, R1.8."""

import pytest

from rulesets.document.document import parse
from rulesets.policy.vocabulary import (
    BATON_EVENTS,
    BUILT_IN,
    EMPTY,
    EVENT_PREFIXES,
    FieldType,
    Vocabulary,
    is_read_only,
)
from tests.rulesets.documents import policy


def vocabulary(**parts: object) -> Vocabulary:
    parsed = parse(policy(**parts)).policy
    assert parsed
    return Vocabulary.of(parsed)


def test_what_is_built_in_is_there_without_declaring_anything() -> None:
    field = EMPTY.field("company.employees")
    assert field is not None
    assert field.type is FieldType.INTEGER
    assert EMPTY.field("company.nothing") is None


def test_declared_fields_and_events_join_the_built_in() -> None:
    words = vocabulary()
    level = words.field("lead.level_x")
    assert level is not None
    assert level.options == ("Junior", "Senior", "VP")
    downloaded = words.event("content.downloaded")
    assert downloaded is not None
    assert (downloaded.kind, downloaded.asset) == ("latent", "properties.asset_id")
    assert words.event("lead.touched") is not None
    assert words.event("nothing.happened") is None


def test_a_built_in_field_may_get_options() -> None:
    words = vocabulary(fields=[{"key": "company.industry", "type": "choice", "options": ["SaaS"]}])
    assert words.fields["company.industry"].options == ("SaaS",)


def test_every_checklist_is_a_field_with_the_number_of_items_met() -> None:
    items = [{"key": "i", "when": {"all": []}}]
    words = vocabulary(qualification={"checklists": [{"key": "bant", "items": items, "require": {"met": 1}}]})
    assert words.fields["checklist.bant.met"].type is FieldType.INTEGER
    assert words.fields["checklist.bant.met"].read_only


def test_foreign_names_are_mapped_by_alias_and_others_stay() -> None:
    """R1.8."""
    words = vocabulary()
    assert words.event_key("content downloaded") == "content.downloaded"
    assert words.event_key("content.downloaded") == "content.downloaded"
    assert words.event_key("Something Else") == "Something Else"


def test_a_group_of_the_envelope_sets_only_what_is_not_the_engines() -> None:
    """R1.1: the groups of the envelope and their fields."""
    traits = EMPTY.group("traits")
    assert traits["email"].key == "lead.email"
    assert "stage" not in traits
    assert "employees" in EMPTY.group("company")
    assert EMPTY.group("answers") == {}


@pytest.mark.parametrize("key", ["score.fit", "score.anything", "checklist.x.met", "account.leads", "lead.stage"])
def test_the_engines_fields_are_read_only(key: str) -> None:
    """R1.3."""
    assert is_read_only(key)


def test_people_may_set_the_rest() -> None:
    assert not is_read_only("lead.email")
    assert not is_read_only("answers.budget")
    assert {"lead.email", "lead.phone", "lead.name"} == {field.key for field in BUILT_IN.values() if field.pii}


def test_batons_own_events_all_stand_under_its_prefixes() -> None:
    assert all(key.startswith(EVENT_PREFIXES) for key in BATON_EVENTS)
    assert len(set(BATON_EVENTS)) == len(BATON_EVENTS)
