"""One event, one decision: the way from an event and all that is known to what happens to the lead (DESIGN.md §3).

Two steps, because who gets a lead is settled under a lock that is taken last: `decide` does everything that needs no
people; when its outcome has a `need`, the caller runs `engine.core.assignment` and hands the choice to `complete`.
Live, simulated and replayed decisions run this code; only the moment and the store differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.core import sla, stages
from engine.core.assignment import Choice, queued
from engine.core.matching import Matcher
from engine.core.model import BEFORE_MQL, LeadEvent, Scores, Stage, Verdict
from engine.core.qualification import qualify
from engine.core.scoring import score, score_values
from engine.core.sla import Clock, Definitions
from engine.core.state import LeadState, PassedOver
from engine.core.view import LeadView
from rulesets.moments import ACTION
from rulesets.policy import Action, AssignmentPolicy, Cell, Policy, SlaClock

ROLE_OF_STAGE = {Stage.READY: "sdr", Stage.MQL: "sales"}
"""Whose turn it is in the stages in which a lead waits for somebody."""


@dataclass(frozen=True, slots=True)
class People:
    """What a decision knows of the roster: everybody's role, who may act for others, who is active."""

    roles: Mapping[str, str]
    managers: frozenset[str]
    active: frozenset[str]


@dataclass(frozen=True, slots=True)
class Situation:
    """The lead when the event is decided. ``view`` holds its facts and its history, this event included (R1.9)."""

    state: LeadState
    clocks: tuple[Clock, ...]
    view: LeadView
    facts_changed: bool


@dataclass(frozen=True, slots=True)
class Book:
    """The policy in force with what evaluates it; ``clock_rules`` finds the rules of clocks of older versions."""

    number: int
    policy: Policy
    matcher: Matcher
    clock_rules: Definitions


