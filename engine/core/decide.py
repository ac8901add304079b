"""One event, one decision: from an event and everything known to what happens (docs/contract/design.md §3).

Two steps, because who gets a lead is settled under a lock that is taken last: `decide` does everything that needs no
people; when its outcome has a `need`, the caller runs `engine.core.assignment` and hands the choice to `complete`.
Live, simulated and replayed decisions run this code; only the moment and the store differ.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.core import sla, stages
from engine.core.actions import Followed, counted, follow, settle_holds
from engine.core.assignment import Choice, queued
from engine.core.consequences import consequences, met
from engine.core.effects import Effect
from engine.core.matching import Matcher
from engine.core.model import BEFORE_MQL, LeadEvent, Scores, Stage, Verdict
from engine.core.people import People
from engine.core.pool import extended, handed_over, into_pool, reclaimed
from engine.core.qualification import qualify
from engine.core.schedules import Due
from engine.core.scoring import score, score_values
from engine.core.sla import Change, Clock, Definitions, Names, Seen
from engine.core.state import LeadState
from engine.core.view import LeadView
from rulesets.interpreter import holds as condition_holds
from rulesets.moments import ACTION
from rulesets.policy import Action, AssignmentPolicy, Cell, EventItem, EventMatch, Policy, SlaClock

GIVEN = frozenset({"lead.assigned", "lead.dispatched"})
"""Events by which somebody gives a lead to somebody."""

ROLE_OF_STAGE = {Stage.READY: "sdr", Stage.MQL: "sales"}
"""Whose turn it is in the stages in which a lead waits for somebody."""

WITH_SALES = frozenset({Stage.MQL, Stage.SQL, Stage.OPPORTUNITY})


@dataclass(frozen=True, slots=True)
class Situation:
    """The lead when the event is decided. ``view`` holds its facts and its history, this event included (R1.9).

    ``account`` are the views of its account's open leads, where models score accounts (R3.7).
    """

    state: LeadState
    clocks: tuple[Clock, ...]
    view: LeadView
    facts_changed: bool
    account: Sequence[LeadView] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """The policy in force with what evaluates it; ``clock_rules`` finds the rules of clocks of older versions.

    ``promotes``: leads that qualify by the very activation of this version are acted upon (docs/contract/design.md §4).
    """

    number: int
    policy: Policy
    matcher: Matcher
    clock_rules: Definitions
    promotes: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """A person is to be found: of this role, by this policy alone if ``named``, else waiting at this priority.

    ``to``: somebody named who it is; the policy that would have applied counts it as their turn (R5.8).
    """

    role: str
    named: str | None
    priority: int
    to: str | None = None


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
    effects: tuple[Effect, ...] = ()


def decide(situation: Situation, event: LeadEvent, book: Book, people: People) -> Outcome:
    """Everything about one event that needs no choice of a person.

    1. what the event itself does: work of people, a breach of a clock; 2. scores; 3. exclusions, flags, routes;
    4. the stage that follows; 5. clocks met by it; 6. whether somebody is to be found.
    """
    before = situation.state
    entered = stages.enter(before)
    moved = stages.move(entered, event, book.policy, people)
    refusal, state = (moved, entered) if isinstance(moved, stages.Refusal) else (None, moved)
    if refusal is None:
        state = _given_back(state, before, event, people)
    followed = _follow(event, state, situation.clocks, book, people)
    state = followed.state
    scores = score(book.policy, situation.view, book.matcher, situation.account)
    seen = situation.view.with_values(state_values(state))
    verdict = qualify(book.policy, seen, book.matcher, scores, confirmed=state.confirmed_at is not None)
    cell = _cell(book.policy, scores)
    still = _stays_still(state, event, book)
    if not still:
        state = _wakened(replace(state, rests=False), event, scores, facts_changed=situation.facts_changed)
    after = stages.advance(state, verdict, cell, acts=state.acts_after is None)
    if still:
        after = replace(state, rests=state.rests or after != state)
    names = _naming(event, situation.view, book.policy, refused=refusal is not None)
    witness = Seen(event, names, justified=_justified(event, book.policy))
    clocks = sla.observe(followed.clocks, witness, book.clock_rules, people.roles)
    held = settle_holds(followed.clocks, clocks, after, event, book.clock_rules, people)
    after = _as_urgent(held.state, before, cell)
    taken = followed.taken or held.taken
    asks = refusal is None and (not still or event.type == "queue.assigned")
    return Outcome(
        before=before,
        after=after,
        scores=scores,
        verdict=verdict,
        cell=cell,
        clocks=clocks,
        clocks_before=situation.clocks,
        refusal=refusal,
        need=_need(before, after, event, cell, people, taken_away=taken) if asks else None,
        breached=followed.breached,
        actions=followed.actions,
        effects=() if event.imported else (*followed.effects, *held.effects, *met(clocks, situation.clocks)),
    )


def complete(
    outcome: Outcome,
    choice: Choice | None,
    situation: Situation,
    event: LeadEvent,
    book: Book,
    now: datetime,
    *,
    due: Due,
) -> Outcome:
    """The outcome with its person, its place in the queue or the pool, and the clocks that start and end with that.

    ``due`` says from when to when a clock runs that starts now.
    """
    after = outcome.after if choice is None else _placed(outcome.after, choice, outcome.need, now)
    after = counted(after, outcome.breached, outcome.clocks, outcome.clocks_before)
    after = handed_over(outcome.before, after, event, book.policy, now)
    if outcome.refusal is None:
        after = extended(after, situation.view.vocabulary.event_key(event.type), event)
    names = _naming(event, situation.view, book.policy, refused=outcome.refusal is not None)
    change = Change(outcome.before, after, event, names)
    clocks = sla.settle(outcome.clocks, change, book.clock_rules)
    holds, allowed = action_holds(outcome, after, situation.view, book), outcome.cell.sla
    started = sla.start(
        book.policy.sla,
        outcome.clocks_before,
        clocks,
        change,
        may=lambda rule: (allowed is None or rule.key in allowed) and holds(rule),
        due=due,
        policy_number=book.number,
        now=now,
    )
    after = replace(after, resumes=sla.resumes(book.policy.sla, outcome.clocks_before, (*clocks, *started), change))
    whole = replace(outcome, after=after, choice=choice, clocks=(*clocks, *started))
    return replace(whole, effects=consequences(whole, event, book.policy))


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


def _follow(event: LeadEvent, state: LeadState, clocks: tuple[Clock, ...], book: Book, people: People) -> Followed:
    """What the engine's own events do: clocks that warn, breach or held; the pool; a person who left the roster."""
    followed = follow(event, state, clocks, book.clock_rules, people)
    state, effects = reclaimed(followed.state, event, book.policy)
    parted = _left_by(state, event, people)
    taken = followed.taken or parted is not state
    return replace(followed, state=parted, effects=(*followed.effects, *effects), taken=taken)


