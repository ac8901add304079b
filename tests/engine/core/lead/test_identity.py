"""Who is who: which identifiers name a person, and when two leads are one (docs/contract/design.md §2)."""

import pytest

from engine.core.lead.identity import KINDS, are_one_person, is_anonymous, is_shared, naming

EVERYTHING = {
    "anonymous_id": "a1",
    "phone": "+8613912345678",
    "email": "li@example.com",
    "wechat": "w1",
    "external_id": "crm-1",
}


def test_identifiers_name_a_person_in_the_order_of_trust() -> None:
    assert [kind for kind, _ in naming(EVERYTHING)] == list(KINDS)
    assert naming({"email": "li@example.com"}) == (("email", "li@example.com"),)
    assert naming({}) == ()


@pytest.mark.parametrize(
    ("kind", "value", "shared"),
    [
        ("email", "info@example.com", True),
        ("email", "Sales+cn@example.com", True),
        ("email", "no-reply@example.com", True),
        ("email", "li@info.example.com", False),
        ("email", "information@example.com", False),
        ("phone", "+861065529988", True),
        ("phone", "+864008123123", True),
        ("phone", "+8613912345678", False),
        ("phone", "+12125550123", False),
        ("phone", "+861065529988;ext=12", False),
        ("phone", "12", False),
        ("wechat", "info", False),
        ("external_id", "sales", False),
    ],
)
def test_addresses_of_roles_and_numbers_of_switchboards_are_shared(kind: str, value: str, shared: bool) -> None:
    assert is_shared(kind, value) is shared


def test_what_is_shared_names_a_lead_only_when_there_is_nothing_else() -> None:
    assert naming({"email": "info@example.com", "anonymous_id": "a1"}) == (("anonymous_id", "a1"),)
    assert naming({"phone": "+861065529988", "email": "info@example.com"}) == (("email", "info@example.com"),)


LINK = (("email", "li@example.com"), ("anonymous_id", "a1"))


def test_leads_linked_by_an_event_are_one_person_when_nothing_speaks_against_it() -> None:
    assert are_one_person(LINK, [("email", "li@example.com")], [("anonymous_id", "a1")])


def test_two_customers_of_one_browser_stay_two_people() -> None:
    first = [("external_id", "c1"), ("email", "li@example.com")]
    second = [("external_id", "c2"), ("anonymous_id", "a1")]
    assert not are_one_person(LINK, first, second)
    assert are_one_person(LINK, first, [("external_id", "c1"), ("anonymous_id", "a1")])


def test_identifiers_less_trusted_than_the_link_do_not_keep_people_apart() -> None:
    strong = (("external_id", "c1"), ("email", "li@example.com"))
    first = [("external_id", "c1"), ("phone", "+8613912345678"), ("anonymous_id", "a1")]
    second = [("email", "li@example.com"), ("phone", "+8613900000000"), ("anonymous_id", "a2")]
    assert are_one_person(strong, first, second)


def test_one_identifier_of_a_kind_in_common_is_enough_for_that_kind() -> None:
    first = [("email", "li@example.com"), ("email", "li.na@example.com")]
    second = [("email", "li.na@example.com"), ("email", "other@example.com"), ("anonymous_id", "a1")]
    assert are_one_person(LINK, first, second)


def test_a_lead_of_anonymous_ids_alone_is_anonymous() -> None:
    assert is_anonymous([("anonymous_id", "a1"), ("anonymous_id", "a2")])
    assert not is_anonymous([("anonymous_id", "a1"), ("phone", "+8613912345678")])
