"""Starters are whole, sound and labelled; checklists go into any policy whose fields mean what they ask."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from rulesets import starters
from rulesets.conditions.conditions import walk
from rulesets.document.document import load, parse
from rulesets.lint import lint
from rulesets.policy.policy import Checklist, Policy
from tests.rulesets.documents import LEAST

LANGUAGES = {"en", "zh_Hans", "zh_Hant"}
CLOCKS = {
    "first_touch": ({"minutes": 30}, "business"),
    "dispatch_4h": ({"hours": 4}, "business"),
    "accept_48h": ({"hours": 48}, "elapsed"),
    "opportunity_45d": ({"days": 45}, "elapsed"),
    "opportunity_stands": ({"days": 14}, "elapsed"),
}
"""The clocks of R6.9."""


def starter(name: str) -> Policy:
    policy = parse(starters.load(name)).policy
    assert policy
    return policy


def keyed(part: Any) -> Iterator[dict[str, Any]]:
    """Every object with a key, at any depth."""
    if isinstance(part, dict):
        if "key" in part:
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for member in part:
            yield from keyed(member)


def unlabelled(document: Any) -> list[str]:
    return [part["key"] for part in keyed(document) if set(part.get("label", ())) != LANGUAGES]


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_starter_has_nothing_to_find_and_nothing_to_excuse(name: str) -> None:
    report = lint(starters.load(name))
    assert report.findings == ()
    assert report.policy is not None
    assert report.policy.acknowledged == ()


@pytest.mark.parametrize("name", starters.NAMES)
def test_every_part_of_a_starter_is_labelled_in_three_languages(name: str) -> None:
    assert unlabelled(starters.load(name)) == []


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_starter_has_forty_rules_that_score(name: str) -> None:
    models = starter(name).models
    rules = [rule for model in models for group in model.fit.groups for rule in group.rules]
    signals = [signal for model in models for group in model.engagement.groups for signal in group.signals]
    assert len(rules) + len(signals) >= 40


@pytest.mark.parametrize("name", starters.NAMES)
def test_the_clocks_of_a_starter_have_the_windows_of_the_field(name: str) -> None:
    clocks = {c.key: (c.window.model_dump(exclude_none=True), c.clock) for c in starter(name).sla}
    assert set(clocks) >= set(CLOCKS) - {"dispatch_4h"}
    assert clocks == {key: CLOCKS[key] for key in clocks}


def test_a_director_has_a_window_where_a_director_dispatches() -> None:
    dispatching = {n for n in starters.NAMES if any(a.strategy == "dispatcher" for a in starter(n).assignment)}
    timed = {n for n in starters.NAMES if any(c.key == "dispatch_4h" for c in starter(n).sla)}
    assert dispatching == timed == {"key_accounts"}


def test_the_three_markets_are_scored_as_what_buys_in_them() -> None:
    assert [m.scores for m in starter("growth_smb").models] == ["lead"]
    assert [m.scores for m in starter("key_accounts").models] == ["account", "lead"]
    accounts = starters.text("key_accounts")
    assert {"account.roles", "account.leads", "account.active_leads", "company.buying_stage"} <= set(
        accounts.replace(",", " ").split()
    )
    customers = starter("existing_customers").models[0]
    assert [node.field for node in walk(customers.when) if hasattr(node, "field")] == ["company.is_customer"]


@pytest.mark.parametrize("name", starters.NAMES)
def test_every_rejection_has_a_reason_and_the_red_flags_of_the_field_stop_an_mql(name: str) -> None:
    policy = starter(name)
    reasons = {reason.key for reason in policy.reasons.reject}
    assert {"no_need", "not_urgent", "no_budget", "not_decider", "nobody_to_run_it", "other_vendor"} <= reasons
    assert len(policy.qualification.red_flags) == 4


@pytest.mark.parametrize("name", starters.NAMES)
def test_the_checklist_of_a_starter_is_the_one_of_its_name(name: str) -> None:
    document = starters.load(name)
    for one in document["qualification"]["checklists"]:
        part = starters.checklist(one["key"])
        assert one == part["qualification"]["checklists"][0]
        assert [f for f in part["fields"] if f not in document["fields"]] == []


def test_a_starter_nobody_wrote_is_named_as_such() -> None:
    with pytest.raises(KeyError, match="choose one of growth_smb, key_accounts, existing_customers"):
        starters.load("../secrets")
    with pytest.raises(KeyError, match="choose one of bant, champ"):
        starters.with_checklist(LEAST, "../secrets")


FRAMEWORKS = {
    "bant": ["budget", "authority", "need", "timing"],
    "champ": ["challenge", "authority", "money", "priority"],
    "meddic": ["metrics", "economic_buyer", "decision_criteria", "decision_process", "identify_pain", "champion"],
    "mantcp": [
        "money", "authority", "need", "need_fits", "need_urgent", "project_this_quarter", "meets_within_a_week",
        "competitor", "people",
    ],
    "aunm": ["authority", "urgency", "need", "money"],
    "pact": ["people", "authority", "competitor", "time"],
    "faint": ["funds", "authority", "interest", "need", "time"],
}  # fmt: skip


def loaded(name: str, document: dict[str, Any] = LEAST) -> Checklist:
    """The checklist once it is in a policy without findings."""
    report = lint(starters.with_checklist(document, name))
    assert report.findings == ()
    assert report.policy
    return report.policy.qualification.checklists[-1]


@pytest.mark.parametrize("name", starters.CHECKLISTS)
def test_a_checklist_goes_into_an_empty_policy_with_the_fields_it_asks_about(name: str) -> None:
    assert loaded(name).key == name
    assert unlabelled(starters.checklist(name)) == []


@pytest.mark.parametrize("name", starters.CHECKLISTS)
def test_two_thirds_of_a_checklist_are_enough(name: str) -> None:
    found = loaded(name)
    assert found.required == -(-2 * len(found.items) // 3)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_has_an_item_for_each_of_its_letters(name: str) -> None:
    found = loaded(name)
    assert found.framework == name.upper()
    assert [item.key for item in found.items] == FRAMEWORKS[name]


def test_the_sheet_has_fifteen_facts_of_which_ten_are_enough() -> None:
    sheet = loaded("fifteen_facts")
    assert (len(sheet.items), sheet.required) == (15, 10)


@pytest.mark.parametrize("name", starters.NAMES)
def test_every_other_checklist_goes_into_a_starter(name: str) -> None:
    document = starters.load(name)
    own = {one["key"] for one in document["qualification"]["checklists"]}
    before = copy.deepcopy(document)
    for checklist in starters.CHECKLISTS:
        if checklist not in own:
            assert loaded(checklist, document).key == checklist
    assert document == before


def test_all_checklists_go_into_one_policy_and_share_their_fields() -> None:
    document: dict[str, Any] = LEAST
    for name in starters.CHECKLISTS:
        document = starters.with_checklist(document, name)
    assert lint(document).findings == ()
    assert [one["key"] for one in document["qualification"]["checklists"]] == list(starters.CHECKLISTS)
    keys = [field["key"] for field in document["fields"]]
    assert len(keys) == len(set(keys))


def test_a_checklist_is_added_once() -> None:
    document = starters.with_checklist(LEAST, "bant")
    with pytest.raises(starters.ChecklistRefused, match="has a checklist bant already"):
        starters.with_checklist(document, "bant")


def test_a_field_of_the_policy_stays_as_it_is_when_it_can_answer_the_checklist() -> None:
    own = {
        "key": "answers.timeline",
        "type": "choice",
        "options": ["This_Month", "this_quarter", "this_year", "later", "never"],
    }
    document = starters.with_checklist({**LEAST, "fields": [own]}, "bant")
    assert document["fields"][0] == own
    assert lint(document).findings == ()


def test_an_open_choice_of_the_policy_can_answer_any_checklist() -> None:
    document = starters.with_checklist({**LEAST, "fields": [{"key": "answers.timeline", "type": "choice"}]}, "bant")
    assert lint(document).findings == ()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            {"key": "answers.budget", "type": "decimal"},
            "answers.budget is of type decimal here, and the checklist asks for type boolean",
        ),
        (
            {"key": "answers.timeline", "type": "choice", "options": ["this_month", "later"]},
            "answers.timeline lacks the options this_quarter, this_year",
        ),
    ],
)
def test_a_field_that_means_something_else_is_named(field: dict[str, Any], message: str) -> None:
    with pytest.raises(starters.ChecklistRefused, match=message):
        starters.with_checklist({**LEAST, "fields": [field]}, "bant")


def test_the_text_of_a_starter_is_the_document_it_loads() -> None:
    assert all(load(starters.text(name)) == starters.load(name) for name in starters.NAMES)
