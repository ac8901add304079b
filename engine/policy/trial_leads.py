"""Generated leads around the limits of a policy: the sample for comparing matcher and interpreter before a publication.

Values come from the operands of the policy's own tests: equal, slightly below, slightly above, and unknown. Events and
properties likewise. The leads are not real. The same policy gives the same leads.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from random import Random
from typing import Any

from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent
from engine.core.lead.view import Frame, LeadView
from rulesets.conditions.conditions import OPERATORS, CountTest, DaysSinceTest, FieldTest, Node, Operand, PropertyTest
from rulesets.conditions.moments import leaves, named_conditions, segments_of
from rulesets.conditions.operands import read_operand
from rulesets.conditions.reading import FieldType
from rulesets.policy.policy import Policy
from rulesets.policy.vocabulary import Vocabulary

MOMENT = datetime(2026, 7, 1, 9, tzinfo=UTC)
DEFAULTS: dict[FieldType, tuple[Any, ...]] = {
    FieldType.TEXT: ("other", "ÄÖ x"),
    FieldType.CHOICE: ("other",),
    FieldType.CHOICES: (("other",),),
    FieldType.INTEGER: (0, -1, 10**13),
    FieldType.DECIMAL: (Decimal("0.0001"), Decimal(-(10**13))),
    FieldType.BOOLEAN: (True, False),
    FieldType.DATE: (MOMENT.date(), date(1000, 1, 1)),
    FieldType.DATETIME: (MOMENT, MOMENT - timedelta(microseconds=1)),
}


@singledispatch
def near(operand: Any) -> tuple[Any, ...]:
    """Values equal to an operand and close to it."""
    return (operand,)


@near.register
def _(operand: str) -> tuple[Any, ...]:
    return (operand, operand.upper(), f"a {operand} b")


@near.register
def _(operand: Decimal) -> tuple[Any, ...]:
    return (operand, operand - 1, operand + 1, operand + Decimal("0.0001"))


@near.register
def _(operand: datetime) -> tuple[Any, ...]:
    return (operand, operand - timedelta(microseconds=1), operand + timedelta(microseconds=1))


@near.register
def _(operand: date) -> tuple[Any, ...]:
    return (operand, operand - timedelta(days=1), operand + timedelta(days=1))


class TrialLeads:
    """Generates leads for one policy."""

    def __init__(self, policy: Policy) -> None:
        self._random = Random(policy.name)  # noqa: S311  # sample data, the same for the same policy
        self._frame = Frame.of(policy)
        self._vocabulary, self._policy = Vocabulary.of(policy), policy
        self._values: dict[str, list[Any]] = {}
        self._properties: dict[str, list[Any]] = {}
        self._events: set[str] = {event for signal in _signals(policy) for event in signal}
        self._spans: list[timedelta] = [timedelta(), timedelta(days=-1), timedelta(days=0.5), timedelta(days=400)]
        for condition in _conditions(policy):
            self._learn(condition)

    def _learn(self, test: Node) -> None:
        """Add the values that one test can distinguish."""
        match test:
            case FieldTest():
                self._learn_field(test)
            case PropertyTest():
                value = test.value if isinstance(test.value, list) else [test.value]
                self._properties.setdefault(test.event, ["other", True, 1]).extend([*value, test.value])
            case CountTest(count=what) | DaysSinceTest(days_since=what):
                self._events.add(what.event)
                days = test.count.days if isinstance(test, CountTest) else test.value
                for number in days if isinstance(days, list) else [days]:
                    self._learn_span(number)
                for below in () if what.where is None else leaves(what.where, segments_of(self._policy)):
                    self._learn(below)

    def _learn_span(self, days: Any) -> None:
        if isinstance(days, int | float | Decimal) and 0 <= days < 10_000:
            # Microseconds: the smallest step that a moment can differ by.
            exact = timedelta(microseconds=int(Decimal(str(days)) * 86_400_000_000))
            self._spans += [exact, exact - timedelta(microseconds=1), exact + timedelta(microseconds=1)]

    def _learn_field(self, test: FieldTest) -> None:
        type_ = self._vocabulary.fields[test.field].type
        pool = self._values.setdefault(test.field, [None, *DEFAULTS[type_]])
        operator = OPERATORS[test.op]
        operand = read_operand(type_, operator, test.value, self._frame.zone)
        if operator.operand is Operand.DAYS:
            now = MOMENT.date() if type_ is FieldType.DATE else MOMENT
            pool += near(now - timedelta(days=float(min(Decimal(str(test.value)), Decimal(9999)))))
        elif isinstance(operand, frozenset):
            pool += [tuple(operand), *((member,) for member in operand)] if type_ is FieldType.CHOICES else operand
        elif operand is not None:
            for part in operand if isinstance(operand, tuple) else (operand,):
                pool += [int(v) if type_ is FieldType.INTEGER else v for v in near(part)]

    def views(self, count: int) -> Iterator[LeadView]:
        """This many leads at the trial's moment, each with an event at hand."""
        draw = self._random
        for _ in range(count):
            values = {key: draw.choice(pool) for key, pool in self._values.items()}
            known = {key: value for key, value in values.items() if value is not None}
            view = LeadView.of(self._frame, known, MOMENT, History.of(self._history()))
            yield view.at_event(self._some_properties())

    def _history(self) -> list[LeadEvent]:
        draw, keys = self._random, sorted(self._events)
        happened = draw.choice((0, 1, 3, 8)) if keys else 0
        return [
            LeadEvent(
                "trial", str(number), draw.choice(keys), MOMENT - draw.choice(self._spans),
                properties=self._some_properties(),
            )
            for number in range(happened)
        ]  # fmt: skip

    def _some_properties(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path, pool in self._properties.items():
            *outer, name = path.split(".")[1:]
            inside = found
            for step in outer:
                deeper = inside.setdefault(step, {})
                inside = deeper if isinstance(deeper, dict) else {}
            inside[name] = self._random.choice([*pool, None])
        return found


def _conditions(policy: Policy) -> Iterator[Node]:
    segments = segments_of(policy)
    for conditions in named_conditions(policy).values():
        for condition in conditions.values():
            yield from leaves(condition, segments)


def _signals(policy: Policy) -> Iterable[tuple[str, ...]]:
    return (s.events for model in policy.models for group in model.engagement.groups for s in group.signals)
