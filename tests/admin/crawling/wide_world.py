"""A wide world for crawls: leads in every stage, clocks kept and missed, queue and pool, and rows on every page.

User data are Chinese, keys or addresses, so that an English sentence on a Chinese page is an untranslated text.
"""

import itertools
from datetime import timedelta
from typing import Any

from admin.hooks.keeping import complete
from admin.publishing import PublicationTime, publish_draft
from engine.core.notify.effects import Notice
from engine.core.notify.notices import KINDS
from engine.store.access.keys import add_key, revoke_key
from engine.store.hooks.quarantine import Held, keep_body
from engine.store.hooks.sources import add_source
from engine.store.inbox import waiting
from engine.store.inbox.inbox import accept
from engine.store.outbox import deliveries
from engine.store.outbox.notices import mark_read, read_notices, save_notices
from engine.store.outbox.outbox import Message, save_messages
from engine.store.outbox.subscriptions import add_subscription
from engine.store.policy import signatures
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.roster.eligibility import save_list
from engine.store.roster.roster import import_roster
from engine.store.session import raw, transaction
from rulesets import starters
from rulesets.roster.eligibility import Named
from rulesets.roster.roster import FORMAT
from tests.admin import world
from tests.admin.api_client import StandingClock
from tests.engine.living import Living, number
from tests.factories import column

BOSS, LI, ZHAO, CHEN = world.WANG, world.LI, world.ZHAO, world.CHEN
DOTTED = "sdr-3.x+y@sub.example.com"
HOOK = "https://crm.example.com/hook"
ROSTER: dict[str, Any] = {
    "format": FORMAT,
    "calendars": [{"key": "cn", "timezone": "Asia/Shanghai", "country": "CN", "hours": {"mon": ["09:00-18:00"]}}],
    "teams": [{"key": "east", "label": "华东组", "head": BOSS, "department": "市场部"}, {"key": "west"}],
    "people": [
        {"email": BOSS, "name": "王芳", "role": "manager", "team": "east"},
        {"email": LI, "name": "李雷", "role": "sdr", "team": "east", "manager": BOSS, "territories": ["华东"]},
        {"email": ZHAO, "name": "赵敏", "role": "sdr", "team": "east", "manager": BOSS, "calendar": "cn"},
        {"email": DOTTED, "name": "孙丽", "role": "sdr", "manager": BOSS},
        {"email": "left@example.com", "name": "周静", "role": "sdr", "manager": BOSS, "active": False},
        {"email": CHEN, "name": "陈晨", "role": "sales", "manager": BOSS, "capacity": 6},
    ],
}
HOT: dict[str, Any] = {
    "traits": {"name": "高敏", "job_title": "总经理", "region": "华东"},
    "company": {"name": "示例软件", "domain": "softex.cn", "employees": 40, "industry": "软件"},
}
WARM: dict[str, Any] = {"traits": {"job_title": "总经理", "region": "华南"}, "company": {"employees": 40}}
WON = ("lead.qualified", "lead.accepted", "opportunity.created", "opportunity.won")
LIVES: dict[str, tuple[str, ...]] = {
    "ready": (), "mql": WON[:1], "sql": WON[:2], "opportunity": WON[:3], "won": WON,
    "lost": (*WON[:3], "opportunity.lost"), "disqualified": ("lead.disqualified",),
    "rejected": (*WON[:1], "lead.rejected"),
}  # fmt: skip
"""What people do with a lead, by the name of what it becomes."""
REASONS = {"opportunity.lost": "price", "lead.disqualified": "learner", "lead.rejected": "known_already"}


ENGLISH = {
    "Head of Marketing": "市场总监",
    "managing director": "director",
    "website trial": "trial",
    "purchased list": "list",
}
"""Values of the starter that are English phrases, and what stands for them here."""


def policy(**changes: Any) -> dict[str, Any]:
    """The starter of the growth market under a Chinese name; what only English senders would say is left out."""
    document: dict[str, Any] = _without_english(starters.load("growth_smb"))
    for event in document["events"]:
        event.pop("aliases", None)
    return {**document, "name": "成长型市场", **changes}


