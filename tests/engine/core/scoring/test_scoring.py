"""Models, fit, engagement, edges (R3.1–R3.4, R3.8)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import FitLine
from engine.core.lead.view import LeadView
from engine.core.scoring.plan import frame_of, scoring_plan
from engine.core.scoring.scoring import score, score_values
from rulesets.conditions.interpreter import View
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import ALWAYS, balances, event, model, policy, scores, signal, view


def employees(op: str, value: Any) -> dict[str, Any]:
    return {"field": "company.employees", "op": op, "value": value}


def rule(key: str, points: float, when: Any = None, **rest: Any) -> dict[str, Any]:
    return {"key": key, "when": ALWAYS if when is None else when, "points": points, **rest}


def with_fit(*groups: Any, **rest: Any) -> Policy:
    return policy(model(fit={"groups": groups, **rest}))


def test_fit_adds_clamped_groups_to_a_start_and_clamps_the_sum() -> None:
    rules = with_fit(
        {"key": "size", "max": 30, "rules": [rule("a", 20), rule("b", 15), rule("c", 99, employees("gt", 500))]},
        {"key": "role", "min": -5, "rules": [rule("d", -20)]},
        {"key": "empty"},
        start=10,
        max=34.5,
    )
    found = scores(rules, {"company.employees": 100})
    assert found.fit == Decimal("34.5")
    assert found.fit_start == 10
    assert found.fit_lines == (FitLine("size", "a", Decimal(20)), FitLine("size", "b", Decimal(15)),
                               FitLine("role", "d", Decimal(-20)))  # fmt: skip
    groups = [(key, float(raw), float(bounded)) for key, raw, bounded in found.fit_groups]
    assert groups == [("size", 35, 30), ("role", -20, -5), ("empty", 0, 0)]
    assert found.engagement == 0


def test_disabled_rules_and_signals_do_nothing() -> None:
    rules = policy(
        model([{}, signal(enabled=False)], fit={"groups": [{"key": "g", "rules": [rule("off", 5, enabled=False)]}]})
    )
    found = scores(rules, None, event())
    assert (float(found.fit), float(found.engagement), len(found.ledger)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("points", "grade"), [(60, "A"), (59.99, "B"), (40, "B"), (39.99, "C"), (20, "C"), (19.99, "D"), (-1, "D")]
)
def test_an_edge_belongs_to_the_better_grade(points: float, grade: str) -> None:
    assert scores(with_fit(start=points)).grade == grade


def test_grades_and_heats_without_edges_are_never_reached() -> None:
    rules = policy({"key": "m", "fit": {"start": 50, "grades": {"B": 50}}, "engagement": {"heats": {}}})
    found = scores(rules)
    assert (found.grade, found.heat, found.cell) == ("B", "cold", "B.cold")


@pytest.mark.parametrize(
    ("points", "heat"), [(80, "frenzied"), (79.99, "hot"), (50, "hot"), (20, "warm"), (19, "cold")]
)
def test_an_edge_belongs_to_the_better_heat(points: float, heat: str) -> None:
    assert scores(policy(model([{}, signal(points=points)])), None, event()).cell == f"D.{heat}"


def test_models_are_tried_by_priority_and_then_in_order() -> None:
    rules = policy(
        {"key": "late", "priority": 5, "when": ALWAYS},
        {"key": "big", "priority": 1, "when": employees("gt", 100)},
        {"key": "also_big", "priority": 1, "when": employees("gt", 50)},
        {"key": "last", "priority": 9},
    )
    matcher = InterpreterMatcher(rules)
    chosen = [score(rules, view(rules, {"company.employees": n}), matcher).model for n in (500, 80, 10)]
    assert chosen == ["big", "also_big", "late"]


def test_if_no_model_holds_the_last_one_scores() -> None:
    rules = policy({"key": "m", "when": employees("gt", 100)})
    assert scores(rules).model == "m"


def test_a_signal_may_listen_to_several_events_and_hears_each_once() -> None:
    rules = policy(model([{}, signal(event_=["page.viewed", "webinar.attended", "page.viewed"], points=3)]))
    found = scores(rules, None, event("page.viewed", 2), event("Joined Webinar", 1), event(), event("unheard.of"))
    assert found.engagement == 6


def test_a_signal_sees_the_facts_of_the_moment_and_the_properties_of_its_event() -> None:
    when = {"all": [{"event": "properties.page", "op": "contains", "value": "pricing"}, employees("gt", 10)]}
    rules = policy(model([{}, signal("s", "page.viewed", when=when), signal("t", "page.viewed", points=1)]))
    events = [
        event("page.viewed", 9 - n, properties={"page": page}) for n, page in enumerate(["/pricing", "/", "/Pricing"])
    ]
    assert scores(rules, {"company.employees": 11}, *events).engagement == 23
    assert scores(rules, {"company.employees": 10}, *events).engagement == 3


def test_properties_may_lie_deeper_and_may_be_missing() -> None:
    when = {"event": "properties.utm.source", "op": "eq", "value": "ads"}
    rules = policy(model([{}, signal("s", "page.viewed", when=when, points=1)]))
    properties: list[dict[str, Any]] = [{"utm": {"source": "Ads"}}, {"utm": "ads"}, {}, {"utm": {"source": "mail"}}]
    events = [event("page.viewed", n, properties=one) for n, one in enumerate(properties)]
    assert scores(rules, None, *events).engagement == 1


class Asked:
    """Counts what it is asked and passes it on."""

    def __init__(self, rules: Policy) -> None:
        self._matcher = InterpreterMatcher(rules)
        self.rulesets: list[str] = []

    def match(self, ruleset: str, view_: View) -> frozenset[str]:
        self.rulesets.append(ruleset)
        return self._matcher.match(ruleset, view_)


def test_events_that_look_alike_to_the_conditions_are_asked_about_once() -> None:
    when = {"event": "properties.page", "op": "eq", "value": "x"}
    rules = policy(model([{}, signal("s", "page.viewed", when=when, points=1)]))
    events = [event("page.viewed", n, properties={"page": "xy"[n % 2], "n": n}) for n in range(10)]
    asked = Asked(rules)
    assert score(rules, view(rules, None, *events), asked).engagement == 5
    assert asked.rulesets == ["profile", "occurrence.page.viewed", "occurrence.page.viewed"]


def test_true_and_one_do_not_look_alike() -> None:
    when = {"event": "properties.page", "op": "eq", "value": "1"}
    rules = policy(model([{}, signal("s", "page.viewed", when=when, points=1)]))
    events = [event("page.viewed", n, properties={"page": value}) for n, value in enumerate([True, 1, "1"])]
    assert scores(rules, None, *events).engagement == 2


def test_events_later_than_the_moment_do_not_count() -> None:
    assert scores(policy(model([{}, signal()])), None, event(days_ago=-0.001), event()).engagement == 10


def test_scores_say_when_older_events_no_longer_count() -> None:
    rules = policy()
    truncated = replace(view(rules), history=History(truncated=True))
    assert score(rules, truncated, InterpreterMatcher(rules)).truncated


def test_scores_are_fields_for_later_conditions() -> None:
    found = scores(policy(model([{}, signal(points=30)], fit={"start": 60})), None, event())
    assert score_values(found) == {
        "score.fit": 60,
        "score.engagement": 30,
        "score.grade": "A",
        "score.heat": "warm",
        "score.cell": "A.warm",
        "score.model": "m",
    }


def test_the_plan_of_a_policy_is_made_once() -> None:
    rules = policy()
    assert scoring_plan(rules) is scoring_plan(rules)
    assert frame_of(rules) is not frame_of(policy())


# ------------------------------------------------------------------------------------------------ accounts (R3.7)
ABM = policy(
    {
        "key": "abm",
        "priority": 1,
        "scores": "account",
        "when": {"field": "company.is_customer", "op": "is_false"},
        "fit": {
            "grades": {"A": 50},
            "groups": [
                {
                    "key": "roles",
                    "rules": [
                        rule("decider", 30, {"field": "lead.buyer_role", "op": "eq", "value": "decider"}),
                        rule("user", 20, {"field": "lead.buyer_role", "op": "eq", "value": "user"}),
                        rule(
                            "both",
                            99,
                            {
                                "all": [
                                    {"field": "lead.buyer_role", "op": "eq", "value": "user"},
                                    {"field": "lead.city", "op": "eq", "value": "上海"},
                                ]
                            },
                        ),
                    ],
                }
            ],
        },
        "engagement": {
            "groups": [
                {
                    "key": "g",
                    "signals": [
                        signal(
                            "s", "page.viewed", points=5, when={"event": "properties.page", "op": "eq", "value": "x"}
                        ),
                        signal(
                            "often", "page.viewed", 1, when={"count": {"event": "page.viewed"}, "op": "gte", "value": 2}
                        ),
                    ],
                }
            ]
        },
    },
    model([{}, signal("own", "page.viewed", 1)]),
)


def committee() -> list[LeadView]:
    decider = view(
        ABM,
        {"lead.buyer_role": "decider", "lead.city": "上海", "company.is_customer": False},
        event("page.viewed", 2, properties={"page": "x"}),
    )
    user = view(ABM, {"lead.buyer_role": "user", "company.is_customer": False}, event("page.viewed", 1))
    return [decider, user]


def test_an_account_model_takes_all_open_leads_and_all_of_their_events_together() -> None:
    leads, matcher = committee(), InterpreterMatcher(ABM)
    found = [score(ABM, lead, matcher, leads) for lead in leads]
    assert found[0] == found[1]
    assert (found[0].model, float(found[0].fit), float(found[0].engagement)) == ("abm", 50, 7)
    assert balances(found[0])


def test_a_condition_on_the_lead_must_hold_as_a_whole_for_one_of_them() -> None:
    leads = committee()
    assert "both" not in {line.rule for line in score(ABM, leads[0], InterpreterMatcher(ABM), leads).fit_lines}


def test_without_others_a_lead_is_an_account_of_its_own() -> None:
    decider, _ = committee()
    found = score(ABM, decider, InterpreterMatcher(ABM))
    assert (found.model, float(found.fit), float(found.engagement)) == ("abm", 30, 5)


def test_a_lead_model_looks_at_its_own_lead_even_in_an_account() -> None:
    leads = [one.with_values({"company.is_customer": True}) for one in committee()]
    found = score(ABM, leads[1], InterpreterMatcher(ABM), leads)
    assert (found.model, float(found.engagement)) == ("m", 1)


def test_an_account_is_of_no_interest_to_a_policy_that_scores_leads_only() -> None:
    rules = policy(model([{}, signal(points=1)]))
    leads = [view(rules, None, event()), view(rules, None, event())]
    assert score(rules, leads[0], InterpreterMatcher(rules), leads).engagement == 1


def test_if_no_model_holds_a_last_account_model_scores_the_account() -> None:
    rules = policy({**model([{}, signal(points=1)]), "scores": "account", "when": employees("gt", 10)})
    leads = [view(rules, None, event()), view(rules, None, event())]
    assert score(rules, leads[0], InterpreterMatcher(rules), leads).engagement == 2


# --------------------------------------------------------------------------------------------------- properties
@given(st.lists(st.floats(0, 90), max_size=8), st.floats(0, 90), st.integers(0, 2000))
def test_one_more_occurrence_with_points_never_lowers_engagement(days: list[float], another: float, cents: int) -> None:
    decay = {"curve": "half_life", "days": 14}
    rules = policy(model([{}, signal(points=cents / 100, decay=decay)]))
    events = [event(days_ago=ago) for ago in days]
    assert scores(rules, None, *events, event(days_ago=another)).engagement >= scores(rules, None, *events).engagement


@given(st.lists(st.sampled_from(["page.viewed", "content.downloaded", "Joined Webinar"]), max_size=8))
def test_adding_to_a_history_scores_like_the_whole_history(types: list[str]) -> None:
    rules = policy(model([{"max": 12}, signal(points=4), signal("w", "webinar.attended", points=3)]))
    events = [event(type_, n) for n, type_ in enumerate(types)]
    grown = History()
    for one in events:
        grown = grown.with_event(one)
    seen = view(rules)
    assert score(rules, seen.with_history(grown), InterpreterMatcher(rules)) == scores(rules, None, *events)
