"""One event, one decision: from an event and the situation of its lead to the outcome.

There are two functions, because a person is chosen under the rotation lock, which is taken last and held briefly.
`decide` does everything that needs no person. If its outcome has a ``need``, the caller runs
`engine.core.assignment.assignment` and passes the choice to `complete`. Live decisions, simulations and replays run
this code; only the moment and the store differ.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.core.assignment.assignment import Choice
from engine.core.assignment.pool import extended, handed_over, reclaimed
from engine.core.calendar.schedules import Due
from engine.core.consequences import consequences, met
from engine.core.lead.model import BEFORE_MQL, LeadEvent, Scores, Stage, Verdict
from engine.core.lead.people import People
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState
from engine.core.lead.view import LeadView
from engine.core.needs import in_hands_of, need_of, placed
from engine.core.outcome import Outcome, PolicyContext, Situation
from engine.core.qualification import stages
from engine.core.qualification.qualification import qualify
from engine.core.scoring.scoring import score, score_values
from engine.core.sla import clocks as sla
from engine.core.sla.actions import Followed, counted, follow, settle_holds
from engine.core.sla.clock_events import clock_event, event_names
from engine.core.sla.clocks import LeadTransition, SlaClock
from rulesets.conditions.moments import ACTION
from rulesets.policy.policy import AssignmentPolicy, Cell, ClockRule, Policy
from rulesets.policy.work import can_be_met


def decide(situation: Situation, event: LeadEvent, context: PolicyContext, people: People) -> Outcome:
    """The outcome of one event, without the choice of a person and without new clocks (`complete` adds them).

    1. the event itself: people's work, a clock that fires, an edit of the roster; 2. scores; 3. exclusions, red flags,
    routes; 4. the new stage; 5. the clocks that the event meets or breaks; 6. whether a person is needed.
    """
    before, clocks_before = situation.state, situation.clocks
    # Work comes first: scores do not depend on it, but qualification reads the stage and owner that it leaves.
    applied, refusal = _apply_event(situation, event, context, people)
    scores = score(context.policy, situation.view, context.matcher, situation.account)
    verdict = _qualify(applied.state, situation.view, context, scores)
    cell = _cell(context.policy, scores)
    advanced = _advance_stage(
        applied.state, event, context, scores, verdict, cell, facts_changed=situation.facts_changed
    )
    seen = clock_event(event, situation.view, context.policy, refused=refusal is not None)
    # Before `complete` cancels clocks whose stage is left: an acceptance meets its clock and leaves the stage.
    clocks = sla.observe(applied.clocks, seen, context.clock_rules, people.roles)
    held = settle_holds(applied.clocks, clocks, advanced, event, context.clock_rules, people)
    after = _at_cells_priority(held.state, before, cell)
    asks = refusal is None and _may_ask_for_a_person(applied.state, event, context)
    taken = applied.taken or held.taken
    return Outcome(
        before=before,
        after=after,
        scores=scores,
        verdict=verdict,
        cell=cell,
        clocks=clocks,
        clocks_before=clocks_before,
        refusal=refusal,
        need=need_of(before, after, event, cell, people, taken_away=taken) if asks else None,
        breached=applied.breached,
        actions=applied.actions,
        effects=() if event.imported else (*applied.effects, *held.effects, *met(clocks, clocks_before)),
    )


def complete(
    outcome: Outcome,
    choice: Choice | None,
    situation: Situation,
    event: LeadEvent,
    context: PolicyContext,
    now: datetime,
    *,
    due: Due,
) -> Outcome:
    """The outcome with its person, or its place in the queue or the pool, and the clocks that start and end with it.

    ``due`` gives start and due time of a clock that starts now.
    """
    after = outcome.after if choice is None else placed(outcome.after, choice, outcome.need, now)
    after = counted(after, outcome.breached, outcome.clocks, outcome.clocks_before)
    after = handed_over(outcome.before, after, event, context.policy, now)
    if outcome.refusal is None:
        after = extended(after, situation.view.vocabulary.event_key(event.type), event)
    names = event_names(event, situation.view, context.policy, refused=outcome.refusal is not None)
    change = LeadTransition(outcome.before, after, event, names)
    clocks = sla.settle(outcome.clocks, change, context.clock_rules)
    if after.erased_at is not None:
        return replace(outcome, after=after, choice=choice, clocks=sla.cancelled(clocks, event.occurred_at))
    holds, allowed = action_holds(outcome, after, situation.view, context), outcome.cell.sla
    # After settle: the old owner's clock must end before one of the same key starts (R6.1, R6.4).
    started = sla.start(
        context.policy.sla,
        outcome.clocks_before,
        clocks,
        change,
        may=lambda rule: (
            (allowed is None or rule.key in allowed)
            and (context.edition < 2 or can_be_met(rule, after.stage))
            and holds(rule)
        ),
        due=due,
        policy_number=context.number,
        now=now,
    )
    # After settle and start: it looks for clocks that this decision ended and did not start again.
    after = replace(after, resumes=sla.resumes(context.policy.sla, outcome.clocks_before, (*clocks, *started), change))
    # Effects come last, as they compare the complete outcome with the state before.
    whole = replace(outcome, after=after, choice=choice, clocks=(*clocks, *started))
    return replace(whole, effects=consequences(whole, event, context.policy))


def action_holds(
    outcome: Outcome, state: LeadState, view: LeadView, context: PolicyContext
) -> Callable[[AssignmentPolicy | ClockRule], bool]:
    """Tells whether the ``when`` of an assignment policy or a clock holds; runs the matcher once, at the first call."""
    true: list[frozenset[str]] = []

    def holds(part: AssignmentPolicy | ClockRule) -> bool:
        if not true:
            checklists = {f"checklist.{key}.met": result.met for key, result in outcome.verdict.checklists.items()}
            seen = view.with_values({**state_values(state), **score_values(outcome.scores), **checklists})
            true.append(context.matcher.match(ACTION, seen))
        kind = "sla" if isinstance(part, ClockRule) else "assignment"
        return f"{kind}.{part.key}" in true[0]

    return holds


def state_values(state: LeadState) -> dict[str, Any]:
    """The state as the ``lead.*`` fields of conditions (R1.3)."""
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


def is_before_mql(state: LeadState) -> bool:
    """Whether the lead may still become an MQL; only then the missing parts of routes are shown (R4.4)."""
    return state.stage in BEFORE_MQL


# ------------------------------------------------------------------------------------- 1. what the event itself does
def _apply_event(
    situation: Situation, event: LeadEvent, context: PolicyContext, people: People
) -> tuple[Followed, Refusal | None]:
    """The lead after people's work (or its refusal), then after the effect of the engine's own events."""
    entered = stages.enter(situation.state, event)
    moved = stages.move(entered, event, context.policy, people)
    if isinstance(moved, Refusal):
        return _follow(event, entered, situation.clocks, context, people), moved
    state = _given_back(moved, situation.state, event, people)
    return _follow(event, state, situation.clocks, context, people), None


def _given_back(state: LeadState, before: LeadState, event: LeadEvent, people: People) -> LeadState:
    """A lead that was sent back goes to its own SDR if they are active and did not send it back themselves (R4.7)."""
    sent_back = event.type in {"lead.rejected", "lead.released"} and state.stage is Stage.READY
    if not sent_back or state.pool_since is not None or not stages.assigns(event) or state.sdr == before.owner:
        return state
    if state.sdr in people.active and people.roles.get(state.sdr) == "sdr":
        return replace(state, owner=state.sdr, assigned_by=None)
    return state


def _follow(
    event: LeadEvent, state: LeadState, clocks: tuple[SlaClock, ...], context: PolicyContext, people: People
) -> Followed:
    """The effect of the engine's own events: clocks that warn, breach or held; the pool; an edit of the roster."""
    followed = follow(event, state, clocks, context.clock_rules, people)
    kept, effects = reclaimed(followed.state, event, context.policy)
    left = _left_by(kept, event, people)
    taken = followed.taken or left is not kept
    return replace(followed, state=left, effects=(*followed.effects, *effects), taken=taken)


