"""Changes of a policy in sentences: each kind of change has one, and it names what people call the part."""

from typing import Any

import pytest

from admin.text.policy.changes import ROWS, change_text, sentence
from rulesets.policy.diff import POLICY, Parts, PolicyChange, Rows, RowStep, diff
from tests.rulesets.documents import policy, with_rule, with_signal

ALWAYS: dict[str, Any] = {"all": []}
KNOWN = {"field": "lead.title_x", "op": "known"}


def lists_of(shape: Parts, name: str = "") -> set[str]:
    """Names of every list of rows in the shape of a policy."""
    found: set[str] = set()
    for key, part in shape.known.items():
        found |= {key} | lists_of(part.row) if isinstance(part, Rows) else lists_of(part)
    return found


def test_every_list_of_a_policy_has_a_name() -> None:
    assert set(ROWS) == lists_of(POLICY) | {"cells"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ({}, with_rule(ALWAYS), "Group m › g added: rules"),
        (with_rule(ALWAYS), with_rule(KNOWN), "Fit rule m › g › r: condition “always” → “lead.title_x is known”"),
        (
            with_signal({}),
            with_signal({"max": 5}),
            "Signal m › g › s: upper bound is now 5",
        ),
        (policy(models=[{"key": "m", "fit": {"grades": {"A": 60}}}]),
         policy(models=[{"key": "m", "fit": {"grades": {"A": 65.5}}}]), "Model m: edge of grade A 60 → 65.5"),
        (policy(models=[{"key": "m", "matrix": {"cells": {"A.hot": {"action": "sdr"}}}}]),
         policy(models=[{"key": "m", "matrix": {"cells": {"A.hot": {"action": "sales"}}}}]),
         "Cell m › A.hot: what happens sdr → sales"),
        (policy(segments=[{"key": "a", "when": ALWAYS}]), policy(), "Segment a removed: condition “always”"),
        (policy(name="a"), policy(name="b"), "name a → b"),
        (policy(feedback={"on_reject": "pool"}), policy(), "feedback › on_reject pool is taken away"),
        (policy(pool={"protection": {"days": 3, "extend": {"days": 2}}}),
         policy(pool={"protection": {"days": 3, "extend": {"hours": 5}}}),
         "public pool › protection › extend 2 days → 5 hours"),
        (policy(reasons={"lost": [{"key": "price", "justified": True}, {"key": "late"}]}),
         policy(reasons={"lost": [{"key": "late"}, {"key": "price", "justified": True}]}),
         "Reason for a loss late moved from place 2 to place 1"),
        (policy(), policy(reasons={"lost": [{"key": "late"}]}), "Reason for a loss late added: nothing but its key"),
    ],
)  # fmt: skip
def test_a_change_is_one_sentence(old: Any, new: Any, says: str) -> None:
    old = old or policy(models=[{"key": "m"}])
    (change,) = diff(old, new)
    assert sentence(change).startswith(says)


def test_values_too_long_for_a_sentence_are_given_whole() -> None:
    long = {"any": [KNOWN] * 40}
    change = change_text(next(iter(diff(with_rule(KNOWN), with_rule(long)))))
    assert len(change.sentence) < 600
    assert change.new is not None
    assert change.new.count("lead.title_x") == 40


def test_a_list_with_one_key_twice_is_told_as_it_is() -> None:
    twice = [{"key": "a", "when": ALWAYS}] * 2
    (change,) = diff({"segments": twice}, {"segments": twice[:1]})
    assert sentence(change).startswith("segments [{")
    assert PolicyChange(("segments", RowStep("a")), change.kind, "x", "y").path == "segments[a]"
