"""The product's result for a world of `tests.worlds.worlds`, in the form of the oracle's result.

Events arrive one by one, as at intake.
"""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.core.lead.facts import NO_CLAIMS, Claims, company_part, fold, joined, known, with_account
from engine.core.lead.history import History
from engine.core.lead.matching import Matcher
from engine.core.lead.model import LeadEvent, Scores, Verdict
from engine.core.lead.view import LeadView
from engine.core.qualification.qualification import qualify
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from rulesets.policy.policy import Policy
from tests.oracle import oracle
from tests.oracle.reading import facts_of
from tests.worlds.conditions import Raw
from tests.worlds.worlds import World

Comparable = dict[str, Any]


def lead_event(raw: Raw) -> LeadEvent:
    """An envelope as intake makes it."""
    groups = {name: raw[name] for name in ("traits", "company", "answers", "properties") if name in raw}
    at = datetime.fromisoformat(raw["occurred_at"])
    trusted = not raw.get("public", False)
    return LeadEvent(raw.get("source", ""), raw["id"], raw["type"], at, raw.get("lead", {}), trusted=trusted, **groups)


def views(policy: Policy, world: World) -> list[LeadView]:
    """Every lead of the world at its moment."""
    frame = frame_of(policy)
    events = [[lead_event(raw) for raw in lead] for lead in world.leads]
    claims = [_claims(policy, [event for event in lead if event.occurred_at <= world.now]) for lead in events]
    account = joined(company_part(of_lead) for of_lead in claims)
    found = []
    for own, lead in zip(claims, events, strict=True):
        history = History()
        for event in lead:
            history = history.with_event(event)
        facts = known(with_account(own, account), frame.vocabulary, frame.zone)
        found.append(LeadView.of(frame, facts, world.now, history))
    return found


def _claims(policy: Policy, events: list[LeadEvent]) -> Claims:
    frame, claims = frame_of(policy), NO_CLAIMS
    for event in events:
        claims = fold(claims, event, frame.vocabulary, frame.zone).claims
    return claims


def by_product(policy: Policy, account: list[LeadView], matcher: Matcher) -> Comparable:
    """Facts, scores and qualification of the account's first lead, by this code and the given matcher."""
    scores = score(policy, account[0], matcher, account if len(account) > 1 else ())
    verdict = qualify(policy, account[0], matcher, scores, confirmed=False, ignore_confirmation=True)
    facts = {key: plain(value) for key, value in account[0].values.items()}
    return {"facts": facts, **_scores(scores), **_verdict(verdict)}


def _scores(scores: Scores) -> Comparable:
    return {
        "model": scores.model,
        "fit": Fraction(scores.fit),
        "engagement": Fraction(scores.engagement),
        "cell": scores.cell,
        "fit_rules": [(line.group, line.rule) for line in scores.fit_lines],
        "ledger": sorted(
            (
                li.group,
                li.signal,
                li.source,
                li.event_id,
                Fraction(li.value),
                Fraction(li.contribution),
                li.cut_by or "",
            )
            for li in scores.ledger
        ),
        "adjustments": [(line.level, line.key, Fraction(line.amount)) for line in scores.adjustments],
    }


def _verdict(verdict: Verdict) -> Comparable:
    return {
        "excluded": verdict.excluded,
        "flagged": list(verdict.flagged),
        "checklists": {key: (one.met, one.required, one.passed) for key, one in verdict.checklists.items()},
        "route": verdict.route,
        "missing": sorted(entry.code for entry in verdict.missing),
    }


def plain(value: Any) -> Any:
    """A value of the product as the oracle writes it."""
    if isinstance(value, tuple):
        return frozenset(value)
    return Fraction(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def by_oracle(world: World) -> Comparable:
    """The same by the oracle."""
    joint = [event for lead in world.leads for event in lead]
    facts = [facts_of(world.policy, lead, world.now, joint) for lead in world.leads]
    others = tuple(zip(facts[1:], world.leads[1:], strict=True))
    answer = oracle.score(world.policy, facts[0], world.leads[0], world.now, others)
    return {
        "facts": facts[0],
        "model": answer.model,
        "fit": answer.fit,
        "engagement": answer.engagement,
        "cell": answer.cell,
        "fit_rules": answer.fit_rules,
        "ledger": sorted(
            (li.group, li.signal, li.event["source"], li.event["id"], li.value, li.contribution, li.cut_by or "")
            for li in answer.ledger
        ),
        "adjustments": answer.adjustments,
        "excluded": answer.excluded,
        "flagged": answer.flagged,
        "checklists": answer.checklists,
        "route": answer.route,
        "missing": sorted(answer.missing),
    }