def _left_by(state: LeadState, event: LeadEvent, people: People) -> LeadState:
    """A lead whose owner left, changed roles or is away: to the manager if the editor chose that, else to nobody."""
    person = event.properties.get("person")
    if event.type != "roster.changed" or state.owner is None or state.owner != person:
        return state
    superior = people.superiors.get(state.owner) if event.properties.get("give") == "manager" else None
    given = superior if superior in people.active and superior != person else None
    state = replace(state, owner=given, assigned_by=None, queued=None)
    return state if given is None else in_hands_of(state, given)


# ------------------------------------------------------------------------------- 3. exclusions, red flags, routes
def _qualify(state: LeadState, view: LeadView, context: PolicyContext, scores: Scores) -> Verdict:
    seen = view.with_values(state_values(state))
    return qualify(context.policy, seen, context.matcher, scores, confirmed=state.confirmed_at is not None)


def _cell(policy: Policy, scores: Scores) -> Cell:
    model = next(model for model in policy.models if model.key == scores.model)
    return model.matrix.cell(scores.grade, scores.heat)


# ------------------------------------------------------------------------------------- 4. the stage that follows
def _advance_stage(
    state: LeadState,
    event: LeadEvent,
    context: PolicyContext,
    scores: Scores,
    verdict: Verdict,
    cell: Cell,
    *,
    facts_changed: bool,
) -> LeadState:
    """The state after exclusions, routes and the cell. A lead that must not move yet notes that they would move it."""
    if state.visitor:
        return state
    if _stays_still(state, event, context):
        would_be = stages.advance(state, verdict, cell, acts=state.acts_after is None)
        return replace(state, awaits_activity=state.awaits_activity or would_be != state)
    state = _wakened(replace(state, awaits_activity=False), event, scores, facts_changed=facts_changed)
    return stages.advance(state, verdict, cell, acts=state.acts_after is None)


