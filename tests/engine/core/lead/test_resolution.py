"""Whom an event means, in memory (R1.14, docs/contract/design.md §2)."""

from collections.abc import Mapping
from itertools import count, permutations
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.resolution import Meant, Resolution

MAIL, OTHER = {"email": "li@corp.cn"}, {"email": "wang@corp.cn"}
BROWSER = {"anonymous_id": "pc-1"}


def people(*said: Mapping[str, str], trusted: bool = True) -> list[int]:
    """Whom each of some events means at the end, merges done at once as a simulation does them."""
    who, became, numbers = Resolution(count(1)), dict[int, int](), []
    for identities in said:
        numbers.append(who.lead_of(identities, trusted=trusted).lead)
        for stays, goes in who.take_merges():
            who.join(stays, goes)
            became[goes] = stays
    return [living(became, number) for number in numbers]


def living(became: Mapping[int, int], number: int) -> int:
    """The lead that a lead is part of."""
    return living(became, became[number]) if number in became else number


def test_the_most_trusted_known_identifier_says_who_is_meant() -> None:
    who = Resolution(count(1))
    assert who.lead_of({"external_id": "a"}, trusted=True) == Meant(1)
    assert who.lead_of(MAIL, trusted=True) == Meant(2)
    assert who.lead_of({"external_id": "a", **MAIL}, trusted=True) == Meant(1)
    assert who.merges == {(1, 2): ("external_id", "email")}
    assert who.take_merges() == ((1, 2),)
    assert who.take_merges() == ()


def test_the_identifiers_of_a_lead_that_went_name_the_one_that_stays() -> None:
    who = Resolution(count(1))
    who.lead_of(BROWSER, trusted=False)
    who.lead_of(MAIL, trusted=True)
    who.join(1, 2)
    assert who.lead_of(MAIL, trusted=True) == Meant(1)
    assert who.lead_of({**BROWSER, **MAIL}, trusted=False) == Meant(1)
    assert who.merges == {}


def test_a_browser_adds_its_own_id_to_anybody_and_nothing_else_to_known_leads() -> None:
    who = Resolution(count(1))
    who.lead_of(MAIL, trusted=True)
    assert who.lead_of({**MAIL, "anonymous_id": "x", "wechat": "w"}, trusted=False) == Meant(1)
    assert set(who.fresh) == {("email", "li@corp.cn"), ("anonymous_id", "x")}


def test_a_public_key_breaks_no_link_that_a_trusted_source_made() -> None:
    who = Resolution(count(1))
    who.lead_of({**MAIL, **BROWSER}, trusted=True)
    assert who.lead_of({**OTHER, **BROWSER}, trusted=False) == Meant(2)
    assert who.lead_of(BROWSER, trusted=True) == Meant(1)
    assert who.shared == set()


