"""A published version in memory: parsed policy, view frame and matcher, cached per process.

Workers switch to a new version between two batches. Clocks and stored decisions keep their version (R6.7), so several
versions are in memory at once. A cache belongs to one thread. After a fork each process makes its own
(`engine.matcher.rete`).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from engine.core.lead.matching import Matcher
from engine.core.lead.view import Frame
from engine.core.scoring.digests import reading_digest
from engine.matcher.rete import ReteMatcher
from engine.store.policy.versions import Version, read_version
from rulesets.compile.compiled import Compiled
from rulesets.conditions.reading import EDITION
from rulesets.policy.policy import ClockRule, Policy

KEPT_VERSIONS = 4
"""Most versions with a matcher in memory. Older ones are loaded again on demand."""


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """One version, ready for decisions.

    ``promotes``: after its activation, leads that now qualify are acted upon. ``reading`` is the digest of the fields
    that statements are read by. ``edition``: of the rules that the version was published under.
    """

    number: int
    digest: str
    policy: Policy
    frame: Frame
    matcher: Matcher
    promotes: bool = False
    reading: str = ""
    edition: int = EDITION

    def clock(self, key: str) -> ClockRule:
        """The clock rule of this version."""
        return next(rule for rule in self.policy.sla if rule.key == key)


class RulesCache:
    """The versions that this process uses. Close it when the process or the drain ends.

    ``prepare`` loads a version. Another function can supply another matcher.
    """

    def __init__(self, prepare: "Prepare | None" = None) -> None:
        self._prepare = prepare or make_ready
        self._ready: OrderedDict[int, PolicyRules] = OrderedDict()
        self._readings: dict[int, str] = {}

    def version(self, number: int) -> PolicyRules:
        """A loaded version. Raises NotFound."""
        if number not in self._ready:
            self._ready[number] = self._prepare(read_version(number))
            # A matcher holds C memory that Python's collector cannot see; evict, oldest use first.
            while len(self._ready) > KEPT_VERSIONS:
                _close(self._ready.popitem(last=False)[1])
        self._ready.move_to_end(number)
        return self._ready[number]

    def clock_rule(self, number: int, key: str) -> ClockRule:
        """The rule of a clock in the version it started under."""
        return self.version(number).clock(key)

    def reading(self, number: int) -> str:
        """The digest of the fields that a version reads statements by."""
        if number not in self._readings:
            version = read_version(number)
            self._readings[number] = reading_digest(version.document, version.edition)
        return self._readings[number]

    def close(self) -> None:
        """Free the matchers' memory."""
        while self._ready:
            _close(self._ready.popitem()[1])


Prepare = Callable[[Version], PolicyRules]
"""Loads a stored version."""


def make_ready(version: Version) -> PolicyRules:
    """Parse a stored version and load its compiled rulesets."""
    policy, edition = Policy.model_validate(version.document), version.edition
    return PolicyRules(
        number=version.number,
        digest=version.digest,
        policy=policy,
        frame=Frame.of(policy, edition),
        matcher=ReteMatcher(Compiled.model_validate(version.compiled), policy),
        promotes=version.act_on_existing == "promote",
        reading=reading_digest(version.document, edition),
        edition=edition,
    )


def _close(rules: PolicyRules) -> None:
    close = getattr(rules.matcher, "close", None)
    if close is not None:
        close()
