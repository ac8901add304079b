"""Facts: the latest statement wins, in any order of arrival (R1.1, R1.4–R1.7)."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.lead.facts import (
    COMPANY,
    NO_CLAIMS,
    Claims,
    Folded,
    account_key,
    company_part,
    dump_claims,
    extras,
    fold,
    is_free_mail,
    joined,
    known,
    load_claims,
    stated,
    with_account,
)
from engine.core.lead.facts import folded as fold_together
from engine.core.lead.model import LeadEvent, Note
from engine.core.scoring.plan import frame_of
from rulesets.policy.vocabulary import Vocabulary
from tests.engine.core.scored_leads import NOW, event, policy

POLICY = policy(
    fields=[
        {"key": "lead.level", "type": "choice", "options": ["Junior", "经理"]},
        {"key": "lead.utm.source", "type": "text"},
        {"key": "lead.tags", "type": "choices", "options": ["hot", "cold"]},
        {"key": "answers.budget", "type": "boolean", "unknown_values": ["Select", "N/A"]},
    ]
)
FRAME = frame_of(POLICY)
VOCABULARY, ZONE = FRAME.vocabulary, FRAME.zone


def folded(*events: LeadEvent, claims: Claims = NO_CLAIMS) -> Claims:
    for one in events:
        claims = take(one, claims).claims
    return claims


def take(one: LeadEvent, claims: Claims = NO_CLAIMS) -> Folded:
    return fold(claims, one, VOCABULARY, ZONE)


def facts(*events: LeadEvent) -> dict[str, Any]:
    return known(folded(*events), VOCABULARY, ZONE)


def test_facts_are_typed_values_of_the_three_groups() -> None:
    found = facts(
        event(traits={"job_title": "  CTO "}, company={"employees": "1,200"}, answers={"budget": "是"}),
    )
    assert found == {
        "lead.created_at": NOW,
        "lead.job_title": "CTO",
        "company.employees": 1200,
        "answers.budget": True,
    }


def test_the_latest_event_wins_even_if_it_arrives_first() -> None:
    """R1.4."""
    late, early = event(traits={"city": "北京"}, days_ago=1), event(traits={"city": "上海"}, days_ago=2)
    assert facts(late, early)["lead.city"] == facts(early, late)["lead.city"] == "北京"


def test_at_one_moment_the_greater_source_and_then_the_greater_id_wins() -> None:
    """R1.4."""
    one = event(traits={"city": "a"}, id_="9", source="crm")
    two = event(traits={"city": "b"}, id_="1", source="web")
    three = event(traits={"city": "c"}, id_="2", source="web")
    assert facts(three, two, one)["lead.city"] == "c"


def test_null_empty_text_and_unknown_values_clear_a_fact() -> None:
    """R1.4."""
    said = event(days_ago=3, answers={"budget": "yes"})
    nothings: tuple[Any, ...] = (None, " ", [], "select", "n/a")
    for nothing in nothings:
        assert "answers.budget" not in facts(said, event(days_ago=2, answers={"budget": nothing}))


def test_an_unreadable_value_leaves_the_old_one_and_a_note() -> None:
    """R1.4."""
    claims = folded(event(days_ago=3, company={"employees": 50}))
    bad = event(days_ago=1, company={"employees": "about fifty" * 50})
    result = take(bad, claims)
    assert result.claims is claims
    assert not result.changed
    assert known(claims, VOCABULARY, ZONE)["company.employees"] == 50
    assert result.notes == (
        Note("company.employees", "not_a_number", ("about fifty" * 50)[:200], bad.source, bad.id, bad.occurred_at),
    )


def test_unknown_members_of_a_set_are_dropped_with_a_note_each() -> None:
    """R1.5."""
    result = take(event(traits={"tags": ["HOT", "warm", "tepid"]}))
    assert known(result.claims, VOCABULARY, ZONE)["lead.tags"] == ("hot",)
    assert [(note.field, note.code, note.raw) for note in result.notes] == [
        ("lead.tags", "not_an_option", "warm"),
        ("lead.tags", "not_an_option", "tepid"),
    ]


def test_an_identifier_that_names_nobody_is_a_note() -> None:
    """R1.15."""
    said = replace(event(traits={"city": "x"}), unreadable={"email": "n/a", "phone": "1" * 300})
    assert [(note.field, note.code, note.raw) for note in take(said).notes] == [
        ("lead.email", "unreadable_identity", "n/a"),
        ("lead.phone", "unreadable_identity", "1" * 200),
    ]
    assert "lead.email" not in known(take(said).claims, VOCABULARY, ZONE)
    assert fold(NO_CLAIMS, said, VOCABULARY, ZONE, groups=("company",)).notes == ()


def test_public_sources_count_only_while_no_trusted_event_has_named_the_fact() -> None:
    """R1.4."""
    public = event(days_ago=1, traits={"city": "public", "region": "public"}, trusted=False)
    trusted = event(days_ago=5, traits={"city": "trusted"})
    assert facts(public)["lead.city"] == "public"
    assert facts(public, trusted) == facts(trusted, public)
    assert facts(trusted, public)["lead.city"] == "trusted"
    assert facts(trusted, public)["lead.region"] == "public"


def test_a_trusted_clearing_names_the_fact_and_an_unreadable_trusted_value_does_not() -> None:
    public = event(days_ago=1, traits={"level": "junior"}, trusted=False)
    assert "lead.level" not in facts(public, event(days_ago=5, traits={"level": None}))
    assert facts(public, event(days_ago=5, traits={"level": "boss"}))["lead.level"] == "Junior"


def test_email_and_phone_are_the_first_identity_unless_traits_name_them() -> None:
    first = event(days_ago=5, identities={"email": "li@example.com", "phone": "+8613800000000"})
    second = event(days_ago=1, identities={"email": "other@example.com"})
    assert facts(second, first)["lead.email"] == "li@example.com"
    assert facts(first)["lead.phone"] == "+8613800000000"
    named = event(days_ago=3, traits={"email": "ceo@example.com"})
    assert facts(first, second, named)["lead.email"] == "ceo@example.com"
    cleared = event(days_ago=2, traits={"email": None})
    assert facts(first, named, cleared)["lead.email"] == "li@example.com"


def test_created_at_is_the_first_event_whatever_traits_say() -> None:
    events = [
        event(days_ago=1),
        event(days_ago=9, trusted=False),
        event(days_ago=4, traits={"created_at": "2001-01-01"}),
    ]
    assert facts(*events)["lead.created_at"] == NOW - timedelta(days=9)
    assert extras(folded(*events), VOCABULARY) == {"traits.created_at": "2001-01-01"}


def test_without_a_domain_that_of_a_mailbox_serves_unless_mail_is_free_there() -> None:
    assert facts(event(identities={"email": "li@Acme.Example"}))["company.domain"] == "acme.example"
    for free in ("li@gmail.com", "li@qq.com", "li@vip.163.com", "li@localhost", "li"):
        assert "company.domain" not in facts(event(identities={"email": free}))
    said = event(identities={"email": "li@acme.example"}, company={"domain": "acme.cn"})
    assert facts(said)["company.domain"] == "acme.cn"


def test_names_outside_the_vocabulary_are_kept_and_shown_and_never_facts() -> None:
    """R1.1."""
    claims = folded(
        event(days_ago=2, traits={"shoe_size": 44, "stage": "won", "gone": 1}, company={"vat": "X1"}),
        event(days_ago=1, traits={"gone": None, "city": "上海"}),
    )
    assert extras(claims, VOCABULARY) == {"lead.shoe_size": 44, "lead.stage": "won", "company.vat": "X1"}
    assert known(claims, VOCABULARY, ZONE).keys() == {"lead.created_at", "lead.city"}


def test_three_part_fields_may_come_nested_or_dotted() -> None:
    assert facts(event(traits={"utm": {"source": "ads", "other": 1}}))["lead.utm.source"] == "ads"
    assert facts(event(traits={"utm.source": "ads"}))["lead.utm.source"] == "ads"


def test_changed_says_whether_a_fact_has_another_value() -> None:
    assert take(event(days_ago=9)).changed  # created_at
    claims = folded(event(days_ago=9, traits={"city": "上海"}, identities={"email": "li@gmail.com"}))
    assert not take(event(days_ago=1), claims).changed
    assert not take(event(days_ago=1, traits={"city": " 上海 "}), claims).changed
    assert not take(event(days_ago=1, traits={"shoe_size": 44}), claims).changed
    assert not take(event(days_ago=8.5, trusted=False, traits={"city": "北京"}), claims).changed
    assert take(event(days_ago=1, traits={"city": "北京"}), claims).changed
    assert take(event(days_ago=1, traits={"email": "li@acme.example"}), claims).changed
    assert take(event(days_ago=1, identities={"phone": "+8613800000000"}), claims).changed


def test_an_event_taken_in_again_changes_nothing() -> None:
    one = event(traits={"city": "上海"}, identities={"email": "li@acme.example"})
    claims = folded(one)
    assert take(one, claims).claims is claims
    assert not take(one, claims).changed


def test_an_account_is_its_domain_else_its_folded_name_else_nothing() -> None:
    """R1.7."""

    def key(**groups: Any) -> str | None:
        return account_key(folded(event(**groups)), VOCABULARY, ZONE)

    assert key(company={"domain": "ACME.example", "name": "x"}) == "domain:acme.example"
    assert key(identities={"email": "li@acme.example"}) == "domain:acme.example"
    assert key(company={"name": "ＡＣＭＥ  Ltd"}) == "name:acme ltd"
    assert key(company={"domain": "gmail.com", "name": "Acme"}) == "name:acme"
    assert key(company={"domain": "gmail.com"}) is None
    assert key() is None


def test_a_company_is_one_account_however_its_domain_is_written() -> None:
    """R1.13."""

    def key(vocabulary: Vocabulary = VOCABULARY, **groups: Any) -> str | None:
        return account_key(folded(event(**groups)), vocabulary, ZONE)

    written = ("https://www.Acme.test/about", "mail.acme.test", "li@ACME.test.", "//acme.test:443")
    assert {key(company={"domain": text}) for text in written} == {"domain:acme.test"}
    assert key(identities={"email": "li@acme.test"}) == "domain:acme.test"
    assert key(traits={"email": "Li Na <li@mail.acme.test>"}) == "domain:acme.test"
    for free in ("Li Na <li@qq.com>", "li@vip.163.com", "LI@QQ.COM "):
        assert key(traits={"email": free}) is None
        assert key(company={"domain": free}) is None
    assert key(traits={"email": "acme.test"}) is None, "it is no mailbox"
    old = Vocabulary.of(POLICY, 1)
    assert key(old, identities={"email": "li@mail.acme.test"}) == "domain:mail.acme.test"


def test_what_is_no_domain_is_noted_and_keeps_the_old_one() -> None:
    """R1.13."""
    claims = folded(event(days_ago=2, company={"domain": "acme.test"}))
    taken = take(event(days_ago=1, company={"domain": "not a domain"}), claims)
    assert [(note.field, note.code) for note in taken.notes] == [("company.domain", "not_a_domain")]
    assert known(taken.claims, VOCABULARY, ZONE)["company.domain"] == "acme.test"


def test_an_account_takes_the_latest_statement_of_any_of_its_leads() -> None:
    """R1.7."""
    one = folded(event(days_ago=2, company={"employees": 10, "industry": "retail"}, traits={"city": "上海"}))
    two = folded(event(days_ago=1, company={"employees": 20}, traits={"city": "北京"}))
    account = joined([company_part(one), company_part(two)])
    found = known(with_account(one, account), VOCABULARY, ZONE)
    assert (found["company.employees"], found["company.industry"], found["lead.city"]) == (20, "retail", "上海")


def test_an_account_can_be_folded_alone() -> None:
    result = fold(NO_CLAIMS, event(company={"employees": 10}, traits={"city": "上海"}), VOCABULARY, ZONE, COMPANY)
    assert result.claims.keys() == {"company.employees"}
    assert result.changed


def test_free_mail_counts_for_subdomains_too() -> None:
    assert is_free_mail("vip.163.com")
    assert not is_free_mail("acme.example")


def test_facts_given_directly_are_read_like_any_other() -> None:
    given_ = {"company.registered_capital": "1.5", "lead.nothing": 1, "company.employees": "many"}
    assert stated(given_, VOCABULARY, ZONE) == {"company.registered_capital": Decimal("1.5")}


VALUES = st.one_of(
    st.none(), st.sampled_from(["a", "经理", "7", "hot", "N/A", "1.5", 3, True, ["hot"], {"source": "x"}])
)
NAMES = st.sampled_from(["city", "level", "utm", "tags", "employees", "budget", "email", "created_at", "odd"])


@st.composite
def statements(draw: st.DrawFn) -> LeadEvent:
    group = draw(st.sampled_from(["traits", "company", "answers"]))
    groups: Any = {group: draw(st.dictionaries(NAMES, VALUES, max_size=3))}
    return LeadEvent(
        source=draw(st.sampled_from(["crm", "web"])),
        id=draw(st.text("ab1", min_size=1, max_size=4)),
        type="lead.identified",
        occurred_at=datetime(2026, 11, draw(st.integers(1, 4)), tzinfo=UTC),
        identities=draw(st.sampled_from([{}, {"email": "li@example.com"}, {"phone": "+8613800000000"}])),
        trusted=draw(st.booleans()),
        **groups,
    )


def distinct(events: Iterable[LeadEvent]) -> list[LeadEvent]:
    """Without events that would be duplicates of one another: (source, id) is unique."""
    return list({(one.source, one.id): one for one in events}.values())


@given(st.lists(statements(), max_size=8).map(distinct), st.randoms())
def test_the_order_of_arrival_does_not_matter(events: list[LeadEvent], random: Any) -> None:
    shuffled = random.sample(events, len(events))
    assert folded(*events) == folded(*shuffled)


@given(st.lists(statements(), max_size=8).map(distinct), st.integers(0, 8))
def test_joining_two_halves_is_folding_all(events: list[LeadEvent], cut: int) -> None:
    assert joined([folded(*events[:cut]), folded(*events[cut:])]) == folded(*events)


@given(st.lists(statements(), max_size=6).map(distinct))
def test_claims_survive_json(events: list[LeadEvent]) -> None:
    claims = folded(*events)
    assert load_claims(json.loads(json.dumps(dump_claims(claims)))) == claims


@given(st.lists(statements(), max_size=6).map(distinct), statements())
def test_changed_is_true_exactly_when_facts_differ(events: list[LeadEvent], last: LeadEvent) -> None:
    before = folded(*events)
    result = take(last, before)
    assert result.changed is (known(before, VOCABULARY, ZONE) != known(result.claims, VOCABULARY, ZONE))


def test_events_folded_together_give_what_they_give_one_by_one() -> None:
    events = [
        event(days_ago=3, company={"employees": 50}),
        event(days_ago=2, company={"employees": "about fifty"}, answers={"budget": "Select"}),
        event(days_ago=4, traits={"job_title": "CTO"}),
    ]
    assert fold_together(events, VOCABULARY, ZONE) == folded(*events)


def test_a_withdrawal_of_consent_counts_from_public_sources_and_a_grant_does_not() -> None:
    """R1.19."""
    granted = event(days_ago=9, traits={"consent": {"email": "yes", "phone": True}})
    withdrawn = event(days_ago=5, traits={"consent.email": False}, trusted=False)
    again = event(days_ago=3, traits={"consent": {"email": True}}, trusted=False)
    for events in ((granted, withdrawn, again), (again, withdrawn, granted)):
        assert facts(*events)["lead.consent.email"] is False
        assert facts(*events)["lead.consent.phone"] is True
        assert known(fold_together(events, VOCABULARY, ZONE), VOCABULARY, ZONE) == facts(*events)
    trusted = event(days_ago=2, traits={"consent": {"email": True}})
    assert facts(granted, withdrawn, trusted)["lead.consent.email"] is True
    assert facts(event(traits={"consent": {"wechat": True}}, trusted=False))["lead.consent.wechat"] is True