def test_a_public_key_breaks_a_link_of_public_keys_and_merges_no_two_known_leads() -> None:
    assert people({**MAIL, **BROWSER}, {**OTHER, **BROWSER}, BROWSER, trusted=False) == [1, 2, 3]
    assert people({"external_id": "a"}, MAIL, {"external_id": "a", **MAIL}, trusted=False) == [1, 2, 1]
    assert people(BROWSER, MAIL, {**BROWSER, **MAIL}, trusted=False) == [1, 1, 1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_two_mailboxes_on_one_browser_are_two_people_in_every_order(order: tuple[int, ...]) -> None:
    said = [{**MAIL, **BROWSER}, {**OTHER, **BROWSER}, OTHER]
    found = dict(zip(order, people(*(said[place] for place in order)), strict=True))
    assert found[0] != found[1] == found[2]


def test_what_several_people_share_names_one_visitor_alone_and_nobody_beside_others() -> None:
    who = Resolution(count(1))
    for identities in ({**MAIL, **BROWSER}, {**OTHER, **BROWSER}):
        who.lead_of(identities, trusted=True)
    assert who.shared == {("anonymous_id", "pc-1")}
    assert who.lead_of(BROWSER, trusted=True) == Meant(3, visitor=True)
    assert who.lead_of(BROWSER, trusted=True) == Meant(3, visitor=True)
    assert who.lead_of({"phone": "+8613800138000", **BROWSER}, trusted=True) == Meant(4)
    assert who.lead_of({**MAIL, **BROWSER}, trusted=True) == Meant(1)
    assert who.take_merges() == ()


def test_a_shared_mailbox_beside_a_broken_browser_goes_to_the_visitor_of_the_mailbox() -> None:
    who = Resolution(count(1))
    for identities in ({"external_id": "1", **MAIL}, {"external_id": "2", **MAIL}, {**OTHER, **BROWSER}):
        who.lead_of(identities, trusted=True)
    assert who.lead_of({**MAIL, **BROWSER}, trusted=True) == Meant(4, visitor=True)
    assert who.shared == {("email", "li@corp.cn"), ("anonymous_id", "pc-1")}


def test_what_a_lead_brought_counts_against_links_though_it_names_another() -> None:
    who = Resolution(count(1))
    for identities in ({"external_id": "1", **MAIL}, {"external_id": "2", **MAIL, **BROWSER}):
        who.lead_of(identities, trusted=True)
    assert who.fresh_claims == {(("email", "li@corp.cn"), 2)}
    assert who.lead_of({**OTHER, **BROWSER}, trusted=True) == Meant(3)
    assert who.lead_of({"external_id": "2", **MAIL}, trusted=True) == Meant(2)
    assert len(who.fresh_claims) == 1


def test_leads_that_are_about_to_be_one_are_judged_as_one() -> None:
    who = Resolution(count(1))
    for identities in ({"external_id": "1"}, MAIL, {"external_id": "1", **MAIL}):
        who.lead_of(identities, trusted=True)
    assert who.lead_of({"external_id": "2", **MAIL}, trusted=True) == Meant(3)
    assert who.shared == {("email", "li@corp.cn")}


def test_what_is_known_of_two_leads_may_speak_against_a_link_that_the_event_does_not_break() -> None:
    found = people({**MAIL, "phone": "+8613800138000"}, {**OTHER, **BROWSER}, {"phone": "+8613800138000", **BROWSER})
    assert found == [1, 2, 1]


def test_leads_that_a_person_parted_stay_apart() -> None:
    who = Resolution(count(1))
    who.apart.add((1, 2))
    for identities in ({"external_id": "a"}, MAIL, {"external_id": "a", **MAIL}):
        who.lead_of(identities, trusted=True)
    assert who.take_merges() == ()


def test_what_names_nobody_joins_nobody() -> None:
    assert people({"external_id": "undefined", **MAIL}, {"external_id": "undefined", **OTHER}) == [1, 2]


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ({"external_id": "1", "phone": "+8613800138001"}, {"external_id": "2", "phone": "+8613800138001"}, False),
        ({"wechat": "1", "phone": "+8613800138001"}, {"wechat": "2", "phone": "+8613800138001"}, False),
        ({"email": "a@x.cn", "phone": "+8613800138001"}, {"email": "b@x.cn", "phone": "+8613800138001"}, True),
        ({"external_id": "1", "email": "a@x.cn"}, {"external_id": "1", "email": "b@x.cn"}, True),
        ({"external_id": "1", "email": "a@x.cn"}, {"external_id": "2", "email": "a@x.cn"}, False),
        ({"external_id": "1", "wechat": "w"}, {"external_id": "2", "wechat": "w"}, False),
        ({"wechat": "1", "email": "a@x.cn"}, {"wechat": "2", "email": "a@x.cn"}, True),
        ({"wechat": "1", "anonymous_id": "x"}, {"wechat": "2", "anonymous_id": "x"}, False),
        ({"phone": "+8613800138001", "anonymous_id": "x"}, {"phone": "+8613800138002", "anonymous_id": "x"}, False),
        ({"anonymous_id": "x"}, {"email": "a@x.cn", "anonymous_id": "x"}, True),
        ({"email": "a@x.cn"}, {"email": "a@x.cn", "external_id": "1"}, True),
    ],
)
def test_two_events_mean_one_person_or_two(first: dict[str, str], second: dict[str, str], *, one: bool) -> None:
    """R1.14, each row of the table, both ways round."""
    assert len({*people(first, second)}) == (1 if one else 2)
    assert len({*people(second, first)}) == (1 if one else 2)


# ------------------------------------------------------------------------------------------------ properties
def some(kind: str, *values: str) -> st.SearchStrategy[dict[str, str]]:
    """No identifier of a kind, or one of these."""
    return st.sampled_from([{}, *({kind: value} for value in values)])


EVENTS = st.lists(
    st.builds(
        lambda *parts: {kind: value for part in parts for kind, value in part.items()},
        some("external_id", "1", "2"),
        some("wechat", "w1", "w2"),
        some("email", "a@x.cn", "b@x.cn"),
        some("phone", "+8613800138001", "+8613800138002"),
        some("anonymous_id", "pc-1", "pc-2"),
    ).filter(bool),
    max_size=8,
)


@given(EVENTS)
def test_two_external_ids_are_two_people_and_one_is_one(said: list[dict[str, str]]) -> None:
    by_lead: dict[int, set[str]] = {}
    by_id: dict[str, set[int]] = {}
    for identities, number in zip(said, people(*said), strict=True):
        if name := identities.get("external_id"):
            by_lead.setdefault(number, set()).add(name)
            by_id.setdefault(name, set()).add(number)
    assert all(len(names) == 1 for names in by_lead.values())
    assert all(len(leads) == 1 for leads in by_id.values())


@given(EVENTS, st.sampled_from([("wechat", {"phone", "anonymous_id"}), ("email", {"anonymous_id"})]))
def test_values_joined_by_nothing_but_a_weak_link_are_two_people(
    said: list[dict[str, str]], case: tuple[str, set[str]]
) -> None:
    """Two WeChats joined by a mobile or a browser alone, two mailboxes joined by a browser alone."""
    kind, weak = case
    apart = [{k: v for k, v in one.items() if k in {kind, *weak}} for one in said]
    apart = [one for one in apart if one]
    values: dict[int, set[str]] = {}
    for identities, number in zip(apart, people(*apart), strict=True):
        if kind in identities:
            values.setdefault(number, set()).add(identities[kind])
    assert all(len(found) == 1 for found in values.values())


def test_ten_thousand_mailboxes_on_one_browser_take_no_more_than_their_number() -> None:
    def seconds(size: int) -> float:
        who, start = Resolution(count(1)), perf_counter()
        for number in range(size):
            who.lead_of({"email": f"p{number}@x.cn", **BROWSER}, trusted=True)
        assert len(set(who.lead_by_identifier.values())) == size
        return perf_counter() - start

    seconds(100)
    assert seconds(10_000) < 40 * seconds(1_000) + 0.5