@dataclass(frozen=True, slots=True)
class Need:
    """A person is to be found: of this role, by this policy alone if ``named``, waiting at this priority if none is there."""

    role: str
    named: str | None
    priority: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one event did. Until `complete` was called, a ``need`` is still to be met and no clock has started."""

    before: LeadState
    after: LeadState
    scores: Scores
    verdict: Verdict
    cell: Cell
    clocks: tuple[Clock, ...]
    clocks_before: tuple[Clock, ...]
    refusal: stages.Refusal | None = None
    need: Need | None = None
    choice: Choice | None = None
    breached: Clock | None = None
    actions: tuple[Action, ...] = ()


def decide(situation: Situation, event: LeadEvent, book: Book, people: People) -> Outcome:
    """Everything about one event that needs no choice of a person.

    1. what the event itself does: work of people, a breach of a clock; 2. scores; 3. exclusions, flags, routes;
    4. the stage that follows; 5. clocks met or cancelled by it; 6. whether somebody is to be found.
    """
    policy, before = book.policy, situation.state
    moved = stages.move(before, event, policy, people.managers)
    refusal = moved if isinstance(moved, stages.Refusal) else None
    state = before if isinstance(moved, stages.Refusal) else moved
    breached, clocks = _breach(situation.clocks, event)
    actions = _breach_actions(breached, before, book.clock_rules)
    state = _after_breach(state, breached, actions)
    scores = score(policy, situation.view, book.matcher)
    seen = situation.view.with_values(state_values(state))
    verdict = qualify(policy, seen, book.matcher, scores, confirmed=state.confirmed_at is not None)
    cell = _cell(policy, scores)
    state = _wakened(state, event, scores, facts_changed=situation.facts_changed)
    after = _keeping_sdr(stages.advance(state, verdict, cell, acts=state.acts_after is None), people)
    return Outcome(
        before=before,
        after=after,
        scores=scores,
        verdict=verdict,
        cell=cell,
        clocks=clocks if refusal else sla.observe(clocks, event, book.clock_rules, people.roles),
        clocks_before=situation.clocks,
        refusal=refusal,
        need=_need(before, after, event, cell, reassign=_reassigns(breached, actions, before)),
        breached=breached,
        actions=actions,
    )


def complete(
    outcome: Outcome, choice: Choice | None, situation: Situation, event: LeadEvent, book: Book, now: datetime
) -> Outcome:
    """The outcome with its person, its place in the queue or the pool, and the clocks that start and end with that."""
    after = outcome.after if choice is None else _placed(outcome.after, choice, outcome.need, now)
    breaches = _counted_breaches(outcome, after)
    after = replace(after, breaches=breaches) if breaches != dict(after.breaches) else after
    clocks = sla.settle(outcome.clocks, outcome.before, after, event, book.clock_rules)
    started = sla.start(
        book.policy.sla,
        clocks,
        outcome.before,
        after,
        event,
        allowed=None if outcome.cell.sla is None else frozenset(outcome.cell.sla),
        holds=action_holds(outcome, after, situation.view, book),
        policy_number=book.number,
        now=now,
    )
    return replace(outcome, after=after, choice=choice, clocks=(*clocks, *started))


def action_holds(
    outcome: Outcome, state: LeadState, view: LeadView, book: Book
) -> Callable[[AssignmentPolicy | SlaClock], bool]:
    """Whether the ``when`` of an assignment policy or a clock holds; asks the matcher once, at the first question."""
    true: list[frozenset[str]] = []

    def holds(part: AssignmentPolicy | SlaClock) -> bool:
        if not true:
            checklists = {f"checklist.{key}.met": result.met for key, result in outcome.verdict.checklists.items()}
            seen = view.with_values({**state_values(state), **score_values(outcome.scores), **checklists})
            true.append(book.matcher.match(ACTION, seen))
        kind = "sla" if isinstance(part, SlaClock) else "assignment"
        return f"{kind}.{part.key}" in true[0]

    return holds


def state_values(state: LeadState) -> dict[str, Any]:
    """The state as the ``lead.*`` fields that conditions read (R1.3)."""
    return {
        "lead.stage": state.stage.value if state.stage else None,
        "lead.owner": state.owner,
        "lead.sdr": state.sdr,
        "lead.touches": state.touches,
        "lead.cycle": state.cycle,
        "lead.recycled_at": state.recycled_at,
        "lead.reject_reason": state.reject_reason,
        "lead.release_reason": state.release_reason,
    }


def _cell(policy: Policy, scores: Scores) -> Cell:
    model = next(model for model in policy.models if model.key == scores.model)
    return model.matrix.cell(scores.grade, scores.heat)


def _wakened(state: LeadState, event: LeadEvent, scores: Scores, *, facts_changed: bool) -> LeadState:
    """After recycling, rejection or release a lead waits for something new: a counted occurrence or a changed fact (R4.6)."""
    if state.acts_after is None or event.occurred_at <= state.acts_after:
        return state
    counted = any(line.event_id == event.id and line.source == event.source for line in scores.ledger)
    return replace(state, acts_after=None) if counted or facts_changed else state


def _keeping_sdr(state: LeadState, people: People) -> LeadState:
    """A lead that was sent back goes to its own SDR if that one is active (R4.7)."""
    sent_back = state.stage is Stage.READY and state.owner is None and state.acts_after is not None
    if sent_back and state.pool_since is None and state.sdr in people.active and people.roles.get(state.sdr) == "sdr":
        return replace(state, owner=state.sdr)
    return state


# ------------------------------------------------------------------------------------------------------- breaches
def _breach(clocks: tuple[Clock, ...], event: LeadEvent) -> tuple[Clock | None, tuple[Clock, ...]]:
    if event.type != "sla.breached":
        return None, clocks
    return sla.breach(clocks, int(event.properties["clock"]))


def _breach_actions(breached: Clock | None, before: LeadState, rules: Definitions) -> tuple[Action, ...]:
    if breached is None:
        return ()
    return sla.breach_actions(rules(breached.policy_number, breached.key), before.breaches.get(breached.key, 0) + 1)


def _after_breach(state: LeadState, breached: Clock | None, actions: tuple[Action, ...]) -> LeadState:
    """The one who missed is remembered; the lead is taken away when a reassignment asks for it."""
    if breached is None or breached.owner is None:
        return state
    missed = PassedOver(breached.owner, "missed", breached.due_at)
    state = replace(state, passed_over=(*state.passed_over, missed))
    return replace(state, owner=None) if _reassigns(breached, actions, state) else state


def _reassigns(breached: Clock | None, actions: tuple[Action, ...], state: LeadState) -> bool:
    """All actions concern the owner at the moment of the breach: a lead that moved on is left alone (R6.5)."""
    owned = breached is not None and breached.owner is not None and breached.owner == state.owner
    return owned and any(action.do == "reassign" for action in actions)


def _counted_breaches(outcome: Outcome, after: LeadState) -> dict[str, int]:
    """Breaches by clock key: one more for a breach, none again for a clock that was met (R6.5)."""
    counts = dict(after.breaches)
    if outcome.breached is not None:
        counts[outcome.breached.key] = counts.get(outcome.breached.key, 0) + 1
    for clock in outcome.clocks:
        if clock.state == "met":
            counts.pop(clock.key, None)
    return counts


# ------------------------------------------------------------------------------------------------------- who gets it
def _need(before: LeadState, after: LeadState, event: LeadEvent, cell: Cell, *, reassign: bool) -> Need | None:
    """Whether somebody is to be found for the lead now; one that waits in the queue or the pool is left there."""
    role = ROLE_OF_STAGE.get(after.stage) if after.stage else None
    if role is None or after.owner is not None or after.pool_since is not None:
        return None
    drained = event.type == "queue.assigned"
    waits = after.queued is not None and after.queued.role == role and before.stage == after.stage
    on_request = event.properties.get("assign") is True
    if (waits and not (drained or reassign)) or (event.imported and not on_request):
        return None
    named = after.assigned_by if reassign else cell.assignment
    return Need(role, named, cell.priority)


def _placed(state: LeadState, choice: Choice, need: Need | None, now: datetime) -> LeadState:
    """The lead in the hands of the chosen person, else in the queue or the public pool."""
    if choice.person is None:
        if choice.otherwise == "pool":
            return replace(state, owner=None, queued=None, pool_since=now)
        return replace(state, owner=None, queued=queued(choice, state, now, need.priority if need else 3))
    owned = replace(state, owner=choice.person, queued=None, pool_since=None, assigned_by=choice.policy)
    return replace(owned, sdr=choice.person) if choice.role == "sdr" else replace(owned, rep=choice.person)


def is_before_mql(state: LeadState) -> bool:
    """Whether the lead may still become an MQL, so that what is missing is worth showing (R4.4)."""
    return state.stage in BEFORE_MQL
