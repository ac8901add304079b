"""When an event on one lead can change the scores of others of its account (R1.3, R3.7)."""

from datetime import timedelta
from typing import Any

import pytest

from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent, Stage
from engine.core.lead.view import Frame, LeadView
from engine.core.scoring.siblings import FactChange, account_dependency, affects_siblings, hops_of, next_quiet
from rulesets.policy.policy import Policy
from tests.factories import NOW, model, policy_document

ACTIVE_LEADS = {"field": "account.active_leads", "op": "gte", "value": 2}
HEARD = {"count": {"event": "webinar.attended", "days": 30}, "op": "gte", "value": 1}
SINCE = {"days_since": {"event": "page.viewed"}, "op": "lte", "value": 3}
KNOWN = {"field": "lead.city", "op": "known"}
EVENTS = [{"key": key, "kind": "latent"} for key in ("content.downloaded", "webinar.attended", "page.viewed")]
ACCOUNT_MODEL = model(scores="account", when={"all": [{"any": [HEARD, SINCE, KNOWN]}]})


def policy(*models: dict[str, Any], **parts: Any) -> Policy:
    last = {**model(), "key": "last"}
    return Policy.model_validate(policy_document(events=EVENTS, models=[*models, last], **parts))


ACCOUNTS = policy(ACCOUNT_MODEL)
LEADS = policy()
ACTIVE = policy(qualification={"red_flags": [{"key": "alone", "when": ACTIVE_LEADS}]})


def at(type_: str = "page.read", days: float = 0, **properties: Any) -> LeadEvent:
    return LeadEvent("web", f"{type_}{days}", type_, NOW - timedelta(days=days), properties=properties)


def changed(
    rules: Policy,
    event: LeadEvent,
    *before: LeadEvent,
    facts: bool = False,
    stages: tuple[Stage | None, Stage | None] = (None, Stage.RAW),
) -> bool:
    view = LeadView.of(Frame.of(rules), {}, NOW, History.of(before))
    return affects_siblings(rules, FactChange(event, view, facts, stages))


def test_a_policy_tells_what_its_models_of_accounts_hear_and_what_it_reads_of_accounts() -> None:
    plan = account_dependency(ACCOUNTS)
    assert (plan.scores, plan.reads) == (True, frozenset())
    assert plan.hears == {"content.downloaded", "webinar.attended", "page.viewed"}
    assert account_dependency(ACTIVE).reads == {"account.active_leads"}
    assert (account_dependency(LEADS).matters, account_dependency(ACTIVE).matters, plan.matters) == (False, True, True)


@pytest.mark.parametrize("type_", ["content.downloaded", "webinar.attended", "page.viewed"])
def test_what_a_model_of_accounts_hears_stirs_the_others(type_: str) -> None:
    assert changed(ACCOUNTS, at(type_))
    assert not changed(LEADS, at(type_))
    assert not changed(ACCOUNTS, at("page.read"))


def test_changed_facts_stir_only_where_leads_of_an_account_matter_to_each_other() -> None:
    assert changed(ACCOUNTS, at(), facts=True)
    assert not changed(LEADS, at(), facts=True)


def test_leads_that_open_or_close_stir_where_accounts_are_scored() -> None:
    assert changed(ACCOUNTS, at(), stages=(Stage.SQL, Stage.LOST))
    assert changed(ACCOUNTS, at(), stages=(Stage.LOST, Stage.NURTURE))
    assert not changed(ACCOUNTS, at(), stages=(Stage.NURTURE, Stage.READY))
    assert not changed(ACTIVE, at("x.y", 1), at("x.y", 2), stages=(Stage.SQL, Stage.LOST))


def test_a_lead_that_was_quiet_stirs_where_active_leads_are_counted() -> None:
    assert changed(ACTIVE, at())
    assert changed(ACTIVE, at(), at("x.y", 40))
    assert changed(ACTIVE, at(), at("x.y", 40), at("score.refreshed", 2)), "what Baton does by itself is no activity"
    assert not changed(ACTIVE, at(), at("x.y", 20))


def test_refreshes_stir_by_what_they_change_alone_and_count_their_hops() -> None:
    refresh = at("score.refreshed", hops=2)
    assert not changed(ACTIVE, refresh)
    assert changed(ACCOUNTS, refresh, stages=(Stage.RAW, Stage.DISQUALIFIED))
    assert [hops_of(one) for one in (refresh, at("score.refreshed"), at(hops=4), at("score.refreshed", hops="x"))] == [
        2, 0, 0, 0,
    ]  # fmt: skip


def test_a_lead_goes_quiet_thirty_days_after_its_last_event_if_anybody_asks() -> None:
    def quiet(rules: Policy, *before: LeadEvent) -> Any:
        return next_quiet(rules, LeadView.of(Frame.of(rules), {}, NOW, History.of(before)))

    assert quiet(ACTIVE, at("x.y", 10)) == NOW + timedelta(days=20)
    assert quiet(ACTIVE, at("x.y", 40)) is None
    assert quiet(ACTIVE) is None
    assert quiet(LEADS, at("x.y", 10)) is None