def _left_by(state: LeadState, event: LeadEvent, people: People) -> LeadState:
    """A lead whose owner left, changed roles or is away: for the manager, if the editor wants that, else nobody's."""
    person = event.properties.get("person")
    if event.type != "roster.changed" or state.owner is None or state.owner != person:
        return state
    superior = people.superiors.get(state.owner) if event.properties.get("give") == "manager" else None
    given = superior if superior in people.active and superior != person else None
    state = replace(state, owner=given, assigned_by=None, queued=None)
    return state if given is None else _in_hands_of(state, given)


def _in_hands_of(state: LeadState, person: str) -> LeadState:
    """The owner in the role in which the lead's stage needs somebody."""
    return replace(state, rep=person) if state.stage in WITH_SALES else replace(state, sdr=person)


def _as_urgent(state: LeadState, before: LeadState, cell: Cell) -> LeadState:
    """A lead that an action has just queued waits at its cell's priority."""
    if state.queued is None or state.queued == before.queued:
        return state
    return replace(state, queued=replace(state.queued, priority=cell.priority))


def _cell(policy: Policy, scores: Scores) -> Cell:
    model = next(model for model in policy.models if model.key == scores.model)
    return model.matrix.cell(scores.grade, scores.heat)


def _stays_still(state: LeadState, event: LeadEvent, book: Book) -> bool:
    """Whether exclusions, cells and routes must not act: a version became active that leaves leads where they are.

    They act again at the next thing that happens; a day that passes or a free person of the queue is no such thing.
    """
    if event.type == "policy.activated":
        return not book.promotes
    by_itself = event.type == "queue.assigned" or (
        event.type == "score.refreshed" and event.properties.get("cause") == "time"
    )
    return state.rests and by_itself


def _wakened(state: LeadState, event: LeadEvent, scores: Scores, *, facts_changed: bool) -> LeadState:
    """A lead sent back waits for something new: an occurrence that counts or a changed fact, later than that (R4.6)."""
    since = state.acts_after
    if since is None:
        return state
    something_new = any(line.occurred_at > since for line in scores.ledger)
    return replace(state, acts_after=None) if something_new or (facts_changed and event.occurred_at > since) else state