def _without_english(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_english(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_english(member) for member in value]
    if isinstance(value, str):
        for english, instead in ENGLISH.items():
            value = value.replace(english, instead)
    return value


def draft() -> dict[str, Any]:
    """A draft that differs from the version in force, with a rule that is off, a red test case, an accepted warning."""
    document = policy(acknowledged=[{"code": "silent-event", "path": "events[0]", "reason": "一月起发送"}])
    rules = document["models"][0]["fit"]["groups"][0]["rules"]
    rules[0]["enabled"], rules[2]["points"] = False, 25
    document["segments"].append({"key": "big", "when": {"field": "company.employees", "op": "gte", "value": 900}})
    document["models"][0]["matrix"]["cells"]["B.cold"] = {"action": "sdr", "priority": 5, "sla": ["first_touch"]}
    return document


def fill(clock: StandingClock) -> None:
    """Everything, and the clock set to the moment after it."""
    living = Living()
    import_roster(ROSTER, by=BOSS, now=living.now)
    for reason, document in (("首个版本", policy()), ("调整说明", policy(name="成长型市场二"))):
        save_draft(document, None, BOSS)
        publish_draft(BOSS, reason, living.now, signoff="none")
    _live(living)
    _administer(living)
    _tell(living)
    _draft(living)
    clock.moment = living.now


def _live(living: Living) -> None:
    """Leads come and are worked on; some are left until their clocks run out."""
    for name, acts in LIVES.items():
        living.happens("lead.identified", name, **(WARM if name == "ready" else HOT | {"company": {"employees": 40}}))
        for act in acts:
            _work(living, act, name)
    living.happens("demo.requested", "hot", **HOT)
    living.happens("content.downloaded", "hot", properties={"asset_id": "wp-7"}, answers={"budget": "yes"})
    living.happens("page.viewed", "cold", company={"employees": "约四十"}, traits={"nickname": "小孙"})
    living.happens("lead.identified", "rival", traits={"tags": ["竞争对手"]})
    living.happens("lead.accepted", "cold", source="work", actor=CHEN)
    living.happens("lead.identified", "twin")
    living.happens(email="twin@softex.cn")
    living.happens(external_id="twin", email="twin@softex.cn")
    living.wait(days=4)
    for late in range(7):
        living.happens("demo.requested", f"late{late}", **HOT)
    for new in range(3):
        living.happens("lead.identified", f"new{new}", **WARM)
    living.wait(minutes=20)


def _work(living: Living, act: str, lead: str) -> None:
    owner = column("SELECT coalesce(owner, sdr) FROM lead WHERE id = %s", number(lead))[0] or BOSS
    said = {"reason": REASONS[act]} if act in REASONS else {}
    living.happens(act, lead, source="work", actor=owner, properties=said)


def _administer(living: Living) -> None:
    """Keys, an address that is told, messages in every state, an event set aside, a monthly list, a suspension."""
    now = living.now
    world.add_accounts()
    for key in ("website", "crm"):
        add_key(key, ["events:write"], now, public=key == "website", person=None, by=BOSS)
    revoke_key("crm", now, BOSS)
    hook = add_subscription(HOOK, ["lead.assigned"], BOSS).id
    with transaction() as connection:
        several = [Message("webhook", cause, HOOK, hook, "lead.assigned", {}) for cause in ("a", "b", "c")]
        save_messages(raw(connection), [*several, Message("mail", "d", LI, None, "digest", {}, "empty")], now)
        raw(connection).execute(
            "INSERT INTO suspension (person, role, rule, from_at, until_at, lead_id, event_id) "
            "SELECT %s, 'sdr', 'first_touch', %s, %s + interval '9 days', min(id), 1 FROM lead",
            [ZHAO, now, now],
        )
    add_source("forms", complete({"use": "bearer", "label": "官网表单"}), ["sealed", "sealed"], now, BOSS)
    keep_body(Held("forms", "no_identifier", "lead names nobody", b'{"id": "1"}', {}), now)
    first, second = deliveries.take_due(["webhook"], (), now, 2)
    deliveries.note_failure(first, "500", now, permanent=True)
    deliveries.note_sent(second, now)
    (event,) = accept([world.intake("broken", "page.viewed", now, "late@example.net")], now).event_ids
    waiting.set_aside(event, "ZeroDivisionError", now)
    save_list("sales", f"{now:%Y}-12", [Named(("line", 1), CHEN)], BOSS, now)


def _tell(living: Living) -> None:
    """A notification of every kind to every role, about leads that only some of them may see, half of them read."""
    about = {
        "clock": "first_touch",
        "percent": "50",
        "due_at": living.now.isoformat(),
        "role": "sdr",
        "event": "sla.breached",
    }
    leads = itertools.cycle(number(name) for name in ("won", "ready", "cold"))
    told = [
        (Notice(kind, "owner", person, f"{kind}{person}", about), next(leads), 1, living.now)
        for kind in KINDS
        for person in world.ROLES.values()
    ]
    with transaction() as connection:
        save_notices(raw(connection), told)
    mark_read(LI, living.now, [one.id for one in read_notices(LI)][::2])


def _draft(living: Living) -> None:
    """A draft up for review with one signature, and a publication that waits for its moment."""
    save_draft(policy(name="成长型市场三"), None, BOSS)
    later = PublicationTime(f"{living.now + timedelta(days=30):%Y-%m-%d} 09:00")
    publish_draft(BOSS, "下月生效", living.now, signoff="none", moment=later)
    save_draft(draft(), None, BOSS)
    digest = load_draft().digest
    signatures.ask_for_review(digest, BOSS, living.now)
    signatures.sign("marketing", digest, world.ROLES["marketing"], living.now)
