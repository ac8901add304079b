"""History: events in order, the latest ten thousand, cheap to add to (R1.8, R1.9, R3.4)."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.history import LIMIT, History, past_of
from engine.core.lead.model import LeadEvent
from engine.core.lead.view import LeadView
from tests.engine.core.scored_leads import NOW, event, policy, view


def contents(history: History) -> tuple[Any, ...]:
    types = {name: history.of_type(name) for name in history.types()}
    return history.items, {name: found for name, found in types.items() if found}, history.truncated


EVENTS = st.lists(
    st.builds(
        lambda type_, hours, source, id_: event(type_, hours / 24, id_=id_, source=source),
        st.sampled_from(["page.viewed", "content.downloaded"]),
        st.integers(0, 5),
        st.sampled_from(["crm", "web"]),
        st.text("ab", min_size=1, max_size=3),
    ),
    max_size=12,
    unique_by=lambda one: (one.source, one.id),
)


@given(EVENTS)
def test_a_history_is_the_same_however_its_events_arrive(events: list[LeadEvent]) -> None:
    one_by_one = History()
    for one in events:
        one_by_one = one_by_one.with_event(one)
    assert contents(one_by_one) == contents(History.of(reversed(events)))
    assert list(one_by_one.items) == sorted(map(past_of, events), key=lambda past: past[:3])


def test_adding_leaves_the_old_history_as_it_was() -> None:
    before = History.of([event("page.viewed", 2)])
    after = before.with_event(event("page.viewed", 3))
    assert (len(before), len(after), len(before.of_type("page.viewed"))) == (1, 2, 1)


def test_an_event_already_in_it_changes_nothing() -> None:
    one = event(id_="same")
    history = History.of([one, event(days_ago=3)])
    assert history.with_event(one) is history


def test_what_lies_later_than_the_moment_is_not_yet_history() -> None:
    past, future = event("page.viewed", 1), event("page.viewed", -1)
    history = History.of([future, past])
    assert history.until(NOW + timedelta(days=1)) is history
    assert [item.id for item in history.until(NOW).items] == [past.id]
    assert len(view(policy(), None, past, future).events("page.viewed")) == 1
    assert History().until(NOW).items == ()


def full() -> History:
    return History.of(event(("page.viewed", "webinar.attended")[n % 2], n + 1) for n in range(LIMIT))


def test_the_oldest_of_ten_thousand_no_longer_counts_and_the_history_says_so() -> None:
    history = full()
    assert not history.truncated
    newer = history.with_event(event("page.viewed", 0))
    assert (len(newer), newer.truncated, newer.items[1:][:1]) == (LIMIT, True, history.items[2:3])
    assert contents(newer) == contents(History(newer.items, truncated=True))


def test_a_late_event_among_ten_thousand_takes_its_place() -> None:
    history = full()
    late = history.with_event(event("content.downloaded", 3.5))
    assert contents(late) == contents(History(late.items, truncated=True))
    assert len(late) == LIMIT


def test_an_event_older_than_ten_thousand_others_only_marks_the_history() -> None:
    history = full()
    older = history.with_event(event("page.viewed", LIMIT + 5))
    assert (older.items, older.truncated) == (history.items, True)
    assert older.with_event(event("page.viewed", LIMIT + 6)) is older


def test_a_union_keeps_the_latest_ten_thousand_of_all() -> None:
    history = full()
    union = History.joined([history, History.of([event("page.viewed", 0.5)])])
    assert (len(union), union.truncated) == (LIMIT, True)
    assert History.joined([History(truncated=True)]).truncated
    assert History.of([], truncated=True).truncated


def test_aliases_are_the_event_itself() -> None:
    rules = policy()
    seen = view(
        rules,
        None,
        event("Joined  webinar", 3, properties={"n": 1}),
        event("webinar.attended", 2, properties={"n": 2}),
        event("Webinar Joined Late", 4, properties={"n": 3}),
    )
    assert [properties["n"] for _, properties in seen.events("webinar.attended")] == [3, 1, 2]
    only = view(rules, None, event("Joined Webinar", 3, properties={"n": 1}))
    assert [properties["n"] for _, properties in only.events("webinar.attended")] == [1]
    assert view(rules).events("webinar.attended") == []


def test_a_view_can_be_derived_without_touching_the_first() -> None:
    rules = policy(segments=[{"key": "all", "when": {"all": []}}])
    first = view(rules, {"lead.city": "上海"}, event())
    other = first.with_values({"lead.city": None, "score.fit": 3}).at_event({"page": "x"}).with_history(History())
    assert (first.value("lead.city"), first.properties, len(first.history)) == ("上海", None, 1)
    assert (other.value("lead.city"), other.value("score.fit"), other.properties) == (None, 3, {"page": "x"})
    assert len(other.history) == 0
    assert isinstance(other, LeadView)
    assert other.segment("all") == rules.segments[0].when
