"""Input and output of a decision: the values between a batch, `engine.core.decide` and the stored decision."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.assignment.assignment import Choice
from engine.core.lead.matching import Matcher
from engine.core.lead.model import Scores, Verdict
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState
from engine.core.lead.view import LeadView
from engine.core.needs import Need
from engine.core.notify.effects import Effect
from engine.core.sla.clocks import Definitions, SlaClock
from rulesets.conditions.reading import EDITION
from rulesets.policy.policy import Action, Cell, Policy


@dataclass(frozen=True, slots=True)
class Situation:
    """The lead when the event is decided. ``view`` has its facts and history, this event included (R1.9).

    ``account`` has the views of the open leads of its account, if a model scores accounts (R3.7).
    """

    state: LeadState
    clocks: tuple[SlaClock, ...]
    view: LeadView
    facts_changed: bool
    account: Sequence[LeadView] = ()


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """The active policy and its matcher; ``clock_rules`` finds the rule of a clock in any version.

    ``promotes``: the activation of this version moves leads that qualify under it (`act_on_existing`).
    ``edition``: of the rules that the version was published under.
    """

    number: int
    policy: Policy
    matcher: Matcher
    clock_rules: Definitions
    promotes: bool = False
    edition: int = EDITION


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one event. Before `complete` runs, a ``need`` is open and no clock has started."""

    before: LeadState
    after: LeadState
    scores: Scores
    verdict: Verdict
    cell: Cell
    clocks: tuple[SlaClock, ...]
    clocks_before: tuple[SlaClock, ...]
    refusal: Refusal | None = None
    need: Need | None = None
    choice: Choice | None = None
    breached: SlaClock | None = None
    actions: tuple[Action, ...] = ()
    effects: tuple[Effect, ...] = ()
