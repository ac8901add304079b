"""Made-up leads for the demo, as event envelopes. The same seed gives the same leads.

Companies and people are numbers under example.com. May not send anything.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Envelope = dict[str, Any]

TITLES = (
    "CEO",
    "founder",
    "CTO",
    "marketing manager",
    "sales director",
    "IT lead",
    "analyst",
    "student",
    "采购经理",
    "总经理",
)
INDUSTRIES = ("software", "SaaS", "e-commerce", "education", "retail", "manufacturing", "government", "logistics")
REGIONS = ("华东", "华南", "华北", "西南", "海外")
SOURCES = ("website", "ads", "webinar", "wechat", "referral")
SIZES = ("3", "12", "28", "45", "90", "180", "650", "2,400", "unknown")
LATENT = (
    "page.viewed",
    "content.downloaded",
    "email.clicked",
    "webinar.registered",
    "webinar.attended",
    "wechat.followed",
)
DIRECT = ("pricing.viewed", "chat.started", "demo.requested", "trial.started", "call.received")
ASSETS = {
    "page.viewed": ("path", ("/", "/product", "/customers", "/blog/7", "/docs")),
    "content.downloaded": ("asset_id", ("wp-1", "wp-2", "wp-3", "case-4")),
    "email.clicked": ("campaign", ("welcome-1", "welcome-2", "news-11")),
    "webinar.registered": ("webinar_id", ("w-10", "w-11")),
    "webinar.attended": ("webinar_id", ("w-10", "w-11")),
}


class DemoLeads:
    """The leads of one run. ``run`` is part of every id, so that several runs do not collide."""

    def __init__(self, seed: int, run: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - made-up leads guard nothing
        self._run = run
        self._number = 0

    def arriving(self, leads: int, now: datetime) -> Iterator[Envelope]:
        """The events of this many leads, ordered by time, none after ``now``."""
        acts = [act for number in range(leads) for act in self._acts_of(number, now)]
        acts.sort(key=lambda act: act[0])
        for moment, number, event_type, body in acts:
            yield self._envelope(moment, f"demo-{self._run}-{number}", event_type, body)

    def worked(self, lead: Envelope, now: datetime) -> Iterator[Envelope]:
        """The work of its owner on a lead; ``lead`` is as the API returns it."""
        name, chance = lead["identities"]["external_id"], self._random.random()
        if lead["stage"] == "ready" and chance < 0.6:
            result = self._random.choice(("reached", "connected", "conversation", "no_answer"))
            yield self._envelope(now, name, "lead.touched", {"properties": {"channel": "call", "result": result}})
        if lead["stage"] == "mql" and chance < 0.75:
            if chance < 0.6:
                yield self._envelope(now, name, "lead.accepted", {})
            else:
                yield self._envelope(now, name, "lead.rejected", {"properties": {"reason": "no_budget"}})
        if lead["stage"] == "sql" and chance < 0.5:
            yield self._envelope(now, name, "opportunity.created", {"properties": {"amount": 1000 * int(10 * chance)}})

    def _envelope(self, moment: datetime, lead: str, event_type: str, body: Envelope) -> Envelope:
        self._number += 1
        named = body.pop("lead", {})
        return {
            "id": f"{self._run}-{self._number}",
            "type": event_type,
            "occurred_at": moment.isoformat(),
            "lead": {"external_id": lead, **named},
            **body,
        }

    def _acts_of(self, number: int, now: datetime) -> Iterator[tuple[datetime, int, str, Envelope]]:
        """One lead: its profile, then a random number of events over the last two weeks."""
        draw = self._random
        eager = draw.random()
        moment = now - timedelta(days=draw.uniform(0.2, 14))
        yield moment, number, "lead.identified", self._profile(number)
        for _ in range(draw.randint(0, int(2 + 6 * eager))):
            moment = min(now, moment + timedelta(hours=draw.expovariate(1 / 12)))
            kinds = DIRECT if draw.random() < 0.3 * eager else LATENT
            event_type = draw.choice(kinds)
            yield moment, number, event_type, self._properties(event_type)

    def _profile(self, number: int) -> Envelope:
        draw = self._random
        company = draw.randrange(200)
        return {
            "lead": {"email": f"lead-{number}-{self._run}@company-{company}.example.com"},
            "traits": {
                "job_title": draw.choice(TITLES),
                "region": draw.choice(REGIONS),
                "source": draw.choice(SOURCES),
            },
            "company": {
                "name": f"Company {company}",
                "employees": draw.choice(SIZES),
                "industry": draw.choice(INDUSTRIES),
            },
            "answers": {"budget": draw.choice(("yes", "no", ""))} if draw.random() < 0.3 else {},
        }

    def _properties(self, event_type: str) -> Envelope:
        if event_type not in ASSETS:
            return {}
        name, values = ASSETS[event_type]
        return {"properties": {name: self._random.choice(values)}}
