"""The next moment at which time alone may change the scores or the verdict of a lead (R3.6).

The policy is analysed once: when events stop counting (`count`, `days_since`, steps and ends of decay), which events
decay continuously, and which dates are compared with now. The moment is a lower bound: nothing changes before it, and
it may turn out that nothing changes at it either. Conditions of assignment policies and clocks are evaluated only when
they are needed, so they are left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, log2
from zoneinfo import ZoneInfo

from engine.core.lead.view import LeadView
from engine.core.scoring.plan import once_per_policy
from rulesets.conditions.conditions import CountTest, DaysSinceTest, FieldTest, Node
from rulesets.conditions.moments import ACTION, leaves, named_conditions, segments_of
from rulesets.policy.policy import Decay, Policy

RELATIVE = frozenset({"within_last_days", "more_than_days_ago"})
DAY = timedelta(days=1)
LONGEST = Fraction(36_600)
"""Longest span in days (100 years); no lead is older."""


@dataclass(slots=True)
class Moves:
    """Effects of time under a policy: spans after events and after dates at which a value changes.

    ``fading`` maps an event to how long its points change continuously.
    """

    after_events: dict[str, set[timedelta]] = field(default_factory=dict)
    after_dates: dict[str, set[timedelta]] = field(default_factory=dict)
    fading: dict[str, timedelta] = field(default_factory=dict)


def next_refresh(policy: Policy, view: LeadView) -> datetime | None:
    """The next midnight in the policy zone at which the lead must be scored again; None if time changes nothing."""
    change = next_change(policy, view)
    return None if change is None else midnight_from(change, view.zone)


def next_change(policy: Policy, view: LeadView) -> datetime | None:
    """The first moment after the view's at which time alone may change something; None if never."""
    moves, now = moves_of(policy), view.now
    if any(now < at + span for key, span in moves.fading.items() for at, _ in view.events(key)):
        # Continuous decay: the next instant already differs. `next_refresh` rounds up to midnight.
        return now + timedelta(microseconds=1)
    moments = (*_after_events(moves, view), *_after_dates(moves, view))
    return min((moment for moment in moments if moment > now), default=None)


def midnight_from(moment: datetime, zone: ZoneInfo) -> datetime:
    """The first 00:00 of a zone at or after a moment, in the moment's own zone."""
    start = datetime.combine(moment.astimezone(zone).date(), time(), zone).astimezone(moment.tzinfo)
    return start if start >= moment else midnight_after(moment, zone)


def midnight_after(moment: datetime, zone: ZoneInfo) -> datetime:
    """The 00:00 of a zone at the end of the moment's day, in the moment's own zone."""
    tomorrow = moment.astimezone(zone).date() + DAY
    return datetime.combine(tomorrow, time(), zone).astimezone(moment.tzinfo)


@once_per_policy
def moves_of(policy: Policy) -> Moves:
    """The effects of time under a policy."""
    moves = Moves()
    for test in _tests(policy):
        match test:
            case CountTest() if test.count.days is not None:
                moves.after_events.setdefault(test.count.event, set()).add(_span(test.count.days))
            case DaysSinceTest():
                values = test.value if isinstance(test.value, list) else [test.value]
                spans = {span for value in values for span in _beside(Decimal(str(value)))}
                moves.after_events.setdefault(test.days_since.event, set()).update(spans)
            case FieldTest() if test.op in RELATIVE:
                # timedelta(): the date itself, at which a future date becomes a past one.
                moves.after_dates.setdefault(test.field, {timedelta()}).add(_span(Decimal(str(test.value))))
            case _:
                pass
    for model in policy.models:
        for signal in (signal for group in model.engagement.groups for signal in group.signals if signal.enabled):
            for event in signal.events if signal.decay is not None else ():
                _learn_decay(moves, event, signal.decay, abs(signal.points) * 100)
    return moves


def _tests(policy: Policy) -> Iterator[Node]:
    """Every test of every condition of scores and verdicts, tests inside counts included."""
    segments = segments_of(policy)
    waiting = [c for name, part in named_conditions(policy).items() if name != ACTION for c in part.values()]
    while waiting:
        for test in leaves(waiting.pop(), segments):
            yield test
            what = getattr(test, "count", None) or getattr(test, "days_since", None)
            if what is not None and what.where is not None:
                waiting.append(what.where)


def _learn_decay(moves: Moves, event: str, decay: Decay | None, cents: Decimal) -> None:
    match decay:
        case Decay(curve="step"):
            moves.after_events.setdefault(event, set()).update(_span(step.after_days) for step in decay.steps)
        case Decay(curve="expire", days=Decimal() as days):
            moves.after_events.setdefault(event, set()).add(_span(days))
        case Decay(curve="linear", percent=Decimal() as percent) if decay.period and percent:
            _fade(moves, event, _span(Decimal(decay.period.timedelta / DAY) * 100 / percent))
        case Decay(curve="half_life", days=Decimal() as days):
            # Below half a cent the value rounds to 0, and at the floor it stays: from then on it is constant.
            least = max(Decimal("0.5"), (decay.floor or Decimal()) * 100)
            if cents > least:
                # 1e-9 half-lives more than log2 says, so that its rounding error cannot end the decay too early.
                _fade(moves, event, _span(days * Decimal(log2(cents / least) + 1e-9)))
        case _:
            pass


def _fade(moves: Moves, event: str, span: timedelta) -> None:
    moves.fading[event] = max(span, moves.fading.get(event, timedelta()))


def _after_events(moves: Moves, view: LeadView) -> Iterator[datetime]:
    for key, spans in moves.after_events.items():
        for at, _ in view.events(key):
            yield from _later(at, spans)


def _after_dates(moves: Moves, view: LeadView) -> Iterator[datetime]:
    """Moments after the dates of a lead: datetimes exact to the microsecond, dates by whole days, at midnight."""
    for key, spans in moves.after_dates.items():
        value = view.value(key)
        if isinstance(value, datetime):
            yield from _later(value, spans)
        elif value is not None:
            start = datetime.combine(value, time(), view.zone)
            yield from _later(start, {timedelta(days=ceil(span / DAY)) for span in spans})


def _later(moment: datetime, spans: Iterable[timedelta]) -> Iterator[datetime]:
    """The moments later by each span (same wall-clock time in a zone), without those beyond the year 9999."""
    for span in spans:
        try:
            yield moment + span
        except OverflowError:
            continue


def _span(days: Decimal) -> timedelta:
    """Days as a span, rounded up to whole microseconds."""
    return timedelta(microseconds=-(-min(Fraction(days), LONGEST) * 86_400_000_000 // 1))


def _beside(days: Decimal) -> tuple[timedelta, timedelta]:
    """The spans at which a comparison of days since an event may change: at the operand, and just after it."""
    span = _span(days)
    return span, span + timedelta(microseconds=1)