def _given_back(state: LeadState, before: LeadState, event: LeadEvent, people: People) -> LeadState:
    """A lead that was sent back goes to its own SDR if that one is active, but not to whoever just let it go (R4.7)."""
    sent_back = event.type in {"lead.rejected", "lead.released"} and state.stage is Stage.READY
    if not sent_back or state.pool_since is not None or not stages.assigns(event) or state.sdr == before.owner:
        return state
    if state.sdr in people.active and people.roles.get(state.sdr) == "sdr":
        return replace(state, owner=state.sdr, assigned_by=None)
    return state


# ------------------------------------------------------------------------------------------------ clocks
def _naming(event: LeadEvent, view: LeadView, policy: Policy, *, refused: bool) -> Names:
    """Whether the event is among those a clock names: by its key, its condition, its reason (R6.1–R6.9)."""
    key = view.vocabulary.event_key(event.type)
    at_event = view.at_event(event.properties)

    def fits(item: EventItem) -> bool:
        if not isinstance(item, EventMatch):
            return item == key
        return (
            item.event == key and _holds(item, at_event) and not (item.unless_justified and _justified(event, policy))
        )

    def names(items: Iterable[EventItem]) -> bool:
        return not refused and any(fits(item) for item in items)

    return names


def _holds(item: EventMatch, view: LeadView) -> bool:
    """Whether the item's condition holds; one of an older policy that reads what there is no more does not."""
    try:
        return item.when is None or condition_holds(item.when, view)
    except KeyError:
        return False


def _justified(event: LeadEvent, policy: Policy) -> bool:
    """Whether the reason an event gives is one that justifies it."""
    rule = stages.WORK.get(event.type)
    reasons = getattr(policy.reasons, rule.reasons) if rule and rule.reasons else ()
    return any(reason.justified and reason.key == event.properties.get("reason") for reason in reasons)


# ------------------------------------------------------------------------------------------------ who gets it
def _need(
    before: LeadState, after: LeadState, event: LeadEvent, cell: Cell, people: People, *, taken_away: bool
) -> Need | None:
    """Whether somebody is to be found for the lead now; one that waits in the queue or the pool is left there."""
    if event.type in GIVEN:
        return _named(after, event, cell, people)
    role = _role_to_find(after, taken_away=taken_away)
    if role is None or after.owner is not None or after.pool_since is not None or not stages.assigns(event):
        return None
    waits = after.queued is not None and after.queued.role == role and before.stage == after.stage
    if waits and event.type != "queue.assigned":
        return None
    return Need(role, after.assigned_by if taken_away else cell.assignment, cell.priority)


def _named(state: LeadState, event: LeadEvent, cell: Cell, people: People) -> Need | None:
    """Somebody named gets the lead, in their own role if that takes leads, else in the one whose turn it is."""
    to = stages.named(event)
    if to is None or not stages.assigns(event):
        return None
    role = people.roles.get(to)
    if role not in {"sdr", "sales"}:
        role = "sales" if state.stage in WITH_SALES else "sdr"
    return Need(role, state.assigned_by if event.type == "lead.dispatched" else cell.assignment, cell.priority, to)


def _role_to_find(state: LeadState, *, taken_away: bool) -> str | None:
    """Whose turn it is by stage; accepted leads and opportunities that are taken from somebody stay with sales."""
    role = ROLE_OF_STAGE.get(state.stage) if state.stage else None
    if role is None and state.stage in WITH_SALES and (taken_away or state.queued is not None):
        return "sales"
    return role


def _placed(state: LeadState, choice: Choice, need: Need | None, now: datetime) -> LeadState:
    """The lead in the hands of the chosen person, else in the queue or the public pool."""
    state = replace(state, conflict=choice.conflict)
    if choice.person is None:
        if choice.otherwise == "pool":
            return into_pool(state, now, choice.policy or "nobody")
        return replace(state, owner=None, queued=queued(choice, state, now, need.priority if need else 3))
    owned = replace(state, owner=choice.person, queued=None, pool_since=None, pool_reason=None)
    owned = replace(owned, assigned_by=choice.policy, turnless=not choice.was_a_turn)
    return replace(owned, sdr=choice.person) if choice.role == "sdr" else replace(owned, rep=choice.person)


def is_before_mql(state: LeadState) -> bool:
    """Whether the lead may still become an MQL, so that what is missing is worth showing (R4.4)."""
    return state.stage in BEFORE_MQL
