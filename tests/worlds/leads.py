"""Random histories of leads: envelopes with readable, unreadable and clearing values, late, early and at one instant.

Part of `tests/worlds/worlds.py`; plain documents from one `Random`. It knows nothing of the product.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.worlds.conditions import COLORS, DAYS, EVENTS, MOMENTS, NUMBERS, ROLES, TEXTS, Raw

AGES = [0, 0, 0.25, 0.5, 1, 1, 2, 7, 7, 7.333, 14, 30, 30, 41.5, 90, 365, -1]
JITTER = [timedelta(), timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1)]
UNKNOWN: list[Any] = [None, "", "  ", []]

VALUES: dict[str, list[Any]] = {
    "lead.job_title": [*TEXTS, " vp   SALES ", ["a"], {"a": 1}],
    "lead.email": ["li@acme.example", "li@gmail.com", "Li Na <li@qq.com>"],
    "company.domain": ["acme.example", "Other.example", "https://www.Acme.example/about", "no domain"],
    "answers.note": [*TEXTS, "Select", " n/a ", "ｎ/Ａ"],
    "answers.color": [*COLORS, "RED", " green ", "mauve", ["red"]],
    "lead.buyer_role": [*ROLES, "Decider", "boss"],
    "answers.colors": [
        ["red", "GREEN"],
        ["mauve", "red"],
        "深蓝",
        ["mauve"],
        "mauve",
        ["red", None],
        "red;GREEN",
        "mauve；red| 深蓝 ",
        *([c] for c in COLORS),
    ],
    "lead.tags": [["expo"], "vip", ["VIP", "new"], ["partner", "expo", "vip"], "vip; expo"],
    "company.employees": [
        *NUMBERS,
        "1,200",
        "５０",
        " 50 ",
        "12.5",
        12.5,
        "12,00",
        "many",
        True,
        10**13 + 1,
        "50.0",
        "1.000",
    ],
    "company.annual_revenue": [*NUMBERS, "1,234,567.25", "0.12345", "-49.9999", "１,200．5", "1e3", False],
    "company.is_customer": [True, False, "Yes", "否", "off", "ON", "1", 0, 1, "maybe", 2],
    "lead.first_day": [
        *DAYS,
        "2026-02-30",
        "soon",
        "2026/1/5",
        "2026.11.14",
        "2026年11月21日",
        "2026-11-21T00:00:00-08:00",
    ],
    "lead.renewal": [*MOMENTS, "2026/11/14 10:00:00", "2026-11-21T10:00:00.000001Z", "2026.11.14 10:00:00", "tomorrow"],
}
PROPERTY_VALUES: dict[str, list[Any]] = {
    "t": [*TEXTS, ["red"], "  "],
    "n": [*NUMBERS, "50", "1,200", "x", None],
    "b": [True, False, "是", "no", 1, "perhaps"],
    "s": [["red"], ["GREEN", "red"], "red", [], ["bleu  clair"], "red|GREEN"],
    "d": [*DAYS, "someday", None, "2026年11月14日"],
    "m": ["2026-11-21T10:00:00Z", "2026-11-14T10:00:00", "2026-11-21T18:00:00+08:00", "then"],
    "deep": [{"n": 50}, {"n": "51"}, {}, None],
    "asset_id": ["a", "a", "b", 7, "7", None, " "],
    "paper": [{"id": "p1"}, {"id": "p2"}, {}],
}


def history(random: Random, now: datetime, lead: int, leads: int) -> list[Raw]:
    """The events of one lead in the order of their arrival, which is not that of their happening.

    Leads of one account have their mailbox in common and something in the past to know it from: the page leaves open
    whose would serve for `company.domain`.
    """
    own = VALUES if leads == 1 else {name: pool for name, pool in VALUES.items() if name != "lead.email"}
    kinds = [*EVENTS, "Demo Requested", "form.sent", "lead.identified"]
    count = random.choice([0, 1, 2, 4, 6, 10, 24])
    drawn = [event(random, now, f"l{lead}e{number}", random.choice(kinds), own) for number in range(count)]
    past = event(random, now - timedelta(days=1), f"l{lead}past", "form.sent", own)
    return drawn if leads == 1 else [*drawn, past | {"occurred_at": (now - timedelta(days=3)).isoformat()}]


def event(random: Random, now: datetime, key: str, kind: str, values: dict[str, list[Any]]) -> Raw:
    """One envelope, with the source's trust beside it."""
    at = now - timedelta(days=random.choice(AGES)) - random.choice(JITTER)
    drawn: Raw = {
        "id": f"{random.randint(0, 9)}{key}",
        "source": random.choice(["web", "crm"]),
        "public": random.random() < 0.15,
        "type": kind,
        "occurred_at": at.astimezone(UTC).isoformat(),
        "lead": {"email": "someone@mail.acme.example"},
        "properties": {name: random.choice(pool) for name, pool in PROPERTY_VALUES.items() if random.random() < 0.6},
    }
    for name, pool in values.items():
        if random.random() < 0.25:
            prefix, _, member = name.partition(".")
            group = {"lead": "traits", "company": "company", "answers": "answers"}[prefix]
            drawn.setdefault(group, {})[member] = random.choice(
                UNKNOWN if random.random() < 0.1 and name != "lead.email" else pool
            )
    return drawn
