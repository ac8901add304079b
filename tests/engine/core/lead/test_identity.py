"""Who is who: which identifiers name a person, and when two leads are one (docs/contract/design.md §2)."""

import pytest

from engine.core.lead.identity import BREAKS, KINDS, breaks, is_shared, names_nobody, naming

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
        ("phone", "+861065529988;ext=12", True),
        ("phone", "+8613912345678;ext=12", True),
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


@pytest.mark.parametrize(
    ("link", "broken_by"),
    [
        ("external_id", set()),
        ("wechat", {"external_id"}),
        ("email", {"external_id"}),
        ("phone", {"external_id", "wechat"}),
        ("anonymous_id", {"external_id", "wechat", "email", "phone"}),
    ],
)
def test_a_link_is_broken_by_a_different_value_of_a_kind_in_its_row_alone(link: str, broken_by: set[str]) -> None:
    """The table of R1.14."""
    assert BREAKS[link] == broken_by
    found = {kind for kind in KINDS if breaks(link, {kind: {"a"}}, {kind: {"b", "c"}})}
    assert found == broken_by


def test_a_value_in_common_and_a_kind_that_one_side_lacks_break_nothing() -> None:
    assert not breaks("anonymous_id", {"email": {"a"}}, {"email": {"b", "a"}})
    assert not breaks("anonymous_id", {"email": {"a"}}, {"phone": {"b"}})
    assert not breaks("anonymous_id", {"email": {"a"}}, {"email": set()})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(
            ("external_id", word)
            for word in ("undefined", " NULL ", "None", "nil", "N/A", "na", "NaN", "-", "0", "true")
        ),
        *(
            ("anonymous_id", word)
            for word in ("true", "False", "anonymous", "guest", "unknown", "test", "[object Object]", "")
        ),
        ("wechat", "ｕｎｄｅｆｉｎｅｄ"),
        ("external_id", "00000000-0000-0000-0000-000000000000"),
        ("email", "test@test.com"),
        ("email", "none@none.cn"),
        ("email", "a@a.com"),
        ("email", "noreply@acme.test"),
        ("phone", "+8611111111111"),
        ("phone", "+861234567890"),
        ("phone", "+8698765432109"),
        ("phone", "99999999999"),
    ],
)
def test_what_only_fills_a_field_names_nobody(kind: str, value: str) -> None:
    """R1.15."""
    assert names_nobody(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("external_id", "1"),
        ("external_id", "test-1"),
        ("email", "test@acme.com"),
        ("email", "a@b.com"),
        ("email", "acme@acme.com"),
        ("phone", "+8613800138000"),
        ("phone", "+8613800022222"),
        ("phone", "+8613456789012"),
        ("phone", "+86"),
    ],
)
def test_what_looks_odd_may_still_name_somebody(kind: str, value: str) -> None:
    assert not names_nobody(kind, value)


def test_a_company_has_further_values_that_name_nobody() -> None:
    assert names_nobody("external_id", "Walk-In", {"walk-in"})
