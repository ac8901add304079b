"""Random worlds: a policy, the event histories of one or several leads, moments. Seeded, and plain documents only.

For holding several implementations of R1.1–R4.7 against one another (`tests/engine/agreement/test_oracle.py`). Values
the page leaves open to taste (numbers in text fields, a time of day in a date field) are not drawn. It knows nothing
of the product.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from tests.worlds.conditions import COLORS, EVENTS, FIELDS, SCORES, Conditions, Raw
from tests.worlds.leads import history

NOWS = [
    datetime(2026, 11, 21, 10, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 3, 8, 12, tzinfo=UTC),
    datetime(2026, 11, 20, 16, tzinfo=UTC),
]
POINTS = [10, 5, 25, 2.5, 0.01, 33.33, 12.34, -10, -3.25, 60]
ACTIONS = ["sales", "sdr", "nurture", "hold", "disqualify"]
CELLS = [f"{grade}.{heat}" for grade in "ABCD" for heat in ("frenzied", "hot", "warm", "cold")]


@dataclass(frozen=True)
class World:
    """A policy, the events of each open lead of one account (mostly one lead), and the moment of scoring."""

    policy: Raw
    leads: list[list[Raw]]
    now: datetime


def worlds(seed: int, count: int, leads_per_policy: int = 10) -> Iterator[World]:
    """So many worlds from one seed; each policy serves several leads and moments."""
    random = Random(seed)
    for number in range(count):
        if number % leads_per_policy == 0:
            policy = Policies(random).draw()
        size = random.choice([1, 1, 1, 1, 2, 3])
        now = random.choice(NOWS)
        yield World(policy, [history(random, now, lead, size) for lead in range(size)], now)


class Policies:
    """Draws a whole policy document."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.plain = Conditions(random, FIELDS)
        self.profile = Conditions(random, FIELDS, ("one", "two"))
        self.occurring = Conditions(random, FIELDS, ("one", "two"), properties=True)
        self.verdict = Conditions(random, FIELDS | SCORES, ("one", "two"))
        self.route = Conditions(random, FIELDS | SCORES | {"checklist.facts.met": "integer"}, ("one", "two"))

    def draw(self) -> Raw:
        return {
            "format": "baton.policy/1",
            "name": "random",
            "timezone": self.random.choice(["Asia/Shanghai", "UTC", "America/New_York"]),
            "fields": [
                {"key": "answers.note", "type": "text", "unknown_values": ["Select", "N/A"]},
                {"key": "answers.color", "type": "choice", "options": COLORS},
                {"key": "answers.colors", "type": "choices", "options": COLORS},
                {"key": "lead.first_day", "type": "date"},
                {"key": "lead.renewal", "type": "datetime"},
            ],
            "events": [
                {"key": "page.viewed", "kind": "direct"},
                {"key": "demo.asked", "kind": "direct", "aliases": ["Demo Requested"]},
                {"key": "webinar.attended", "kind": "latent", "asset": "properties.paper.id"},
            ],
            "segments": [
                {"key": "one", "when": self.plain.draw(1)},
                {"key": "two", "when": {"any": [{"segment": "one"}, self.plain.draw(0)]}},
            ],
            "models": self.models(),
            "qualification": self.qualification(),
            "reasons": {"disqualify": [{"key": "other", "label": "Other"}]},
        }

    def some(self, most: int, make: Callable[[int], Raw]) -> list[Raw]:
        return [make(number) for number in range(self.random.randint(0, most))]

    def models(self) -> list[Raw]:
        early = self.some(
            2,
            lambda number: {
                "key": f"m{number}",
                "priority": self.random.choice([1, 2, 2, 5]),
                "when": self.profile.draw(3),
                **self.model(),
            },
        )
        return [*early, {"key": "m2", "priority": 9, **self.model()}]

    def model(self) -> Raw:
        cells = self.random.sample(CELLS, self.random.randint(0, 8))
        return {
            "scores": self.random.choice(["lead", "lead", "account"]),
            "fit": {
                "start": self.random.choice([0, 10, -5.5]),
                "groups": self.some(3, self.fit_group),
                "grades": {"A": 45, "B": 20.5, "C": 0.01},
                **self.bounds([-20, 0], [50, 100]),
            },
            "engagement": {
                "groups": self.some(3, self.signal_group),
                "heats": {"frenzied": 60, "hot": 20, "warm": 0.01},
                **self.bounds([-15, 0], [40, 100, 9.99]),
            },
            "matrix": {
                "default": {"action": self.random.choice(ACTIONS[:4])},
                "cells": {cell: {"action": self.random.choice(ACTIONS)} for cell in cells},
            },
        }

    def bounds(self, lows: list[float], highs: list[float]) -> Raw:
        found: Raw = {}
        if self.random.random() < 0.5:
            found["min"] = self.random.choice(lows)
        if self.random.random() < 0.6:
            found["max"] = self.random.choice(highs)
        return found

    def fit_group(self, number: int) -> Raw:
        rules = self.some(
            4,
            lambda rule: {
                "key": f"r{rule}",
                "when": self.profile.draw(),
                "points": self.random.choice(POINTS),
                **self.switch(),
            },
        )
        return {"key": f"g{number}", "rules": rules, **self.bounds([-10, 0], [15, 30])}

    def signal_group(self, number: int) -> Raw:
        return {"key": f"e{number}", "signals": self.some(4, self.signal), **self.bounds([-10, 0], [12.5, 30, 0])}

    def switch(self) -> Raw:
        return {"enabled": False} if self.random.random() < 0.08 else {}

    def signal(self, number: int) -> Raw:
        event = self.random.choice([self.random.choice(EVENTS), self.random.sample(EVENTS, 2)])
        drawn: Raw = {"key": f"s{number}", "event": event, "points": self.random.choice(POINTS), **self.switch()}
        if self.random.random() < 0.5:
            drawn["when"] = self.occurring.draw()
        if self.random.random() < 0.4:
            drawn["max"] = self.random.choice([15, 7.77, 30, 0])
        if self.random.random() < 0.5:
            drawn["repeat"] = self.repeat()
        if self.random.random() < 0.7:
            drawn["decay"] = self.decay()
        return drawn

    def repeat(self) -> Raw:
        window = self.random.choice([None, {"days": 7}, {"hours": 12}, {"minutes": 1440}, {"days": 30}])
        return {
            "per": self.random.choice(["event", "asset", "day"]),
            "times": self.random.choice([1, 1, 2, 3, None]),
            "window": window,
        }

    def decay(self) -> Raw:
        shape: Raw = self.random.choice(
            [
                {"curve": "none"},
                {
                    "curve": "linear",
                    "percent": self.random.choice([50, 33.3, 100]),
                    "period": self.random.choice([{"days": 30}, {"hours": 36}]),
                },
                {"curve": "half_life", "days": self.random.choice([30, 7, 0.5])},
                {
                    "curve": "step",
                    "steps": [
                        {"after_days": 1, "percent": 80},
                        {"after_days": 7, "percent": 33.3},
                        {"after_days": 30, "percent": 0},
                    ],
                },
                {"curve": "expire", "days": self.random.choice([7, 30, 0.5])},
            ]
        )
        return {**shape, "floor": self.random.choice([0, 1, 2.5, 40])} if self.random.random() < 0.4 else shape

    def qualification(self) -> Raw:
        items = [{"key": f"i{number}", "when": self.verdict.draw(2)} for number in range(self.random.randint(1, 5))]
        require: Raw = self.random.choice(
            [{"fraction": "2/3"}, {"fraction": "1/2"}, {"met": self.random.randint(0, len(items))}]
        )
        return {
            "exclusions": self.some(
                2,
                lambda number: {
                    "key": f"x{number}",
                    "when": {"all": [self.verdict.draw(2), self.verdict.draw(2)]},
                    "reason": "other",
                },
            ),
            "red_flags": self.some(
                2, lambda number: {"key": f"f{number}", "when": {"all": [self.verdict.draw(2), self.verdict.draw(2)]}}
            ),
            "checklists": [{"key": "facts", "items": items, "require": require}],
            "mql": self.some(3, self.mql_route),
        }

    def mql_route(self, number: int) -> Raw:
        parts: Raw = {
            "cells": self.random.sample(CELLS, 6),
            "checklist": "facts",
            "when": self.route.draw(3),
            "min_fit": self.random.choice([0, 20.5, 45]),
            "min_engagement": self.random.choice([0, 5, 30]),
            "confirm": "sdr",
        }
        return {
            "key": f"q{number}",
            **{name: parts[name] for name in self.random.sample(sorted(parts), self.random.randint(1, 3))},
        }
