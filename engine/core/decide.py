"""One event, one decision: from an event and all that is known of its lead to what happens to the lead.

Two functions, because the person who gets a lead is chosen under a lock that is taken last: `decide` does everything
that needs no choice of a person; when its outcome has a ``need``, the caller runs `engine.core.assignment.assignment`
and gives the choice to `complete`. Live, simulated and replayed decisions run this code; only the moment and the store
differ.
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


def decide(situation: Situation, event: LeadEvent, context: PolicyContext, people: People) -> Outcome:
    """Everything about one event that needs no choice of a person.

    1. what the event itself does: people's work, a clock that fires, an edit of the roster; 2. scores; 3. exclusions,
    red flags, routes; 4. the stage that follows; 5. the clocks that it meets or breaks; 6. whether a person is needed.
    """
    before, clocks_before = situation.state, situation.clocks
    applied, refusal = _apply_event(situation, event, context, people)
    scores = score(context.policy, situation.view, context.matcher, situation.account)
    verdict = _qualify(applied.state, situation.view, context, scores)
    cell = _cell(context.policy, scores)
    advanced = _advance_stage(
        applied.state, event, context, scores, verdict, cell, facts_changed=situation.facts_changed
    )
    seen = clock_event(event, situation.view, context.policy, refused=refusal is not None)
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
    """The outcome with its person, its place in the queue or the pool, and the clocks that start and end with that.

    ``due`` says from when to when a clock runs that starts now.
    """
    after = outcome.after if choice is None else placed(outcome.after, choice, outcome.need, now)
    after = counted(after, outcome.breached, outcome.clocks, outcome.clocks_before)
    after = handed_over(outcome.before, after, event, context.policy, now)
    if outcome.refusal is None:
        after = extended(after, situation.view.vocabulary.event_key(event.type), event)
    names = event_names(event, situation.view, context.policy, refused=outcome.refusal is not None)
    change = LeadTransition(outcome.before, after, event, names)
    clocks = sla.settle(outcome.clocks, change, context.clock_rules)
    holds, allowed = action_holds(outcome, after, situation.view, context), outcome.cell.sla
    started = sla.start(
        context.policy.sla,
        outcome.clocks_before,
        clocks,
        change,
        may=lambda rule: (allowed is None or rule.key in allowed) and holds(rule),
        due=due,
        policy_number=context.number,
        now=now,
    )
    after = replace(after, resumes=sla.resumes(context.policy.sla, outcome.clocks_before, (*clocks, *started), change))
    whole = replace(outcome, after=after, choice=choice, clocks=(*clocks, *started))
    return replace(whole, effects=consequences(whole, event, context.policy))


def action_holds(
    outcome: Outcome, state: LeadState, view: LeadView, context: PolicyContext
) -> Callable[[AssignmentPolicy | ClockRule], bool]:
    """Whether the ``when`` of an assignment policy or a clock holds; asks the matcher once, at the first question."""
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


def is_before_mql(state: LeadState) -> bool:
    """Whether the lead may still become an MQL, so that what is missing is worth showing (R4.4)."""
    return state.stage in BEFORE_MQL


# ------------------------------------------------------------------------------------- 1. what the event itself does
def _apply_event(
    situation: Situation, event: LeadEvent, context: PolicyContext, people: People
) -> tuple[Followed, Refusal | None]:
    """The lead after people's work, or the refusal of it; then what the engine's own events do to it."""
    entered = stages.enter(situation.state, event)
    moved = stages.move(entered, event, context.policy, people)
    if isinstance(moved, Refusal):
        return _follow(event, entered, situation.clocks, context, people), moved
    state = _given_back(moved, situation.state, event, people)
    return _follow(event, state, situation.clocks, context, people), None


def _given_back(state: LeadState, before: LeadState, event: LeadEvent, people: People) -> LeadState:
    """A lead that was sent back goes to its own SDR if that one is active, but not to whoever just let it go (R4.7)."""
    sent_back = event.type in {"lead.rejected", "lead.released"} and state.stage is Stage.READY
    if not sent_back or state.pool_since is not None or not stages.assigns(event) or state.sdr == before.owner:
        return state
    if state.sdr in people.active and people.roles.get(state.sdr) == "sdr":
        return replace(state, owner=state.sdr, assigned_by=None)
    return state


def _follow(
    event: LeadEvent, state: LeadState, clocks: tuple[SlaClock, ...], context: PolicyContext, people: People
) -> Followed:
    """What the engine's own events do: clocks that warn, breach or held; the pool; a person who left the roster."""
    followed = follow(event, state, clocks, context.clock_rules, people)
    kept, effects = reclaimed(followed.state, event, context.policy)
    left = _left_by(kept, event, people)
    taken = followed.taken or left is not kept
    return replace(followed, state=left, effects=(*followed.effects, *effects), taken=taken)


def _left_by(state: LeadState, event: LeadEvent, people: People) -> LeadState:
    """A lead whose owner left, changed roles or is away: for the manager, if the editor wants that, else nobody's."""
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
    """The state after exclusions, routes and the cell. A lead that stays still notes that they had something to do."""
    if state.visitor:
        return state
    if _stays_still(state, event, context):
        would_be = stages.advance(state, verdict, cell, acts=state.acts_after is None)
        return replace(state, awaits_activity=state.awaits_activity or would_be != state)
    state = _wakened(replace(state, awaits_activity=False), event, scores, facts_changed=facts_changed)
    return stages.advance(state, verdict, cell, acts=state.acts_after is None)


def _stays_still(state: LeadState, event: LeadEvent, context: PolicyContext) -> bool:
    """Whether exclusions, cells and routes must not act: a version became active that leaves leads where they are.

    They act again at the next thing that happens; a day that passes or a free person of the queue is no such thing.
    """
    if event.type == "policy.activated":
        return not context.promotes
    by_itself = event.type == "queue.assigned" or (
        event.type == "score.refreshed" and event.properties.get("cause") == "time"
    )
    return state.awaits_activity and by_itself


def _wakened(state: LeadState, event: LeadEvent, scores: Scores, *, facts_changed: bool) -> LeadState:
    """A lead sent back waits for something new: an occurrence that counts or a changed fact, later than that (R4.6)."""
    since = state.acts_after
    if since is None:
        return state
    something_new = any(line.occurred_at > since for line in scores.ledger)
    return replace(state, acts_after=None) if something_new or (facts_changed and event.occurred_at > since) else state


# ------------------------------------------------------------------------------- 5. and 6. what is left to do
def _at_cells_priority(state: LeadState, before: LeadState, cell: Cell) -> LeadState:
    """A lead that an action has just queued waits at its cell's priority."""
    if state.queued is None or state.queued == before.queued:
        return state
    return replace(state, queued=replace(state.queued, priority=cell.priority))


def _may_ask_for_a_person(state: LeadState, event: LeadEvent, context: PolicyContext) -> bool:
    """A lead that stays still asks for nobody, unless the queue has somebody free for it."""
    return event.type == "queue.assigned" or not _stays_still(state, event, context)
