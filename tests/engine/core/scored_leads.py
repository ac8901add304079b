"""Small policies and leads for the tests of facts, scores and qualification."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from engine.core.lead.facts import stated
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher
from engine.core.lead.model import LeadEvent, Scores, Verdict
from engine.core.lead.view import LeadView
from engine.core.qualification.qualification import qualify
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from rulesets.policy.policy import Policy

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
GRADES = {"A": 60, "B": 40, "C": 20}
HEATS = {"frenzied": 80, "hot": 50, "warm": 20}
ALWAYS: dict[str, Any] = {"all": []}
_ids = count(1)


def event(
    type_: str = "content.downloaded",
    days_ago: float = 0,
    *,
    at: datetime | None = None,
    id_: str | None = None,
    source: str = "web",
    trusted: bool = True,
    **groups: Mapping[str, Any],
) -> LeadEvent:
    """An event some days before NOW; ``groups`` are traits, company, answers, properties, identities."""
    moment = NOW - timedelta(days=days_ago) if at is None else at
    return LeadEvent(source, id_ or f"e{next(_ids):06}", type_, moment, trusted=trusted, **groups)  # type: ignore[arg-type]


def signal(key: str = "s", event_: str | Sequence[str] = "content.downloaded", points: float = 10, **rest: Any) -> Any:
    """A signal as a policy writes it."""
    return {"key": key, "event": event_, "points": points, **rest}


def model(*groups: Sequence[Mapping[str, Any]], **rest: Any) -> Any:
    """A model whose engagement groups g0, g1 … are these; each may start with a mapping of bounds."""
    parts = []
    for number, (bounds, *signals) in enumerate(groups):
        parts.append({"key": f"g{number}", **bounds, "signals": signals})
    engagement = {"heats": HEATS, "groups": parts, **rest.pop("total", {})}
    return {"key": "m", "fit": {"grades": GRADES, **rest.pop("fit", {})}, "engagement": engagement, **rest}


def policy(*models: Any, **parts: Any) -> Policy:
    """A policy with these models; content.downloaded, page.viewed and webinar.attended can be counted."""
    return Policy.model_validate(
        {
            "format": "baton.policy/1",
            "name": "test",
            "timezone": "Asia/Shanghai",
            "events": [
                {"key": "content.downloaded", "kind": "latent", "asset": "properties.paper.id"},
                {"key": "page.viewed", "kind": "direct"},
                {"key": "webinar.attended", "kind": "latent", "aliases": ["Joined Webinar", "webinar joined late"]},
            ],
            "models": list(models) or [model()],
            **parts,
        }
    )


def view(rules: Policy, facts: Mapping[str, Any] | None = None, *events: LeadEvent, now: datetime = NOW) -> LeadView:
    """A lead with these facts and events at a moment."""
    frame = frame_of(rules)
    return LeadView.of(frame, stated(facts or {}, frame.vocabulary, frame.zone), now, History.of(events))


def scores(rules: Policy, facts: Mapping[str, Any] | None = None, *events: LeadEvent, now: datetime = NOW) -> Scores:
    """The scores of such a lead."""
    return score(rules, view(rules, facts, *events, now=now), InterpreterMatcher(rules))


def verdict(
    rules: Policy,
    facts: Mapping[str, Any] | None = None,
    *events: LeadEvent,
    confirmed: bool = False,
    ignore_confirmation: bool = False,
) -> Verdict:
    """What qualification says of such a lead."""
    seen, matcher = view(rules, facts, *events), InterpreterMatcher(rules)
    found = score(rules, seen, matcher)
    return qualify(rules, seen, matcher, found, confirmed=confirmed, ignore_confirmation=ignore_confirmation)


def balances(found: Scores) -> bool:
    """Whether contributions and adjustments add up to engagement (R3.5)."""
    total = sum(line.contribution for line in found.ledger) + sum(line.amount for line in found.adjustments)
    return total == found.engagement
