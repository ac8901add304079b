"""Clocks that cannot be met where they would start, and fit that measures effort."""

from typing import Any

import pytest

from rulesets.lint import lint
from tests.rulesets.documents import meanings, policy, with_rule, with_signal
from tests.rulesets.rows import asks, every, no, some

MQL = {"field": "lead.stage", "op": "eq", "value": "mql"}
WITH_SALES = {"field": "lead.stage", "op": "in", "value": ["mql", "sql"]}


def warned(starts_on: dict[str, str], met_by: list[Any], when: dict[str, Any] | None = None, **parts: Any) -> bool:
    """Whether a clock gets the warning."""
    clock = {"key": "c", "role": "sales", "starts_on": starts_on, "met_by": met_by, "window": {"hours": 1}}
    found = meanings(policy(sla=[clock | ({"when": when} if when else {}) | parts]))
    assert found in ([], [("unmeetable-clock", "sla[0].met_by")])
    return bool(found)


@pytest.mark.parametrize(
    ("starts_on", "met_by", "when"),
    [
        ({"assigned": "sales"}, ["lead.accepted", "lead.rejected"], None),
        ({"assigned": "sales"}, ["lead.accepted"], WITH_SALES),
        ({"assigned": "sales"}, ["lead.accepted"], no(MQL)),
        ({"assigned": "sdr"}, ["opportunity.created"], None),
        ({"stage": "ready"}, ["lead.accepted"], None),
        ({"stage": "sql"}, [{"event": "lead.rejected", "unless_justified": True}], None),
        ({"event": "lead.accepted"}, ["opportunity.won"], None),
        ({"event": "pricing.viewed"}, ["lead.accepted"], None),
        ({"event": "lead.claimed"}, ["lead.rejected"], None),
        ({"event": "lead.assigned"}, ["lead.rejected"], None),
    ],
)
def test_a_clock_that_may_start_where_all_that_meets_it_is_refused_is_reported(
    starts_on: dict[str, str], met_by: list[Any], when: dict[str, Any] | None
) -> None:
    """R6.10."""
    assert warned(starts_on, met_by, when)


@pytest.mark.parametrize(
    ("starts_on", "met_by", "when"),
    [
        ({"assigned": "sales"}, ["lead.accepted", "lead.rejected"], MQL),
        ({"assigned": "sales"}, ["lead.accepted", "lead.rejected"], every(MQL, asks("company.size_x", "gt", 5))),
        ({"assigned": "sales"}, ["lead.accepted", "lead.touched"], None),
        ({"assigned": "sales"}, ["lead.accepted", "pricing.viewed"], None),
        ({"assigned": "sales"}, [], None),
        ({"stage": "mql"}, ["lead.accepted"], None),
        ({"event": "lead.accepted"}, ["opportunity.created"], None),
        ({"event": "lead.rejected"}, ["lead.accepted"], None),
        ({"event": "pricing.viewed"}, ["lead.accepted"], MQL),
    ],
)
def test_a_clock_that_can_be_met_wherever_it_starts_is_not(
    starts_on: dict[str, str], met_by: list[Any], when: dict[str, Any] | None
) -> None:
    """R6.10."""
    assert not warned(starts_on, met_by, when)


def test_the_warning_names_the_stages_and_where_the_clock_can_be_met() -> None:
    clock = {"key": "c", "role": "sales", "starts_on": {"assigned": "sales"}, "met_by": ["lead.accepted"]}
    (finding,) = lint(policy(sla=[{**clock, "window": {"hours": 48}}])).warnings
    assert "at leads in sql, opportunity" in str(finding.message)
    assert str(finding.suggestion) == "say in its condition that the stage is one of mql"


DOWNLOADS = {"count": {"event": "content.downloaded", "days": 30}, "op": "gte", "value": 3}
LATELY = {"days_since": {"event": "pricing.viewed"}, "op": "lte", "value": 7}
WHERE = {
    "count": {"event": "pricing.viewed", "where": {"event": "properties.p", "op": "known"}},
    "op": "gte",
    "value": 1,
}
ACTIVE = {"field": "account.active_leads", "op": "gte", "value": 2}
SEGMENTS = [
    {"key": "busy", "when": some(asks("company.size_x", "gt", 5), {"segment": "reads"})},
    {"key": "reads", "when": ACTIVE},
]


@pytest.mark.parametrize("when", [DOWNLOADS, LATELY, WHERE, ACTIVE, no(DOWNLOADS), {"segment": "busy"}])
def test_fit_that_counts_what_happens_is_reported(when: dict[str, Any]) -> None:
    """R2.8."""
    found = meanings(with_rule(when, segments=SEGMENTS))
    assert [one for one in found if one[0] == "fit-reads-events"] == [
        ("fit-reads-events", "models[0].fit.groups[0].rules[0].when")
    ]


def test_fit_that_says_who_a_lead_is_and_engagement_that_counts_are_not() -> None:
    """R2.8."""
    assert meanings(with_rule({"field": "account.leads", "op": "gte", "value": 2})) == []
    assert meanings(with_signal({"when": every(DOWNLOADS, ACTIVE)})) == []


def test_a_rule_that_is_switched_off_is_not_reported() -> None:
    """R2.8."""
    rule = {"key": "r", "when": ACTIVE, "points": 1, "enabled": False}
    assert meanings(policy(models=[{"key": "m", "fit": {"groups": [{"key": "g", "rules": [rule]}]}}])) == []
