"""What a decision is given and what it gives back: the values between a batch, `engine.core.decide` and the record."""

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
    """The lead when the event is decided. ``view`` holds its facts and its history, this event included (R1.9).

    ``account`` are the views of its account's open leads, where models score accounts (R3.7).
    """

    state: LeadState
    clocks: tuple[SlaClock, ...]
    view: LeadView
    facts_changed: bool
    account: Sequence[LeadView] = ()


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """The policy in force with what evaluates it; ``clock_rules`` finds the rules of clocks of older versions.

    ``promotes``: leads that qualify by the very activation of this version are acted upon (`act_on_existing`).
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
    """What one event did. Until `complete` was called, a ``need`` is still to be met and no clock has started."""

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
