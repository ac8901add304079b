"""The state of a lead survives storage unchanged."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.model import Stage
from engine.core.lead.state import LeadState, PassedOver, Protection, Queued, dump_rest, load_state
from tests.engine.core.scored_leads import NOW

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
PEOPLE = st.none() | st.sampled_from(["ann@example.com", "bob@example.com"])
STATES = st.builds(
    LeadState,
    stage=st.none() | st.sampled_from(Stage),
    owner=PEOPLE,
    sdr=PEOPLE,
    rep=PEOPLE,
    touches=st.integers(0, 9),
    cycle=st.integers(1, 9),
    recycled_at=st.none() | MOMENTS,
    acts_after=st.none() | MOMENTS,
    confirmed_at=st.none() | MOMENTS,
    reject_reason=st.none() | st.just("no_need"),
    release_reason=st.none() | st.just("busy"),
    disqualified_by=st.sampled_from([None, "rule", "cell", "person"]),
    pool_since=st.none() | MOMENTS,
    queued=st.none() | st.builds(Queued, st.just("sdr"), MOMENTS, st.integers(1, 5)),
    passed_over=st.lists(st.builds(PassedOver, st.text(), st.just("missed"), MOMENTS), max_size=3).map(tuple),
    assigned_by=st.none() | st.just("sdrs"),
    breaches=st.dictionaries(st.just("first_touch"), st.integers(1, 3)),
    owned_since=st.none() | MOMENTS,
    pool_reason=st.none() | st.just("reclaimed"),
    conflict=PEOPLE,
    former_owners=st.lists(st.builds(PassedOver, st.text(), st.just("reclaimed"), MOMENTS), max_size=3).map(tuple),
    protection=st.none()
    | st.builds(
        Protection,
        MOMENTS,
        MOMENTS,
        st.none() | MOMENTS,
        st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=99)),
        st.lists(st.just("lead.touched"), max_size=2).map(tuple),
    ),
)


def columns(state: LeadState) -> dict[str, Any]:
    """The columns of the lead's row that belong to its state."""
    queued = state.queued
    return {
        "stage": state.stage and state.stage.value,
        "owner": state.owner,
        "sdr": state.sdr,
        "rep": state.rep,
        "pool_since": state.pool_since,
        "queued_role": queued and queued.role,
        "queued_at": queued and queued.since,
        "queue_priority": queued and queued.priority,
    }


@given(STATES)
def test_a_state_comes_back_from_its_columns_and_its_json_as_it_was(state: LeadState) -> None:
    assert load_state(columns(state), dump_rest(state)) == state


def test_what_says_nothing_is_not_stored() -> None:
    assert dump_rest(LeadState()) == {}


def test_what_is_stored_is_plain_json() -> None:
    state = LeadState(confirmed_at=NOW, passed_over=(PassedOver("ann@example.com", "missed", NOW),), breaches={"k": 2})
    at = "2026-11-20T09:30:00+00:00"
    assert dump_rest(state) == {
        "confirmed_at": at,
        "passed_over": [["ann@example.com", "missed", at]],
        "breaches": {"k": 2},
    }
