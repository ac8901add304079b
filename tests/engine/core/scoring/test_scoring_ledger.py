"""The ledger: limits cut the latest first, and everything adds up to the cent (R3.4 step 5, R3.5)."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.model import Adjustment, Scores, SignalTotal
from tests.engine.core.scored_leads import NOW, balances, event, model, policy, scores, signal


def contributions(found: Scores) -> list[tuple[str, float, str | None]]:
    return [(line.signal, float(line.contribution), line.cut_by) for line in found.ledger]


def test_a_signal_cap_cuts_the_latest_occurrences_first() -> None:
    found = scores(policy(model([{}, signal(points=20, max=50)])), None, *(event(days_ago=4 - n) for n in range(4)))
    assert contributions(found) == [("s", 20, None), ("s", 20, None), ("s", 10, "signal"), ("s", 0, "signal")]
    assert found.engagement == 50


def test_a_cap_limits_negative_points_as_well() -> None:
    rules = policy(model([{}, signal(points=-20, max=30)], total={"min": -100}))
    found = scores(rules, None, event(days_ago=2), event(days_ago=1))
    assert contributions(found) == [("s", -20, None), ("s", -10, "signal")]
    assert found.adjustments == ()


def test_group_and_total_cut_what_is_left_and_the_first_level_stays_named() -> None:
    rules = policy(
        model(
            [{"max": 30}, signal("a", points=20, max=20), signal("b", points=15)],
            [{}, signal("c", points=5)],
            total={"max": 32},
        )
    )
    found = scores(rules, None, event(days_ago=2), event(days_ago=1))
    assert contributions(found) == [
        ("a", 20, None), ("b", 10, "group"), ("c", 2, "total"),
        ("a", 0, "signal"), ("b", 0, "group"), ("c", 0, "total"),
    ]  # fmt: skip
    assert found.engagement == 32


def test_at_one_event_the_later_signal_of_the_document_is_cut_first() -> None:
    rules = policy(model([{"max": 10}, signal("a", points=6), signal("b", points=6)]))
    assert contributions(scores(rules, None, event())) == [("a", 6, None), ("b", 4, "group")]


def test_an_excess_is_taken_from_occurrences_of_its_sign_only() -> None:
    rules = policy(model([{"max": 10}, signal("plus", points=20), signal("minus", "page.viewed", points=-5)]))
    found = scores(rules, None, event(days_ago=2), event("page.viewed", 1))
    assert contributions(found) == [("plus", 15, "group"), ("minus", -5, None)]
    assert found.engagement == 10


def test_a_bound_that_raises_a_total_is_a_line_of_its_own() -> None:
    rules = policy(model([{"min": -20}, signal(points=-50)], [{"min": 5}], total={"min": -10}))
    found = scores(rules, None, event())
    assert contributions(found) == [("s", -50, None)]
    assert found.adjustments == (Adjustment("group", "g0", Decimal(30)), Adjustment("group", "g1", Decimal(5)),
                                 Adjustment("total", "total", Decimal(5)))  # fmt: skip
    assert found.engagement == -10


def test_what_no_occurrence_can_give_is_an_adjustment_too() -> None:
    """A group that is raised above the total's maximum, and a group whose maximum is below zero."""
    raised = scores(policy(model([{"min": 50}], total={"max": 40})))
    assert raised.adjustments == (Adjustment("group", "g0", Decimal(50)), Adjustment("total", "total", Decimal(-10)))
    sunk = scores(policy(model([{"max": -5}, signal(points=3)], total={"min": -9})), None, event())
    assert contributions(sunk) == [("s", 0, "group")]
    assert sunk.adjustments == (Adjustment("group", "g0", Decimal(-5)),)
    assert sunk.engagement == -5


def test_signals_are_summed_up_in_the_order_of_the_document() -> None:
    rules = policy(
        model(
            [{"max": 12}, signal("a", "page.viewed", points=5)], [{}, signal("b"), signal("never", "webinar.attended")]
        )
    )
    found = scores(rules, None, event(days_ago=9), *(event("page.viewed", n) for n in range(3)))
    assert found.signals == (
        SignalTotal("g0", "a", 3, Decimal(15), Decimal(12)),
        SignalTotal("g1", "b", 1, Decimal(10), Decimal(10)),
    )


