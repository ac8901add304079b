"""Strikes in a row, the suspension they cause, and what resets the count (R6.6)."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.core.notify.effects import Effect, Record, Reset, Strike
from engine.core.sla.discipline import Discipline, SuspensionBegun, rule_key
from rulesets.policy.policy import StrikeRule
from tests.engine.core.decided_leads import ANN, SAM, SUE
from tests.engine.core.scored_leads import NOW

DAY = timedelta(days=1)
ROLES = {SAM: "sales", SUE: "sales", ANN: "sdr"}
TWICE = StrikeRule.model_validate(
    {"role": "sales", "sla": ["accept"], "consecutive": 2, "suspend": {"days": 30}}
)  # fmt: skip


def strike(day: float, person: str = SAM, clock: str = "accept") -> Strike:
    return Strike(person, clock, NOW + day * DAY)


def feel(discipline: Discipline, *effects: Effect, rule: StrikeRule = TWICE) -> list[tuple[str, int, bool]]:
    return [(one.person, one.count, one.suspended is not None) for one in discipline.feel(effects, [rule], ROLES)]


def test_the_second_miss_in_a_row_suspends_from_the_moment_the_clock_was_due() -> None:
    people = Discipline({})
    assert feel(people, strike(0), strike(3)) == [(SAM, 1, False), (SAM, 2, True)]
    assert people.begun == [SuspensionBegun(SAM, "sales", rule_key(TWICE), NOW + 3 * DAY, NOW + 33 * DAY)]
    assert people.counts[SAM, rule_key(TWICE)] == 0
    assert people.changed == {(SAM, rule_key(TWICE))}


def test_a_suspension_lasts_from_its_first_moment_to_before_its_last() -> None:
    people = Discipline({(SAM, rule_key(TWICE)): 1})
    feel(people, strike(0))
    moments = [NOW - DAY, NOW, NOW + 30 * DAY - timedelta(microseconds=1), NOW + 30 * DAY]
    assert [people.is_suspended(SAM, "sales", moment) for moment in moments] == [False, True, True, False]
    assert not people.is_suspended(SUE, "sales", NOW)
    assert not people.is_suspended(SAM, "sdr", NOW)


def test_a_clock_met_in_between_begins_anew() -> None:
    people = Discipline({})
    assert feel(people, strike(0), Reset(SAM, "accept"), strike(1)) == [(SAM, 1, False), (SAM, 1, False)]


def test_misses_during_a_suspension_do_not_count() -> None:
    people = Discipline({})
    assert feel(people, strike(0), strike(1), strike(2), strike(20)) == [(SAM, 1, False), (SAM, 2, True)]
    assert feel(people, strike(31), strike(32)) == [(SAM, 1, False), (SAM, 2, True)]


def test_others_clocks_roles_and_effects_count_nothing() -> None:
    people = Discipline({})
    others = (strike(0, ANN), strike(0, clock="else"), strike(0, "stranger@example.com"), Reset(SAM, "accept"))
    assert feel(people, *others, Reset(SAM, "else"), Record("met", SAM, NOW)) == []
    assert (people.counts, people.changed) == ({}, set())


def test_counters_go_on_under_another_limit_and_another_order_of_clocks() -> None:
    one = StrikeRule.model_validate({"role": "sales", "sla": ["a", "b"], "consecutive": 5, "suspend": {"days": 1}})
    other = StrikeRule.model_validate({"role": "sales", "sla": ["b", "a"], "consecutive": 2, "suspend": {"days": 9}})
    assert rule_key(one) == rule_key(other)
    people = Discipline({})
    feel(people, strike(0, clock="a"), rule=one)
    assert feel(people, strike(1, clock="b"), rule=other) == [(SAM, 2, True)]


@given(st.lists(st.sampled_from(["miss", "met"]), max_size=40), st.integers(1, 4))
def test_somebody_is_suspended_exactly_after_so_many_misses_without_a_met_one_between(
    history: list[str], limit: int
) -> None:
    rule = TWICE.model_copy(update={"consecutive": limit, "suspend": TWICE.suspend.model_copy(update={"days": 1})})
    people = Discipline({})
    row, expected = 0, 0
    for place, what in enumerate(history):
        row = row + 1 if what == "miss" else 0
        if row == limit:
            expected, row = expected + 1, 0
        feel(people, strike(2 * place) if what == "miss" else Reset(SAM, "accept"), rule=rule)
    assert len(people.begun) == expected
    assert all(first.end <= second.start for first, second in pairwise(people.begun))
