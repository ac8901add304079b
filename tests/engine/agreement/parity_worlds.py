"""Random policies, leads and moments, for comparing matchers: small pools of values, so that edges are hit often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent
from engine.core.lead.view import Frame, LeadView
from rulesets.policy.policy import Policy

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TEXTS = (
    "CTO",
    "ｃｔｏ",
    "Chief  Technology Officer",
    "学生",
    "vp sales",
    "sales",
    "Straße",
    "STRASSE",
    "İstanbul",
    "q.a",
)
OPTIONS = ("red", "Green", "bleu clair")
NUMBERS = (0, 1, -1, 49, 50, 51, 200, 0.5, 49.9999, 50.0001, 10**13, -(10**13), 1234567.25)
DAYS = ("2026-11-21", "2026-11-20", "2026/11/22", "2020-02-29", "2026-11-14")
MOMENTS = (
    "2026-11-21T10:00:00Z",
    "2026-11-21T18:00:00+08:00",
    "2026-11-14T10:00:00",
    "2026-11-21",
    "2027-01-01T00:00:00Z",
)
SPANS = (0, 1, 7, 0.5, 30, 365)
EVENTS = ("page.viewed", "demo.asked", "lead.touched")
AGES = tuple(timedelta(days=days) for days in (0, 0.5, 1, 7, 30, 365, -41.25, 7.333333, 0.416666))
JITTER = (timedelta(), timedelta(), timedelta(microseconds=1), timedelta(microseconds=-1))
FIELDS: dict[str, str] = {
    "lead.job_title": "text",
    "lead.country": "text",
    "answers.color": "choice",
    "lead.buyer_role": "choice",
    "lead.tags": "choices",
    "answers.colors": "choices",
    "company.employees": "integer",
    "company.annual_revenue": "decimal",
    "company.is_customer": "boolean",
    "answers.day": "date",
    "lead.created_at": "datetime",
}
OPEN = {
    "verdict": ("score.fit", "decimal"),
    "route": ("checklist.facts.met", "integer"),
    "action": ("lead.stage", "stage"),
}
Raw = dict[str, Any]

ONE_TEXT = ("eq", "neq", "contains", "not_contains", "starts_with", "ends_with")
ORDER = ("eq", "neq", "lt", "lte", "gt", "gte")
TIME = ("before", "after", "on_or_before", "on_or_after")


def field_test(random: Random, key: str, kind: str) -> Raw:
    """A valid test on a field of this kind."""
    return {"field": key, **TESTS[kind](random)} if random.random() > 0.08 else {"field": key, "op": known(random)}


def known(random: Random) -> str:
    return random.choice(("known", "unknown"))


def text_test(random: Random) -> Raw:
    op = random.choice((*ONE_TEXT, "eq", "neq", "in", "not_in", "matches"))
    if op in {"in", "not_in"}:
        return {"op": op, "value": random.sample(TEXTS, random.randint(1, 3))}
    if op == "matches":
        return {"op": op, "value": random.choice(("^c", "s+", "q.a", r"q\.a", "(cto|vp).*", "学"))}
    return {"op": op, "value": random.choice((*TEXTS, "t", "s"))}


def choice_test(random: Random, options: tuple[str, ...] = OPTIONS) -> Raw:
    op = random.choice(("eq", "neq", "in", "not_in"))
    if op in {"eq", "neq"}:
        return {"op": op, "value": random.choice(options)}
    return {"op": op, "value": random.sample(options, random.randint(1, 2))}


def set_test(random: Random) -> Raw:
    op = random.choice(("has_any", "has_all", "has_none"))
    return {"op": op, "value": random.sample(OPTIONS, random.randint(1, 3))}


def number_test(random: Random) -> Raw:
    if random.random() < 0.2:
        return {"op": "between", "value": sorted(random.choices(NUMBERS, k=2))}
    return {"op": random.choice(ORDER), "value": random.choice(NUMBERS)}


def boolean_test(random: Random) -> Raw:
    return {"op": random.choice(("is_true", "is_false"))}


def time_test(values: tuple[str, ...]) -> Callable[[Random], Raw]:
    def test(random: Random) -> Raw:
        op = random.choice((*TIME, "between", "within_last_days", "more_than_days_ago"))
        if op == "between":
            return {"op": op, "value": random.choices(values, k=2)}
        return {"op": op, "value": random.choice(values if op in TIME else SPANS)}

    return test


TESTS: dict[str, Callable[[Random], Raw]] = {
    "text": text_test,
    "choice": choice_test,
    "role": lambda random: choice_test(random, ("decider", "user", "buyer")),
    "stage": lambda random: choice_test(random, ("raw", "mql", "ready")),
    "choices": set_test,
    "integer": number_test,
    "decimal": number_test,
    "boolean": boolean_test,
    "date": time_test(DAYS),
    "datetime": time_test(MOMENTS),
}


def property_test(random: Random) -> Raw:
    """A test of a property of the event at hand."""
    kind = random.choice(tuple(TESTS.keys() - {"role", "stage"}))
    return {"event": f"properties.{random.choice('abc')}", **TESTS[kind](random)}


def history_test(random: Random) -> Raw:
    """A count or days_since, sometimes of events that fit a condition of their own."""
    what: Raw = {"event": random.choice(EVENTS)}
    if random.random() < 0.3:
        what["where"] = random.choice((property_test(random), {"none": [property_test(random)]}))
    if random.random() < 0.5:
        return {"days_since": what, **small_number_test(random, (0, 1, 7, 0.5, 6.9999, 30))}
    if random.random() < 0.7:
        what["days"] = random.choice((1, 7, 0.5, 30, 3650))
    return {"count": what, **small_number_test(random, (0, 1, 2, 3, 1.5))}


def small_number_test(random: Random, numbers: tuple[float, ...]) -> Raw:
    if random.random() < 0.2:
        return {"op": "between", "value": sorted(random.choices(numbers, k=2))}
    return {"op": random.choice((*ORDER, *ORDER, "known")), "value": random.choice(numbers)}


@dataclass(frozen=True)
class Grammar:
    """What conditions of one moment may contain."""

    fields: dict[str, str]
    segments: tuple[str, ...] = ()
    properties: bool = False

    def condition(self, random: Random, depth: int = 3) -> Raw:
        roll = random.random()
        if depth and roll < 0.45:
            parts = [self.condition(random, depth - 1) for _ in range(random.choice((1, 2, 2, 3, 4)))]
            return {random.choice(("all", "any", "none", "none")): parts}
        if roll < 0.47:
            return {"all": []}
        if roll < 0.52 and self.segments:
            return {"segment": random.choice(self.segments)}
        if roll < 0.62 and self.properties:
            return property_test(random)
        if roll < 0.75:
            return clean(history_test(random))
        key = random.choice(tuple(self.fields))
        return field_test(random, key, "role" if key == "lead.buyer_role" else self.fields[key])


def clean(test: Raw) -> Raw:
    """Leaves out the operand where the operator takes none."""
    return {key: value for key, value in test.items() if key != "value" or test["op"] not in {"known", "unknown"}}


def random_policy(random: Random, rules: int = 12) -> Policy:
    """A policy with conditions at every moment of evaluation."""
    plain = Grammar(FIELDS)
    profile = Grammar(FIELDS, ("one", "two"))
    verdict = Grammar(FIELDS | dict([OPEN["verdict"]]), ("one", "two"))
    later = Grammar(verdict.fields | dict([OPEN["route"]]), ("one", "two"))
    action = Grammar(later.fields | dict([OPEN["action"]]), ("one", "two"))
    occurring = Grammar(FIELDS, ("one",), properties=True)

    def keyed(grammar: Grammar, count: int, **more: Any) -> list[Raw]:
        return [{"key": f"k{i}", "when": grammar.condition(random), **more} for i in range(count)]

    signals = [
        {**raw, "event": random.sample(EVENTS[:2], random.randint(1, 2)), "points": 1, "enabled": random.random() > 0.1}
        for raw in keyed(occurring, rules // 2)
    ]
    models = [
        {
            "key": "m",
            "when": profile.condition(random),
            "fit": {"groups": [{"key": "g", "rules": keyed(profile, rules, points=1)}]},
            "engagement": {"groups": [{"key": "e", "signals": signals}]},
        },
        {"key": "last"},
    ]
    return Policy.model_validate(
        {
            "format": "baton.policy/1",
            "name": "random",
            "timezone": random.choice(("Asia/Shanghai", "UTC", "America/New_York")),
            "fields": [
                {"key": "answers.color", "type": "choice", "options": list(OPTIONS)},
                {"key": "answers.colors", "type": "choices", "options": list(OPTIONS)},
                {"key": "answers.day", "type": "date"},
            ],
            "events": [{"key": key, "kind": "direct"} for key in EVENTS[:2]],
            "segments": [
                {"key": "one", "when": plain.condition(random, 2)},
                {"key": "two", "when": {"any": [{"segment": "one"}, plain.condition(random, 1)]}},
            ],
            "models": models,
            "qualification": {
                "exclusions": [*keyed(verdict, 2), {"key": "late", "when": later.condition(random)}],
                "red_flags": keyed(verdict, 2),
                "checklists": [
                    {"key": "facts", "items": keyed(verdict, 2), "require": {"met": 1}},
                    {"key": "more", "items": keyed(later, 2), "require": {"met": 1}},
                ],
                "mql": keyed(later, 2),
            },
            "assignment": keyed(action, 2, role="sdr"),
        }
    )


def random_value(random: Random, kind: str) -> Any:
    """A typed value near the operands, or None."""
    if random.random() < 0.25:
        return None
    return VALUES[kind](random)


VALUES: dict[str, Callable[[Random], Any]] = {
    "text": lambda random: random.choice((*TEXTS, "other")),
    "choice": lambda random: random.choice(OPTIONS),
    "role": lambda random: random.choice(("decider", "user", "influencer")),
    "stage": lambda random: random.choice(("raw", "mql", "nurture")),
    "choices": lambda random: tuple(o for o in OPTIONS if random.random() < 0.5) or None,
    "integer": lambda random: int(random.choice(NUMBERS)) + random.choice((0, 0, 1, -1)),
    "decimal": lambda random: Decimal(str(random.choice(NUMBERS))) + random.choice((0, 0, Decimal("0.0001"))),
    "boolean": lambda random: random.random() < 0.5,
    "date": lambda random: date(2026, 11, 21) - timedelta(days=random.choice((0, 0, 1, -1, 7, 8, 30, 365, 2457))),
    "datetime": lambda random: NOW - random.choice(AGES) - random.choice(JITTER),
}


def random_view(random: Random, frame: Frame) -> LeadView:
    """A lead at a moment: facts, engine values, a history that goes a little beyond now, an event at hand."""
    now = NOW + random.choice((timedelta(), timedelta(), timedelta(hours=9), timedelta(days=random.randint(-40, 400))))
    kinds = {**FIELDS, **dict(OPEN.values()), "lead.buyer_role": "role"}
    values = {key: value for key, kind in kinds.items() if (value := random_value(random, kind)) is not None}
    events = [random_event(random, now, number) for number in range(random.choice((0, 1, 2, 4, 8)))]
    view = LeadView(frame, values, History.of(events), now)
    return view.at_event(random_properties(random)) if random.random() < 0.9 else view


def random_event(random: Random, now: datetime, number: int) -> LeadEvent:
    at = now - random.choice((*AGES, timedelta(hours=-1))) - random.choice(JITTER)
    return LeadEvent("test", str(number), random.choice(EVENTS), at, properties=random_properties(random))


def random_properties(random: Random) -> Raw:
    pool: tuple[Any, ...] = (
        *TEXTS,
        *NUMBERS,
        *DAYS,
        *MOMENTS,
        True,
        "是",
        "no",
        "50",
        ["red"],
        [],
        None,
        {"deep": 1},
        "red",
        "Green",
    )
    return {name: random.choice(pool) for name in "abc" if random.random() < 0.8}
