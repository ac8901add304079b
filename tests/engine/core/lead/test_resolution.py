"""Whom an event means, in memory (docs/contract/design.md §2)."""

from itertools import count

from engine.core.lead.resolution import Resolution

MAIL, OTHER = {"email": "li@corp.cn"}, {"email": "wang@corp.cn"}


def test_the_most_trusted_known_identifier_says_who_is_meant() -> None:
    who = Resolution(count(1))
    assert who.lead_of({"external_id": "a"}, trusted=True) == 1
    assert who.lead_of(MAIL, trusted=True) == 2
    assert who.lead_of({"external_id": "a", **MAIL}, trusted=True) == 1
    assert who.take_merges() == ((1, 2),)
    assert who.take_merges() == ()


def test_two_people_stay_two_people() -> None:
    who = Resolution(count(1))
    who.lead_of({"external_id": "a", **MAIL}, trusted=True)
    who.lead_of({"external_id": "b", **OTHER}, trusted=True)
    assert who.lead_of({"external_id": "a", **OTHER}, trusted=True) == 1
    assert who.take_merges() == ()


def test_the_identifiers_of_a_lead_that_went_name_the_one_that_stays() -> None:
    who = Resolution(count(1))
    who.lead_of({"anonymous_id": "x"}, trusted=False)
    who.lead_of(MAIL, trusted=True)
    who.join(1, 2)
    assert who.lead_of(MAIL, trusted=True) == 1
    assert who.lead_of({"anonymous_id": "x", **OTHER}, trusted=False) == 1
    assert OTHER["email"] not in {value for _, value in who.identifiers[1]}


def test_a_browser_adds_its_own_id_to_anybody_and_nothing_else_to_known_leads() -> None:
    who = Resolution(count(1))
    who.lead_of(MAIL, trusted=True)
    assert who.lead_of({**MAIL, "anonymous_id": "x", "wechat": "w"}, trusted=False) == 1
    assert set(who.fresh) == {("email", "li@corp.cn"), ("anonymous_id", "x")}


def test_joining_what_no_source_vouches_for_makes_nothing_trusted() -> None:
    who = Resolution(count(1))
    who.lead_of({"anonymous_id": "x"}, trusted=False)
    who.lead_of({"anonymous_id": "y"}, trusted=False)
    who.join(1, 2)
    assert who.trusted_leads == set()


def test_identifiers_of_one_lead_are_nothing_to_merge() -> None:
    who = Resolution(count(1))
    both = {"external_id": "a", **MAIL}
    assert (who.lead_of(both, trusted=True), who.lead_of(both, trusted=True)) == (1, 1)
    assert who.take_merges() == ()
