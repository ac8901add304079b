"""Test cases inside a policy (R10.1): the results of the leads that they describe, and the rules that they touch.

A case is a single lead: facts, read as in live decisions, and events some days before a moment; no people, no clocks.
It is scored once at that moment, without confirmations and stages (R9.1). Choices where the contract says nothing:

* without ``now`` the moment is noon of 1 January 2026 in the policy zone, so that a case gives the same result on any
  day; a case about dates sets its own ``now``;
* unreadable facts are unknown, as in live decisions, and the result lists them;
* ``lead.created_at`` is the first event unless the case sets it; ``company.domain`` is that of the mailbox;
* assignment policies and clocks depend on people and count neither as touched nor as untouched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.lead import facts as claimed
from engine.core.lead.accounts import account_values
from engine.core.lead.history import History
from engine.core.lead.matching import InterpreterMatcher, Matcher
from engine.core.lead.model import LeadEvent, Scores, Verdict
from engine.core.lead.view import Frame, LeadView
from engine.core.qualification.qualification import qualify
from engine.core.scoring.plan import frame_of
from engine.core.scoring.scoring import score
from rulesets.conditions.interpreter import View
from rulesets.conditions.reading import Field, FieldType, read
from rulesets.policy.policy import Policy, SampleCase
from rulesets.policy.vocabulary import GROUPS

MOMENT = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - noon in whatever zone the policy has
EXPECTED = ("fit", "engagement", "cell", "model", "route", "excluded", "flagged")
"""The values that a case may expect, in the order of the report."""


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """An expected value and the different actual value."""

    what: str
    expected: Any
    actual: Any


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The result of a case. ``actual``: all values that a case may expect; ``touched``: ids of the rules that applied.

    Rule ids are those of `rulesets.conditions.moments`. ``unreadable``: facts that the vocabulary cannot read.
    """

    key: str
    actual: Mapping[str, Any]
    differences: tuple[CaseDifference, ...]
    touched: frozenset[str]
    unreadable: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the case has no differences."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class SampleReport:
    """All cases of a policy, and the rules that no case touches, both in document order."""

    results: tuple[SampleResult, ...] = ()
    rules: int = 0
    untouched: tuple[str, ...] = ()

    @property
    def red(self) -> tuple[SampleResult, ...]:
        """The cases with differences."""
        return tuple(result for result in self.results if not result.passed)


def run_samples(policy: Policy, matcher: Matcher | None = None) -> SampleReport:
    """Runs the test cases of a policy without errors; by default with the reference interpreter."""
    asked = matcher or InterpreterMatcher(policy)
    results = tuple(run_sample(policy, case, asked) for case in policy.tests)
    touched = frozenset[str]().union(*(result.touched for result in results))
    rules = tuple(coverable(policy))
    return SampleReport(results, len(rules), tuple(rule for rule in rules if rule not in touched))


def run_sample(policy: Policy, case: SampleCase, matcher: Matcher) -> SampleResult:
    """Runs one case: 1. its lead at its moment; 2. scores and verdict; 3. differences from the expected values."""
    noting = _Noting(matcher)
    view, unreadable = sample_view(policy, case)
    found = score(policy, view, noting)
    verdict = qualify(policy, view, noting, found, confirmed=False, ignore_confirmation=True)
    actual = _actual(found, verdict)
    differences = tuple(_differences(case, actual))
    return SampleResult(case.key, actual, differences, frozenset(_touched(found, verdict, noting.true)), unreadable)


def sample_view(policy: Policy, case: SampleCase) -> tuple[LeadView, tuple[str, ...]]:
    """The lead of a case, and its unreadable facts."""
    frame = frame_of(policy)
    now = sample_moment(case, frame.zone)
    events = [
        # Zero-padded: events of one moment are ordered by id as text (R1.4).
        LeadEvent("case", f"{place:06}", one.type, now - _days(one.days_ago), properties=one.properties)
        for place, one in enumerate(case.events)
    ]
    values, unreadable = _facts(case, frame, min((event.occurred_at for event in events), default=now))
    view = LeadView.of(frame, values, now, History.of(events))
    return view.with_values(account_values([view])), unreadable


