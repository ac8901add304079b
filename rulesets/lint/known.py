"""The input of the lint's checks: the policy, its vocabulary and zone, and every key that the document declares.

Keys are read from the raw document, so that a row with an error is not also reported as missing where it is used.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rulesets.conditions.conditions import ALWAYS, Condition
from rulesets.document.findings import Finding, Place, error, warning
from rulesets.document.wording import Sentence
from rulesets.lint.conditions.segments import Measure, measures_of
from rulesets.policy.policy import EventMatch, Policy
from rulesets.policy.vocabulary import Vocabulary

LISTS = ("fields", "events", "segments", "models", "assignment", "sla")
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Site:
    """One condition of the policy. ``scoring``: R2.7 applies; ``at_event``: it may test properties of an event."""

    place: Place
    condition: Condition
    scoring: bool = False
    at_event: bool = False


@dataclass(frozen=True, slots=True)
class DocumentIndex:
    """See the module's docstring. ``declared``: list of the document → its keys; ``measures``: segment → measure."""

    policy: Policy
    vocabulary: Vocabulary
    zone: ZoneInfo
    declared: Mapping[str, frozenset[str]]
    measures: Mapping[str, Measure]
    original: Callable[[Place], Place]

    @classmethod
    def of(cls, policy: Policy, raw: Any, original: Callable[[Place], Place] | None) -> "DocumentIndex":
        """The index of a policy and its raw data; ``original`` translates places of a salvaged policy back."""
        zone = zone_of(policy.timezone) or UTC
        measures = measures_of(policy.segments)
        return cls(policy, Vocabulary.of(policy), zone, _declared(raw), measures, original or _same)

    def error(self, code: str, place: Place, message: Sentence, mend: Sentence | None = None) -> Finding:
        """An error at a place of the policy."""
        return error(code, self.original(place), message, mend)

    def warning(self, code: str, place: Place, message: Sentence, mend: Sentence | None = None) -> Finding:
        """A warning at a place of the policy."""
        return warning(code, self.original(place), message, mend)


def _same(place: Place) -> Place:
    return place


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of this name; None if the zone database does not have it."""
    try:
        return ZoneInfo(name)
    # ValueError: a path such as ../x; OSError: a directory such as Asia.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _declared(raw: Any) -> dict[str, frozenset[str]]:
    qualification, reasons = _part(raw, "qualification"), _part(raw, "reasons")
    declared = {name: _keys(raw, name) for name in LISTS}
    declared |= {name: _keys(qualification, name) for name in ("exclusions", "red_flags", "checklists", "mql")}
    return declared | {f"reasons.{name}": _keys(reasons, name) for name in ("reject", "disqualify")}


def _part(raw: Any, key: str) -> Any:
    return raw.get(key) if isinstance(raw, dict) else None


def _keys(raw: Any, name: str) -> frozenset[str]:
    rows = _part(raw, name)
    keys = [_part(row, "key") for row in rows] if isinstance(rows, list) else []
    return frozenset(key for key in keys if isinstance(key, str))


def sites(policy: Policy) -> Iterator[Site]:
    """Every condition of the policy with its place, segments first."""
    for index, segment in enumerate(policy.segments):
        yield Site(("segments", index, "when"), segment.when, at_event=True)
    yield from _scoring_sites(policy)
    yield from _qualification_sites(policy)
    for index, assignment in enumerate(policy.assignment):
        yield Site(("assignment", index, "when"), assignment.when)
    yield from _clock_sites(policy)


def _scoring_sites(policy: Policy) -> Iterator[Site]:
    for m, model in enumerate(policy.models):
        yield Site(("models", m, "when"), model.when, scoring=True)
        for g, group in enumerate(model.fit.groups):
            for r, rule in enumerate(group.rules):
                yield Site(("models", m, "fit", "groups", g, "rules", r, "when"), rule.when, scoring=True)
        for g, signals in enumerate(model.engagement.groups):
            for s, signal in enumerate(signals.signals):
                place = ("models", m, "engagement", "groups", g, "signals", s, "when")
                yield Site(place, signal.when, scoring=True, at_event=True)


def _qualification_sites(policy: Policy) -> Iterator[Site]:
    for index, exclusion in enumerate(policy.qualification.exclusions):
        yield Site(("qualification", "exclusions", index, "when"), exclusion.when)
    for index, flag in enumerate(policy.qualification.red_flags):
        yield Site(("qualification", "red_flags", index, "when"), flag.when)
    for c, checklist in enumerate(policy.qualification.checklists):
        for i, item in enumerate(checklist.items):
            yield Site(("qualification", "checklists", c, "items", i, "when"), item.when)
    for index, route in enumerate(policy.qualification.mql):
        yield Site(("qualification", "mql", index, "when"), route.when or ALWAYS)


def _clock_sites(policy: Policy) -> Iterator[Site]:
    for c, clock in enumerate(policy.sla):
        yield Site(("sla", c, "when"), clock.when)
        for name in ("met_by", "cancelled_by", "broken_by"):
            for i, item in enumerate(getattr(clock, name)):
                if isinstance(item, EventMatch) and item.when is not None:
                    yield Site(("sla", c, name, i, "when"), item.when, at_event=True)
