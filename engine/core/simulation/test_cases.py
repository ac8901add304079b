"""Test cases inside a policy (R10.1): what becomes of the leads they describe, and which rules they touch.

A case is a lead by itself: facts as the engine would read them, events in days before a moment, no people, no clocks.
It is scored once at that moment, as R9.1 says: confirmations and stages ignored. Choices where the contract is silent:

* without ``now`` the moment is noon of 1 January 2026 in the policy zone, so that a green case stays green whatever the
  day; a case about dates names its own ``now``;
* unreadable facts are unknown, as in live decisions, and are named in the result;
* ``lead.created_at`` is the first event unless the case gives it; ``company.domain`` that of the mailbox;
* assignment policies and clocks are about people and count neither as touched nor as untouched.
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
"""What a case may expect, in the order in which it is reported."""


@dataclass(frozen=True, slots=True)
class CaseDifference:
    """What a case expected and what came of it."""

    what: str
    expected: Any
    actual: Any


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A case. ``actual``: all a case may expect; ``touched``: rule ids (`rulesets.conditions.moments`) it brought
    about.

    ``unreadable``: facts whose value cannot be read as the vocabulary says.
    """

    key: str
    actual: Mapping[str, Any]
    differences: tuple[CaseDifference, ...]
    touched: frozenset[str]
    unreadable: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the case is green."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class SampleReport:
    """All cases of a policy, in order, and the rules that none of them touches, in the order of the document."""

    results: tuple[SampleResult, ...] = ()
    rules: int = 0
    untouched: tuple[str, ...] = ()

    @property
    def red(self) -> tuple[SampleResult, ...]:
        """The cases that did not come out as expected."""
        return tuple(result for result in self.results if not result.passed)


def run_samples(policy: Policy, matcher: Matcher | None = None) -> SampleReport:
    """Runs the test cases of a policy without errors; without a matcher the reference interpreter answers."""
    asked = matcher or InterpreterMatcher(policy)
    results = tuple(run_sample(policy, case, asked) for case in policy.tests)
    touched = frozenset[str]().union(*(result.touched for result in results))
    rules = tuple(coverable(policy))
    return SampleReport(results, len(rules), tuple(rule for rule in rules if rule not in touched))


def run_sample(policy: Policy, case: SampleCase, matcher: Matcher) -> SampleResult:
    """1. the lead of the case at its moment; 2. scores and verdict; 3. what differs from what is expected."""
    noting = _Noting(matcher)
    view, unreadable = sample_view(policy, case)
    found = score(policy, view, noting)
    verdict = qualify(policy, view, noting, found, confirmed=False, ignore_confirmation=True)
    actual = _actual(found, verdict)
    differences = tuple(_differences(case, actual))
    return SampleResult(case.key, actual, differences, frozenset(_touched(found, verdict, noting.true)), unreadable)


def sample_view(policy: Policy, case: SampleCase) -> tuple[LeadView, tuple[str, ...]]:
    """The lead of a case, and its facts that cannot be read."""
    frame = frame_of(policy)
    now = sample_moment(case, frame.zone)
    events = [
        LeadEvent("case", f"{place:06}", one.type, now - _days(one.days_ago), properties=one.properties)
        for place, one in enumerate(case.events)
    ]
    values, unreadable = _facts(case, frame, min((event.occurred_at for event in events), default=now))
    view = LeadView.of(frame, values, now, History.of(events))
    return view.with_values(account_values([view])), unreadable


def sample_moment(case: SampleCase, zone: ZoneInfo) -> datetime:
    """The moment of a case; see the module's docstring for one that names none."""
    moment = read(Field("now", FieldType.DATETIME), case.now, zone).value
    return moment if isinstance(moment, datetime) else MOMENT.replace(tzinfo=zone)


def _days(days: Decimal) -> timedelta:
    """Days as a whole number of microseconds, at most some 900 years."""
    return timedelta(microseconds=int(min(days, Decimal(330_000)) * 86_400_000_000))


def _facts(case: SampleCase, frame: Frame, first: datetime) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The facts as one event that states them would make them."""
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
    """A matcher that remembers what was true."""

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
    """Only what the case names is compared; a null that was written expects nothing there."""
    for what in EXPECTED:
        if what in case.expect.model_fields_set:
            expected = getattr(case.expect, what)
            if what == "flagged":
                expected = expected or ()
            same = set(expected) == set(actual[what]) if what == "flagged" else expected == actual[what]
            if not same:
                yield CaseDifference(what, expected, actual[what])


def _touched(scores: Scores, verdict: Verdict, true: set[str]) -> Iterator[str]:
    """The rules that had a part in the result: of the model that scored, and of qualification."""
    yield f"model.{scores.model}"
    yield from (f"fit.{scores.model}.{line.group}.{line.rule}" for line in scores.fit_lines)
    yield from (f"signal.{scores.model}.{total.group}.{total.signal}" for total in scores.signals)
    yield from (rule for rule in true if rule.startswith(("exclusion.", "flag.", "item.")))
    if verdict.route is not None:
        yield f"route.{verdict.route}"


def coverable(policy: Policy) -> Iterator[str]:
    """The ids of all rules that a case can touch, in the order of the document."""
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
