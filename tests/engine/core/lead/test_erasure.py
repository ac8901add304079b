"""What goes and what stays of events and claims when a person is erased (R4.8)."""

from typing import Any

import pytest

from engine.core.lead.erasure import GONE, Erasure, holds, personal_values, without
from engine.core.lead.facts import dump_claims
from engine.core.lead.facts import folded as fold_together
from engine.core.scoring.plan import frame_of
from tests.engine.core.scored_leads import NOW, event, policy

FRAME = frame_of(
    policy(
        fields=[
            {"key": "lead.level", "type": "choice", "options": ["Junior", "Senior"]},
            {"key": "lead.utm.source", "type": "choice", "options": ["fair"]},
            {"key": "lead.age", "type": "integer", "pii": True},
            {"key": "answers.budget", "type": "decimal"},
            {"key": "answers.words", "type": "text"},
            {"key": "answers.several", "type": "choices", "options": ["a", "b"]},
        ]
    )
)


def rule(*, others: bool = True) -> Erasure:
    return Erasure(FRAME.vocabulary, FRAME.zone, lambda kind, value: f"#{kind}{len(value)}", company=others)


def body(event_type: str = "content.downloaded", *, own: bool = False, others: bool = True, **groups: Any) -> Any:
    return rule(others=others).body(event_type, groups, own=own)


def test_identifiers_become_hashes() -> None:
    assert body(lead={"email": "a@qq.com", "wechat": "w"}) == {"lead": {"email": "#email8", "wechat": "#wechat1"}}


@pytest.mark.parametrize(
    ("group", "said", "left"),
    [
        ("traits", {"name": "Anna", "job_title": "CTO", "city": "Lund", "nick": "A", "age": 41}, {}),
        ("traits", {"region": "华东", "level": "junior", "tags": ["x"]}, {"region": "华东", "level": "junior"}),
        ("traits", {"level": "call me Anna"}, {}),
        ("traits", {"utm": {"source": "fair", "term": "anna"}, "more": {"x": 1}}, {"utm": {"source": "fair"}}),
        ("answers", {"budget": "1200", "words": "when Anna is back"}, {"budget": "1200"}),
        ("answers", {"several": ["a", "Anna"]}, {}),
        ("company", {"name": "Acme", "employees": 120, "boss": "Anna"}, {"name": "Acme", "employees": 120}),
    ],
)
def test_of_statements_only_those_stay_that_name_nobody(group: str, said: Any, left: Any) -> None:
    assert body(**{group: said}) == ({group: left} if left else {})


def test_of_a_company_without_other_people_nothing_stays() -> None:
    said: dict[str, Any] = {"company": {"name": "Anna AB", "employees": 1}, "lead": {"email": "a@anna.example"}}
    assert body(**said, others=False) == {"lead": {"email": "#email14"}}
    assert body(**said)["company"] == {"domain": "anna.example", "name": "Anna AB", "employees": 1}


@pytest.mark.parametrize(
    ("event_type", "said", "left"),
    [
        ("content.downloaded", {"asset_id": "wp", "amount": 5}, {}),
        ("opportunity.won", {"amount": 120.5, "note": "Anna"}, {"amount": 120.5}),
        ("opportunity.won", {"amount": "120.50"}, {"amount": "120.50"}),
        ("opportunity.won", {"amount": "from Anna"}, {}),
        ("lead.rejected", {"reason": "no_budget", "channel": "Anna's phone"}, {"reason": "no_budget"}),
        ("lead.assigned", {"to": "li@example.com"}, {"to": "li@example.com"}),
        ("lead.merged", {"leads": [1, 2]}, {"leads": [1, 2]}),
        ("lead.merged", {"leads": ["Anna"]}, {}),
    ],
)
def test_of_properties_what_was_done_stays(event_type: str, said: Any, left: Any) -> None:
    assert body(event_type, properties=said) == ({"properties": left} if left else {})


def test_properties_of_the_engines_own_events_stay() -> None:
    assert body("score.refreshed", own=True, properties={"cause": "time"}) == {"properties": {"cause": "time"}}


def test_claims_keep_what_the_events_keep_and_the_company_of_the_mailbox() -> None:
    said = event(
        identities={"email": "a@acme.example", "phone": "+1"}, traits={"name": "Anna", "level": "Senior"}, id_="e1"
    )
    stored = dump_claims(fold_together([said], FRAME.vocabulary, FRAME.zone))
    kept = rule().claims(stored)
    assert set(kept) == {"lead.created_at", "lead.level", "company.domain"}
    assert kept["company.domain"] == [["acme.example", NOW.isoformat(), "web", "e1"], None]
    assert set(rule(others=False).claims(stored)) == {"lead.created_at", "lead.level"}
    assert rule().claims({"company.domain": [["b.example", "", "", ""], None], **stored})["company.domain"][0][0] == (
        "b.example"
    )
    assert rule().claims({"lead.email": [None, None]}) == {}


def test_values_are_looked_for_elsewhere_if_they_tell_the_person() -> None:
    before = {"a": ["Anna Li", "hot", "A", "42", "2026-11-21", 13800138000, True, None, "李娜", "stays here"]}
    found = personal_values([before], [{"a": "Stays here"}], ["wx_anna", "x"])
    assert found == {"anna li", "13800138000", "李娜", "wx_anna"}


def test_nothing_of_the_values_is_left_and_events_are_renamed() -> None:
    stored = {"id": "e1", "event_id": "e2", "other": "e1", "list": ["Talk to ANNA LI", 3], "n": None}
    left = without(stored, frozenset({"anna li"}), {"e1": "#1"})
    assert left == {"id": "#1", "event_id": "e2", "other": "e1", "list": [GONE, 3], "n": None}
    assert holds("anna  li", frozenset({"anna li"}))
    assert not holds("anna", frozenset({"anna li"}))
