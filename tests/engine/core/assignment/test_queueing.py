"""Which queued leads may ask at once: those that are served in whatever order they are decided (R5.10)."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.assignment.eligibility import Member
from engine.core.assignment.queueing import WaitingLead, able, free_places, person_of, token, tokens, wave
from tests.engine.core.scored_leads import NOW

PEOPLE = ("a", "b", "c")


def waiting(*people: str) -> list[WaitingLead]:
    """Leads 0, 1, … for whom these people (each a letter) are there."""
    return [WaitingLead(number, frozenset(several)) for number, several in enumerate(people)]


@pytest.mark.parametrize(
    ("leads", "free", "asked"),
    [
        (("a", "a", "a"), {"a": None}, [0, 1, 2]),
        (("a", "a", "a"), {"a": 2}, [0, 1]),
        (("a", "b", "a"), {"a": 1, "b": 1}, [0, 1]),
        (("ab", "a"), {"a": 1, "b": 1}, [0]),
        (("ab", "a"), {"a": 2, "b": 1}, [0, 1]),
        (("ab", "a", "c"), {"a": 1, "b": 1, "c": 1}, [0, 2]),
        (("a", "ab", "b"), {"a": 1, "b": 1}, [0]),
        (("ab", "ab", "ab", "ab"), {"a": 1, "b": 2}, [0, 1, 2]),
        ((), {}, []),
    ],
)
def test_a_lead_asks_only_if_nobody_asked_can_lose_their_place(
    leads: Sequence[str], free: dict[str, int | None], asked: list[int]
) -> None:
    assert wave(waiting(*leads), free, 9) == asked


def test_a_wave_has_an_end() -> None:
    assert wave(waiting("a", "a", "a"), {"a": None}, 2) == [0, 1]


FITS = st.lists(st.sets(st.sampled_from(PEOPLE), min_size=1), max_size=8)
FREE = st.fixed_dictionaries({person: st.none() | st.integers(1, 3) for person in PEOPLE})


@given(FITS, FREE, st.randoms(use_true_random=False))
def test_in_whatever_order_a_wave_is_decided_everybody_asked_is_served(
    fits: list[set[str]], free: dict[str, int | None], random: Any
) -> None:
    leads = [WaitingLead(number, frozenset(people)) for number, people in enumerate(fits)]
    asked = wave(leads, free, 9)
    assert asked[:1] == [lead.lead for lead in leads][:1], "the best lead is never left behind"
    left = dict(free)
    for number in random.sample(asked, len(asked)):
        open_ = [person for person in sorted(fits[number]) if left[person] != 0]
        assert open_, f"lead {number} has lost its place"
        taken = random.choice(open_)
        places = left[taken]
        left[taken] = None if places is None else places - 1


@given(FITS, FREE)
def test_nobody_behind_asks_for_a_person_whom_a_lead_left_out_may_want(
    fits: list[set[str]], free: dict[str, int | None]
) -> None:
    asked = wave([WaitingLead(number, frozenset(people)) for number, people in enumerate(fits)], free, 9)
    for number in asked:
        before = [fits[other] for other in range(number) if other not in asked]
        assert all(people.isdisjoint(fits[number]) for people in before)


# ------------------------------------------------------------------------------------------------ who is there
@pytest.mark.parametrize(
    ("limits", "places"),
    [
        ({}, None),
        ({"capacity": 5, "open_leads": 3}, 2),
        ({"caps": {"day": 4, "month": 9}, "received": {"day": 1, "month": 8}}, 1),
        ({"capacity": 5, "open_leads": 1, "caps": {"week": 3}}, 3),
    ],
)
def test_somebody_has_as_many_places_as_the_nearest_limit_leaves(limits: dict[str, Any], places: int | None) -> None:
    assert free_places(Member("li@example.com", "sdr", **limits)) == places


def test_who_is_there_ends_the_waiting_of_leads_that_wait_for_them() -> None:
    here = Member("li@example.com", "sdr")
    off = Member("bo@example.com", "sdr", working=False)
    away = [
        Member("x@example.com", "sdr", active=False),
        Member("y@example.com", "sdr", caps={"month": 0}),
        Member("z@example.com", "sales", suspended=True),
    ]
    there = able([here, off, *away], NOW)
    assert there == [here, off]
    at_work = token("li@example.com", at_work=True)
    assert tokens(there) == {"li@example.com", "bo@example.com", at_work}
    assert {person_of(one) for one in tokens(there)} == {"li@example.com", "bo@example.com"}
