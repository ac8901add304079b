"""The starters' test cases hold (R10.1); each starter comes into force on a fresh installation and decides leads."""

import pytest

from engine.core.lead.accounts import account_values
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import Scores, Verdict
from engine.core.qualification.qualification import qualify
from engine.core.scoring.scoring import score
from engine.core.simulation.test_cases import run_samples
from engine.policy.publish import Request, publish
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.versions import read_version
from rulesets import starters
from rulesets.document.document import digest, parse
from rulesets.policy.policy import Policy
from tests.engine.core.scored_leads import event, view
from tests.factories import NOW, decide_all, hire, rows, take_in
from tests.factories import event as incoming

FITTING = {
    "growth_smb": {"employees": 30, "industry": "SaaS"},
    "key_accounts": {"employees": 3000, "industry": "finance", "tier": "strategic"},
    "existing_customers": {"is_customer": True, "orders": 5, "usage": 95, "recommends": 10},
}
"""A company that each starter gives grade B or better."""
SDR, REP = "sdr@example.com", "rep@example.com"
HANDED_TO = {"growth_smb": ("mql", REP), "key_accounts": ("ready", SDR), "existing_customers": ("ready", SDR)}
"""Where such a decider who sees the prices and asks for a demo goes."""
SEVERAL_PEOPLE = {
    "key_accounts": {
        "fit.accounts.committee.three_people",
        "fit.accounts.committee.six_people",
        "signal.accounts.latent.breadth",
        "route.committee",
    },
    "existing_customers": {"signal.customers.latent.several_active"},
}
"""Rules on several people of one company, which the lead of a case cannot be."""


def starter(name: str) -> Policy:
    policy = parse(starters.load(name)).policy
    assert policy
    return policy


@pytest.mark.parametrize("name", starters.NAMES)
def test_every_case_of_a_starter_is_green_and_its_facts_can_be_read(name: str) -> None:
    report = run_samples(starter(name))
    assert len(report.results) >= 8
    assert [(one.key, one.differences) for one in report.red] == []
    assert [one.key for one in report.results if one.unreadable] == []


@pytest.mark.parametrize("name", starters.NAMES)
def test_the_cases_of_a_starter_touch_every_rule_that_one_lead_alone_can(name: str) -> None:
    assert set(run_samples(starter(name)).untouched) == SEVERAL_PEOPLE.get(name, set())


def test_a_committee_makes_a_key_account_an_a_and_one_more_role_is_worth_its_points() -> None:
    one, three, six = (committee(size) for size in (1, 3, 6))
    assert [scores.fit for scores, _ in (one, three, six)] == [46, 64, 72]
    assert [scores.cell for scores, _ in (one, three, six)] == ["B.warm", "A.hot", "A.frenzied"]
    assert [verdict.route for _, verdict in (one, three, six)] == [None, "committee", "committee"]


def committee(size: int) -> tuple[Scores, Verdict]:
    """A bank of 2,000 people of whom so many have met us and read a paper."""
    policy = starter("key_accounts")
    roles = ("decider", "user", "buyer", "influencer", "initiator", "gatekeeper")
    bank = {"company.employees": 2000, "company.industry": "finance"}
    leads = [
        view(
            policy,
            {**bank, "lead.buyer_role": role},
            event("meeting.held", number, properties={"meeting_id": number}),
            event("content.downloaded", 8 * number, properties={"asset_id": number}),
        )
        for number, role in enumerate(roles[:size])
    ]
    together = [lead.with_values(account_values(leads)) for lead in leads]
    matcher = InterpreterMatcher(policy)
    scores = score(policy, together[0], matcher, together)
    return scores, qualify(policy, together[0], matcher, scores, confirmed=True)


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_starter_is_published_on_a_fresh_installation_and_gives_a_lead_an_owner(name: str, database: str) -> None:
    save_draft(starters.load(name), None, "li@example.com")
    draft = load_draft().document
    assert publish(Request(document=draft, by="li@example.com", reason="we begin", signoff="none"), NOW).number == 1
    assert read_version(1).digest == digest(starter(name))
    hire(SDR)
    hire(REP, role="sales")
    take_in(
        incoming(external_id="c1", company=FITTING[name], traits={"buyer_role": "decider"}),
        *(incoming(kind, external_id="c1") for kind in ("pricing.viewed", "demo.requested", "upgrade.clicked")),
    )
    assert decide_all() == 4
    assert rows("SELECT stage, owner FROM lead") == [HANDED_TO[name]]


@pytest.mark.parametrize(("active", "counts"), [(2, False), (3, True)])
def test_three_active_people_of_a_customer_count_for_each_of_them(active: int, counts: bool) -> None:
    policy = starter("existing_customers")
    days_ago = [1] * active + [31]
    views = [view(policy, {"company.is_customer": True}, event("upgrade.clicked", days)) for days in days_ago]
    together = account_values(views)
    found = score(policy, views[0].with_values(together), InterpreterMatcher(policy))
    assert together["account.active_leads"] == active
    assert ("several_active" in [line.signal for line in found.ledger]) is counts