def _stays_still(state: LeadState, event: LeadEvent, context: PolicyContext) -> bool:
    """Whether exclusions, cells and routes must not act, because a version became active that does not move leads.

    They act again at the next event. Two events of the engine do not count: a refresh because time passed, and an
    assignment from the queue.
    """
    if event.type == "policy.activated":
        return not context.promotes
    by_itself = event.type == "queue.assigned" or (
        event.type == "score.refreshed" and event.properties.get("cause") == "time"
    )
    return state.awaits_activity and by_itself


def _wakened(state: LeadState, event: LeadEvent, scores: Scores, *, facts_changed: bool) -> LeadState:
    """A lead that was sent back waits for something later: a counted occurrence or a changed fact (R4.6)."""
    since = state.acts_after
    if since is None:
        return state
    something_new = any(line.occurred_at > since for line in scores.ledger)
    return replace(state, acts_after=None) if something_new or (facts_changed and event.occurred_at > since) else state


# ------------------------------------------------------------------------------- 5. and 6. what is left to do
def _at_cells_priority(state: LeadState, before: LeadState, cell: Cell) -> LeadState:
    """A lead that an action just queued gets the priority of its cell."""
    if state.queued is None or state.queued == before.queued:
        return state
    return replace(state, queued=replace(state.queued, priority=cell.priority))


def _may_ask_for_a_person(state: LeadState, event: LeadEvent, context: PolicyContext) -> bool:
    """A lead that must not move needs no person, except when the queue has found one who is free."""
    return event.type == "queue.assigned" or not _stays_still(state, event, context)
