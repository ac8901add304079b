"""Assignments as sentences: by rotation, by company, by hand, and to nobody (R5.1–R5.11)."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from admin.text import sentences, terms
from engine.core.assignment.assignment import CONFLICT, WAYS
from engine.core.assignment.eligibility import CandidateReason

ANN = "ann@example.com"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    app = Flask("admin")
    Babel(app)
    with app.test_request_context(), force_locale("en"):
        yield


def choice(**parts: Any) -> dict[str, Any]:
    return {"role": "sdr", "policy": "inbound", "chosen": ANN, "otherwise": None, "candidates": [], **parts}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "was chosen as SDR by policy inbound"),
        ({"way": "account"}, "has another lead of the company"),
        ({"way": "named", "policy": None}, "was named by hand as SDR"),
        ({"chosen": None, "otherwise": "queue"}, "Nobody could be chosen as SDR; the lead goes to: the queue."),
        ({"chosen": None, "otherwise": "pool"}, "the public pool"),
    ],
)
def test_every_way_to_a_person_and_to_nobody_has_a_sentence(parts: dict[str, Any], said: str) -> None:
    assert said in sentences.chosen(choice(**parts))


def test_each_way_reads_differently() -> None:
    assert len({sentences.chosen(choice(way=way)) for way in WAYS}) == len(WAYS)


def test_what_spoke_against_somebody_and_who_has_the_company_is_told() -> None:
    assert sentences.choice_notes(choice()) == []
    (waits,) = sentences.choice_notes(choice(chosen=None, conflict=ANN))
    assert waits.startswith(f"{ANN} works on a lead of the same company")
    (against,) = sentences.choice_notes(choice(warnings=["absent", "conflict"]))
    assert against == "This spoke against it: is absent, somebody else works on a lead of the same company."


def test_every_reason_has_words() -> None:
    assert {reason.value for reason in CandidateReason} == set(terms.CANDIDATES)
    assert set(terms.WARNINGS) == {*terms.CANDIDATES, CONFLICT}
