"""Which rules are true for a lead: the interface of matchers, and the matcher without durable_rules.

`engine.matcher.rete` uses durable_rules. `InterpreterMatcher` uses the reference interpreter: in small simulations, in
tests, and when durable_rules fails. Both give the same results.
"""

from typing import Protocol

from rulesets.conditions.interpreter import View, holds
from rulesets.conditions.moments import knows_ruleset, named_conditions
from rulesets.policy.policy import Policy

NONE: frozenset[str] = frozenset()


class Matcher(Protocol):
    """Finds the rules of a ruleset (`rulesets.conditions.moments`) that are true for a view; none if it is absent."""

    def match(self, ruleset: str, view: View) -> frozenset[str]: ...


class InterpreterMatcher:
    """Evaluates the conditions of a ruleset one by one. Keeps no state of leads; threads may share it."""

    def __init__(self, policy: Policy) -> None:
        self._conditions = named_conditions(policy)

    @property
    def rulesets(self) -> tuple[str, ...]:
        """The rulesets of this policy."""
        return tuple(self._conditions)

    def match(self, ruleset: str, view: View) -> frozenset[str]:
        """The ids of the rules that hold. Raises KeyError for a name that no ruleset can have."""
        if ruleset not in self._conditions:
            return no_rules(ruleset)
        return frozenset(rule for rule, condition in self._conditions[ruleset].items() if holds(condition, view))


def no_rules(ruleset: str) -> frozenset[str]:
    """The result for a ruleset that a policy does not have; raises KeyError for a name that no ruleset can have."""
    # A misspelt name must not look like a ruleset without true rules.
    if not knows_ruleset(ruleset):
        raise KeyError(f"no moment of evaluation is called {ruleset!r}; see rulesets.conditions.moments")
    return NONE