def sample_moment(case: SampleCase, zone: ZoneInfo) -> datetime:
    """The moment of a case; see the module's docstring for the default."""
    moment = read(Field("now", FieldType.DATETIME), case.now, zone).value
    return moment if isinstance(moment, datetime) else MOMENT.replace(tzinfo=zone)


def _days(days: Decimal) -> timedelta:
    """Days as whole microseconds, at most about 900 years."""
    # The limit keeps now - days after the year 1, the first of datetime.
    return timedelta(microseconds=int(min(days, Decimal(330_000)) * 86_400_000_000))


def _facts(case: SampleCase, frame: Frame, first: datetime) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The facts, read as if one event had stated them."""
    traits, company, answers = (_in_group(case, GROUPS[group]) for group in ("traits", "company", "answers"))
    stating = LeadEvent("case", "facts", "lead.identified", first, traits=traits, company=company, answers=answers)
    claims, notes, _ = claimed.fold(claimed.NO_CLAIMS, stating, frame.vocabulary, frame.zone)
    values = claimed.known(claims, frame.vocabulary, frame.zone)
    if not case.events or claimed.FIRST in case.facts:
        del values[claimed.FIRST]
    given = {key: raw for key, raw in case.facts.items() if key == claimed.FIRST}
    values |= claimed.stated(given, frame.vocabulary, frame.zone)
    return values, tuple(dict.fromkeys(note.field for note in notes))


def _in_group(case: SampleCase, prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): raw for key, raw in case.facts.items() if key.startswith(prefix)}


class _Noting:
    """A matcher that collects the rules that were true."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self.true: set[str] = set()

    def match(self, ruleset: str, view: View) -> frozenset[str]:
        found = self._matcher.match(ruleset, view)
        self.true |= found
        return found


def _actual(scores: Scores, verdict: Verdict) -> dict[str, Any]:
    return {
        "fit": scores.fit,
        "engagement": scores.engagement,
        "cell": scores.cell,
        "model": scores.model,
        "route": None if verdict.flagged else verdict.route,
        "excluded": verdict.excluded,
        "flagged": verdict.flagged,
    }


def _differences(case: SampleCase, actual: Mapping[str, Any]) -> Iterator[CaseDifference]:
    """Compares only values that the case sets; an explicit null expects that there is none."""
    for what in EXPECTED:
        if what in case.expect.model_fields_set:
            expected = getattr(case.expect, what)
            if what == "flagged":
                expected = expected or ()
            same = set(expected) == set(actual[what]) if what == "flagged" else expected == actual[what]
            if not same:
                yield CaseDifference(what, expected, actual[what])


def _touched(scores: Scores, verdict: Verdict, true: set[str]) -> Iterator[str]:
    """The rules that contributed to the result: those of the scoring model, and those of qualification."""
    yield f"model.{scores.model}"
    yield from (f"fit.{scores.model}.{line.group}.{line.rule}" for line in scores.fit_lines)
    yield from (f"signal.{scores.model}.{total.group}.{total.signal}" for total in scores.signals)
    yield from (rule for rule in true if rule.startswith(("exclusion.", "flag.", "item.")))
    if verdict.route is not None:
        yield f"route.{verdict.route}"


def coverable(policy: Policy) -> Iterator[str]:
    """The ids of all rules that a case can touch, in document order."""
    for model in policy.models:
        yield f"model.{model.key}"
        for group in model.fit.groups:
            yield from (f"fit.{model.key}.{group.key}.{rule.key}" for rule in group.rules if rule.enabled)
        for listening in model.engagement.groups:
            yield from (f"signal.{model.key}.{listening.key}.{one.key}" for one in listening.signals if one.enabled)
    parts = policy.qualification
    yield from (f"exclusion.{one.key}" for one in parts.exclusions)
    yield from (f"flag.{one.key}" for one in parts.red_flags)
    yield from (f"item.{checklist.key}.{item.key}" for checklist in parts.checklists for item in checklist.items)
    yield from (f"route.{one.key}" for one in parts.mql)
