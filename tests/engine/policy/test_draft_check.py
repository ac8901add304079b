"""A check of the draft is stored, and outdated as soon as anything it depends on changes."""

import dataclasses

import pytest

from engine.policy.draft_check import body_of, check_draft, current, stored
from engine.policy.linting import lint_policy
from engine.store.policy.draft_checks import save_check
from engine.store.policy.drafts import load_draft, save_draft
from tests.factories import event, policy_document, take_in

pytestmark = pytest.mark.usefixtures("database")
BY = "marketing@example.com"


def fresh() -> bool:
    last = stored()
    return last is not None and last.of == current()


def test_a_draft_is_checked_once_and_again_after_an_edit() -> None:
    save_draft(policy_document(), None, BY)
    assert not fresh()
    assert (check_draft(), check_draft(), fresh()) == (True, False, True)
    save_draft(policy_document(name="Other"), None, BY)
    assert not fresh()
    assert (check_draft(), fresh()) == (True, True)


def test_another_type_of_event_or_another_baton_makes_a_check_stale() -> None:
    save_draft(policy_document(), None, BY)
    check_draft()
    take_in(event("something.new", external_id="x"))
    assert not fresh()
    assert (check_draft(), fresh()) == (True, True)
    last = stored()
    assert last is not None
    save_check(dataclasses.replace(last.of, software="0.0.0"), "", last.body)
    assert not fresh()


def test_a_slower_worker_does_not_overwrite_a_later_revision() -> None:
    save_draft(policy_document(), None, BY)
    check_draft()
    last = stored()
    assert last is not None
    save_check(dataclasses.replace(last.of, revision=last.of.revision - 1), "", {"errors": 99})
    assert stored() == last


def test_a_check_tells_what_the_lint_and_the_cases_told() -> None:
    red = {"key": "hopeful", "expect": {"fit": 99}}
    save_draft(policy_document(tests=[red]), None, BY)
    check_draft()
    last = stored()
    assert last is not None
    assert last.body == body_of(lint_policy(load_draft().document))
    assert (last.body["errors"], last.body["red"]) == (0, 1)
    assert last.body["cases"] == [
        {"key": "hopeful", "passed": False, "differences": [{"what": "fit", "expected": "99", "actual": "0"}]}
    ]
