"""A small world for the pages: a roster, the starter in force, decided leads, one event set aside."""

from datetime import datetime, timedelta
from typing import Any

from engine.batch.evaluate import Evaluator
from engine.clock import WallClock
from engine.policy import publish
from engine.store.access.accounts import add_user
from engine.store.inbox import waiting
from engine.store.inbox.inbox import Intake, accept
from engine.store.policy.drafts import load_draft
from engine.store.roster.roster import import_roster
from engine.store.shards import SHARDS
from rulesets.roster.roster import FORMAT

PASSWORD = "correct horse battery"
OPERATOR = "operator"
LI, ZHAO, WANG, CHEN = (f"{name}@example.com" for name in ("li", "zhao", "wang", "chen"))
ROSTER: dict[str, Any] = {
    "format": FORMAT,
    "teams": [{"key": "east", "label": "East", "head": WANG}],
    "people": [
        {"email": WANG, "name": "Wang", "role": "manager", "team": "east"},
        {"email": LI, "name": "Li", "role": "sdr", "team": "east", "manager": WANG, "territories": ["华东"]},
        {"email": ZHAO, "name": "Zhao", "role": "sdr", "team": "east", "manager": WANG},
        {"email": CHEN, "name": "Chen", "role": "sales", "manager": WANG},
    ],
}
ROLES = {
    "admin": "admin@example.com",
    "marketing": "marketing@example.com",
    "sdr_manager": WANG,
    "sales_manager": "sales-manager@example.com",
    "sdr": LI,
    "sales": CHEN,
    "viewer": "viewer@example.com",
}


def add_accounts() -> None:
    """An account of every role."""
    for role, email in ROLES.items():
        add_user(email, role, PASSWORD)


def publish_starter(now: datetime) -> int:
    """Put the draft in force without signatures."""
    request = publish.Request(document=load_draft().document, by=OPERATOR, reason="first policy", signoff="none")
    return publish.publish(request, now).number


def intake(number: str, kind: str, at: datetime, email: str, **groups: Any) -> Intake:
    """An event of a lead."""
    return Intake(source="web", id=number, type=kind, occurred_at=at, due_at=at, identities={"email": email}, **groups)


def add_leads(now: datetime) -> None:
    """A hot lead of a fitting company, and a cold one with a value nobody can read."""
    start = now - timedelta(hours=3)
    hot = {"traits": {"name": "高敏", "job_title": "CEO", "region": "华东"}}
    company = {"company": {"name": "示例软件", "domain": "softex.cn", "employees": 40, "industry": "software"}}
    events = [
        intake("e1", "content.downloaded", start, "gao@softex.cn", properties={"asset_id": "wp-7"}, **hot, **company),
        intake("e2", "pricing.viewed", start + timedelta(minutes=5), "gao@softex.cn"),
        intake("e3", "demo.requested", start + timedelta(minutes=9), "gao@softex.cn", answers={"budget": "yes"}),
        intake("e4", "page.viewed", start, "info.sun@example.net", company={"employees": "around forty"}),
    ]
    accept(events, now)


def decide(clock: WallClock) -> None:
    """Decide everything that waits."""
    evaluator = Evaluator(clock)
    try:
        while evaluator.decide_batch(range(SHARDS)):
            pass
    finally:
        evaluator.close()


def set_one_aside(now: datetime) -> int:
    """An event that could not be decided; returns its number."""
    (number,) = accept([intake("broken", "page.viewed", now, "late@example.net")], now).event_ids
    waiting.set_aside(number, "ZeroDivisionError: division by zero", now)
    return number


def fill(clock: WallClock) -> int:
    """The whole world; returns the number of the event that is set aside."""
    now = clock.now()
    import_roster(ROSTER, by=OPERATOR)
    publish_starter(now)
    add_leads(now)
    decide(clock)
    return set_one_aside(now)
