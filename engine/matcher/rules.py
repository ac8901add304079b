"""A published version made ready to decide by: parsed policy, view frame and matcher, kept per process.

Workers take a new version up between two batches; clocks and stored decisions keep theirs (R6.7), so several versions
live side by side. A matcher belongs to the thread that made it (`engine.matcher.rete`).
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
"""Versions with a matcher in memory; older ones are loaded again when a clock or a check asks."""


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """One version, ready.

    ``promotes``: leads that its activation qualifies are acted upon; ``reading`` is the digest of what statements are
    read by; ``edition``: of the rules that the version was published under.
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
    """The versions this process decides by; close it when the process or the drain ends.

    ``prepare`` makes a version ready; another one gives decisions another matcher.
    """

    def __init__(self, prepare: "Prepare | None" = None) -> None:
        self._prepare = prepare or make_ready
        self._ready: OrderedDict[int, PolicyRules] = OrderedDict()
        self._readings: dict[int, str] = {}

    def version(self, number: int) -> PolicyRules:
        """A version made ready; raises NotFound."""
        if number not in self._ready:
            self._ready[number] = self._prepare(read_version(number))
            while len(self._ready) > KEPT_VERSIONS:
                _close(self._ready.popitem(last=False)[1])
        self._ready.move_to_end(number)
        return self._ready[number]

    def clock_rule(self, number: int, key: str) -> ClockRule:
        """A clock's rule under the version it started under."""
        return self.version(number).clock(key)

    def reading(self, number: int) -> str:
        """The digest of what statements are read by under a version."""
        if number not in self._readings:
            version = read_version(number)
            self._readings[number] = reading_digest(version.document, version.edition)
        return self._readings[number]

    def close(self) -> None:
        """Give the matchers' memory back."""
        while self._ready:
            _close(self._ready.popitem()[1])


Prepare = Callable[[Version], PolicyRules]
"""How a stored version is made ready."""


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
