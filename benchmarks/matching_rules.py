"""The rules and leads of the matching benchmark, in a form that every engine can use.

A rule is a conjunction of one to three tests. Most rules read one field in bands, as in scoring tables; some combine
fields. All values are known, and texts are lower-case ASCII, because the other engines neither support unknown values
nor fold text. About one rule in twenty holds for a lead.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

NUMBERS = tuple(f"company.n{i}" for i in range(14))
CHOICES = tuple(f"lead.c{i}" for i in range(14))
TITLES = tuple(f"lead.t{i}" for i in range(4))
FLAGS = tuple(f"answers.b{i}" for i in range(8))
OPTIONS = tuple(f"option {i}" for i in range(20))
WORDS = (
    "chief",
    "vice",
    "president",
    "head",
    "director",
    "engineer",
    "sales",
    "finance",
    "student",
    "intern",
    "it",
    "data",
)

Lead = dict[str, Any]


@dataclass(frozen=True)
class Test:
    """``field op value`` with one of: between, gte, eq, in, contains, is_true."""

    field: str
    op: str
    value: Any = None


Rule = tuple[Test, ...]


def random_rules(count: int, random: Random) -> list[Rule]:
    """This many rules, in the mix of a scoring policy."""
    makers = (_band, _band, _band, _choices, _choices, _fit, _fit, _title, _title, _three)
    return [makers[number % len(makers)](random) for number in range(count)]


def random_leads(count: int, random: Random) -> list[Lead]:
    """Distinct leads with a value in every field."""
    return [
        {field: random.randrange(10_000) for field in NUMBERS}
        | {field: random.choice(OPTIONS) for field in CHOICES}
        | {field: " ".join(random.choices(WORDS, k=4)) for field in TITLES}
        | {field: random.random() < 0.5 for field in FLAGS}
        for _ in range(count)
    ]


def _band(random: Random, width: int = 500) -> Rule:
    low = random.randrange(0, 9_500, 50)
    return (Test(random.choice(NUMBERS), "between", [low, low + width]),)


def _choices(random: Random) -> Rule:
    return (Test(random.choice(CHOICES), "eq", random.choice(OPTIONS)),)


def _fit(random: Random) -> Rule:
    options = random.sample(OPTIONS, 4)
    return (
        Test(random.choice(CHOICES), "in", options),
        Test(random.choice(NUMBERS), "gte", random.randrange(5000, 9500, 50)),
    )


def _title(random: Random) -> Rule:
    return (
        Test(random.choice(TITLES), "contains", random.choice(WORDS)),
        Test(random.choice(CHOICES), "in", random.sample(OPTIONS, 3)),
    )


def _three(random: Random) -> Rule:
    return (*_fit(random), Test(random.choice(FLAGS), "is_true"))