def test_lines_are_a_sequence_that_makes_its_lines_when_asked() -> None:
    rules = policy(model([{}, signal("a", points=1)]))
    events = [event(days_ago=3 - n) for n in range(3)]
    lines = scores(rules, None, *events).ledger
    made = tuple(lines)
    assert (lines[0], lines[-1], lines[-2:], len(lines)) == (made[0], made[2], made[1:], 3)
    assert lines == made
    assert lines != made[1:]
    other: object = len(made)
    assert lines != other
    assert hash(lines) == hash(made)
    assert repr(lines) == repr(made)


def test_the_ledger_stands_in_the_order_of_history() -> None:
    rules = policy(model([{}, signal("late", "page.viewed")], [{}, signal("early")]))
    found = scores(rules, None, event("page.viewed", 1), event(days_ago=2), event("page.viewed", 3))
    assert [(line.signal, line.occurred_at) for line in found.ledger] == sorted(
        ((line.signal, line.occurred_at) for line in found.ledger), key=lambda line: line[1]
    )
    assert [line.group for line in found.ledger] == ["g0", "g1", "g0"]


POINTS = st.integers(-3000, 3000).map(lambda cents: cents / 100)
BOUND = st.none() | st.integers(0, 4000).map(lambda cents: cents / 100)
DECAY = st.sampled_from(
    [
        None,
        {"curve": "half_life", "days": 7},
        {"curve": "linear", "percent": 33.3, "period": {"days": 10}, "floor": 0.5},
        {"curve": "step", "steps": [{"after_days": 3, "percent": 12.5}]},
        {"curve": "expire", "days": 9},
    ]
)
REPEAT = st.sampled_from([None, {"per": "day", "times": 1}, {"per": "event", "times": 2, "window": {"days": 5}}])
TYPES = st.sampled_from(["content.downloaded", "page.viewed"])


def given_only(parts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value is not None}


SIGNALS = st.lists(
    st.fixed_dictionaries({"event": TYPES, "points": POINTS, "max": BOUND, "decay": DECAY, "repeat": REPEAT}),
    max_size=3,
)


@st.composite
def models(draw: st.DrawFn) -> Any:
    groups = []
    for _ in range(draw(st.integers(1, 3))):
        low, high = draw(BOUND), draw(BOUND)
        bounds = given_only({"min": None if low is None else -low, "max": high})
        groups.append([bounds, *({"key": f"s{n}", **given_only(s)} for n, s in enumerate(draw(SIGNALS)))])
    low, high = draw(BOUND), draw(BOUND)
    return model(*groups, total=given_only({"min": None if low is None else -low, "max": high}))


HISTORIES = st.lists(st.tuples(TYPES, st.integers(0, 20 * 24)), max_size=20)


@given(models(), HISTORIES)
def test_contributions_and_adjustments_add_up_to_engagement(parts: Any, happened: list[tuple[str, int]]) -> None:
    found = scores(policy(parts), None, *(event(type_, hours / 24) for type_, hours in happened))
    assert balances(found)
    assert sum(total.contribution for total in found.signals) == sum(line.contribution for line in found.ledger)
    assert sum(total.value for total in found.signals) == sum(line.value for line in found.ledger)
    assert sum(total.counted for total in found.signals) == len(found.ledger)
    for line in found.ledger:
        low, high = sorted((Decimal(0), line.value))
        assert low <= line.contribution <= high
        assert (line.cut_by is None) == (line.contribution == line.value)


@given(models(), HISTORIES, st.randoms())
def test_scores_do_not_depend_on_the_order_of_arrival(parts: Any, happened: list[tuple[str, int]], random: Any) -> None:
    rules = policy(parts)
    events = [event(type_, hours / 24) for type_, hours in happened]
    assert scores(rules, None, *events) == scores(rules, None, *random.sample(events, len(events)))


@given(models(), HISTORIES, st.floats(0, 5))
def test_totals_are_limited_at_each_level(parts: Any, happened: list[tuple[str, int]], ahead: float) -> None:
    """The engagement equals the clamped sums, computed here from the values of the lines alone."""
    rules = policy(parts)
    found = scores(rules, None, *(event(type_, hours / 24 + ahead) for type_, hours in happened), now=NOW)
    engagement = rules.models[0].engagement
    total = Decimal(0)
    for group in engagement.groups:
        part = Decimal(0)
        for one in group.signals:
            value = sum(line.value for line in found.ledger if (line.group, line.signal) == (group.key, one.key))
            part += value if one.max is None else max(-one.max, min(one.max, value))
        total += clamp(part, group.min, group.max)
    assert found.engagement == clamp(total, engagement.min, engagement.max)


def clamp(value: Decimal, low: Decimal | None, high: Decimal | None) -> Decimal:
    value = value if high is None else min(value, high)
    return value if low is None else max(value, low)
