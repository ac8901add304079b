"""Which rules are true of a lead: what decisions ask of a matcher, and the plain one.

`engine.matcher.rete` answers through durable_rules; `InterpreterMatcher` answers with the reference interpreter: in
simulations of small size, in tests, and whenever the engine faults. Both give the same answer to the same question.
"""

from typing import Protocol

from rulesets.conditions.interpreter import View, holds
from rulesets.conditions.moments import knows_ruleset, named_conditions
from rulesets.policy.policy import Policy

NONE: frozenset[str] = frozenset()


class Matcher(Protocol):
    """Says which rules of a ruleset (`rulesets.conditions.moments`) are true of a view; an absent ruleset has none."""

    def match(self, ruleset: str, view: View) -> frozenset[str]: ...


class InterpreterMatcher:
    """Evaluates every condition of a ruleset one by one. Holds no state of any lead; any thread may use it."""

    def __init__(self, policy: Policy) -> None:
        self._conditions = named_conditions(policy)

    @property
    def rulesets(self) -> tuple[str, ...]:
        """The rulesets this policy has."""
        return tuple(self._conditions)

    def match(self, ruleset: str, view: View) -> frozenset[str]:
        """The ids of the rules that hold. Raises KeyError for a name that no policy's ruleset could have."""
        if ruleset not in self._conditions:
            return no_rules(ruleset)
        return frozenset(rule for rule, condition in self._conditions[ruleset].items() if holds(condition, view))


def no_rules(ruleset: str) -> frozenset[str]:
    """The answer for a ruleset this policy does not have; raises KeyError when no policy could have it."""
    if not knows_ruleset(ruleset):
        raise KeyError(f"no moment of evaluation is called {ruleset!r}; see rulesets.conditions.moments")
    return NONE
