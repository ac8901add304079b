"""What clocks do: their actions one after another, and the events that tell of a clock (R6.4, R6.5).

Pure: the lead before comes in, the lead after and the effects come out. All actions concern the owner at the moment of
the event. Choices made where the contract is silent:

* an action that moves the lead moves nothing once its owner or stage is another than the clock's, or once an earlier
  action of the list has moved it; who is told and who is struck stays the same;
* a broken `hold` clock does what its `on_breach` says; a held one does `on_held`;
* who has nobody above them cannot escalate: the lead waits in the queue and the managers are told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.assignment.pool import into_pool, with_former_owner
from engine.core.lead.model import LeadEvent, Stage
from engine.core.lead.people import People
from engine.core.lead.state import LeadState, PassedOver, Queued
from engine.core.notify.effects import Effect, Notice, Record, Strike, Tag
from engine.core.sla import clocks as sla
from engine.core.sla.clocks import Definitions, SlaClock
from rulesets.policy.policy import Action, ClockRule

WITH_SALES = frozenset({Stage.MQL, Stage.SQL, Stage.OPPORTUNITY})
WAITING_PRIORITY = 3
"""Where a lead waits that an action queued, until its cell says otherwise."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the actions are about: a clock, the ``kind`` of notice and the event."""

    kind: str
    clock: SlaClock
    event: LeadEvent

    @property
    def at(self) -> datetime:
        """When what is told of happened."""
        return self.event.occurred_at

    @property
    def values(self) -> dict[str, str | int]:
        """What notices say of the clock."""
        about: dict[str, str | int] = {"clock": self.clock.key, "due_at": self.clock.due_at.isoformat()}
        percent = self.event.properties.get("percent")
        return {**about, "percent": percent} if isinstance(percent, int) else about


@dataclass(frozen=True, slots=True)
class Done:
    """The lead after actions, what else they do, and whether somebody else is to be found by the same policy."""

    state: LeadState
    effects: tuple[Effect, ...] = ()
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """What an event that tells of a clock led to; ``breached`` is the clock that breached just now."""

    state: LeadState
    clocks: tuple[SlaClock, ...]
    effects: tuple[Effect, ...] = ()
    actions: tuple[Action, ...] = ()
    taken: bool = False
    breached: SlaClock | None = None


Perform = Callable[[LeadState, Action, Occasion, People], Done]


def follow(
    event: LeadEvent,
    state: LeadState,
    clocks: tuple[SlaClock, ...],
    rules: Definitions,
    people: People,
) -> Followed:
    """What a warning, a breach or a held clock does; nothing for other events and for clocks that do not run."""
    clock = _told_of(event, clocks)
    if clock is None:
        return Followed(state, clocks)
    rule = rules(clock.policy_number, clock.key)
    if event.type == "sla.warned":
        return _perform(rule.on_warn, state, clocks, rule, Occasion("sla_warned", clock, event), people)
    ended = replace(clock, state="held" if event.type == "sla.held" else "breached", ended_at=clock.due_at)
    clocks = tuple(ended if one is clock else one for one in clocks)
    if event.type == "sla.held":
        return _perform(rule.on_held, state, clocks, rule, Occasion("sla_held", ended, event), people)
    actions = sla.breach_actions(rule, state.breaches.get(clock.key, 0) + 1)
    missed = _remember_miss(state, ended)
    followed = _perform(actions, missed, clocks, rule, Occasion("sla_breached", ended, event), people)
    record = (Record("missed", clock.owner, clock.due_at, clock.key),) if clock.owner else ()
    return replace(followed, breached=ended, effects=(*record, *followed.effects))


def settle_holds(
    before: Iterable[SlaClock],
    after: Iterable[SlaClock],
    state: LeadState,
    event: LeadEvent,
    rules: Definitions,
    people: People,
) -> Done:
    """What follows from clocks of `kind: hold` that an event broke, or made held at once."""
    earlier, done = set(before), Done(state)
    for clock in after:
        if clock in earlier or clock.state not in {"broken", "held"}:
            continue
        rule = rules(clock.policy_number, clock.key)
        actions, kind = (rule.on_held, "sla_held") if clock.state == "held" else (rule.on_breach, "sla_broken")
        more = perform(actions, done.state, rule, Occasion(kind, clock, event), people)
        done = Done(more.state, (*done.effects, *more.effects), done.taken or more.taken)
    return done


def perform(actions: Iterable[Action], state: LeadState, rule: ClockRule, occasion: Occasion, people: People) -> Done:
    """The actions in their order; those that move the lead only while it is still as the clock left it."""
    done, owner = Done(state), occasion.clock.owner
    moves = owner is not None and owner == state.owner and rule.starts_on.stage in {None, state.stage}
    for action in actions:
        if action.do in MOVES and not (moves and (done.state.owner, done.state.stage) == (owner, state.stage)):
            continue
        more = ACTIONS[action.do](done.state, action, occasion, people)
        done = Done(more.state, (*done.effects, *more.effects), done.taken or more.taken)
    if owner is None and occasion.kind == "sla_breached":
        done = replace(done, effects=(*done.effects, _notice(occasion, "manager")))
    return done


def _perform(
    actions: tuple[Action, ...],
    state: LeadState,
    clocks: tuple[SlaClock, ...],
    rule: ClockRule,
    occasion: Occasion,
    people: People,
) -> Followed:
    done = perform(actions, state, rule, occasion, people)
    return Followed(done.state, clocks, done.effects, actions, done.taken)


def _told_of(event: LeadEvent, clocks: Iterable[SlaClock]) -> SlaClock | None:
    """The running clock that an event tells of."""
    if event.type not in sla.EVENTS:
        return None
    return next((clock for clock in clocks if clock.id == event.properties.get("clock") and clock.running), None)


def _remember_miss(state: LeadState, clock: SlaClock) -> LeadState:
    """The one who missed is not asked again for this lead; what was due before it was recycled is forgotten (R4.6)."""
    if clock.owner is None or not is_of_cycle(clock, state):
        return state
    return replace(state, passed_over=(*state.passed_over, PassedOver(clock.owner, "missed", clock.due_at)))


def is_of_cycle(clock: SlaClock, state: LeadState) -> bool:
    """Whether a clock belongs to the lead's present cycle."""
    return state.recycled_at is None or clock.due_at > state.recycled_at


def counted(
    state: LeadState, breached: SlaClock | None, clocks: Iterable[SlaClock], earlier: Iterable[SlaClock]
) -> LeadState:
    """The state with its breaches by clock key: one more for a breach, none again for a clock met just now (R6.5)."""
    counts = dict(state.breaches)
    if breached is not None and is_of_cycle(breached, state):
        counts[breached.key] = counts.get(breached.key, 0) + 1
    for clock in set(clocks) - set(earlier):
        if clock.state == "met":
            counts.pop(clock.key, None)
    return replace(state, breaches=counts)


# ------------------------------------------------------------------------------------------------ one by one
def _notify(state: LeadState, action: Action, occasion: Occasion, _people: People) -> Done:
    return Done(state, (_notice(occasion, action.to or "owner"),))


def _strike(state: LeadState, _action: Action, occasion: Occasion, _people: People) -> Done:
    clock = occasion.clock
    return Done(state, (Strike(clock.owner, clock.key, clock.due_at),) if clock.owner else ())


def _reassign(state: LeadState, _action: Action, occasion: Occasion, _people: People) -> Done:
    return Done(_taken(state, occasion), taken=True)


def _escalate(state: LeadState, action: Action, occasion: Occasion, people: People) -> Done:
    superior = people.superiors.get(state.owner or "")
    if superior is None or superior not in people.active:
        queued = _queue(state, action, occasion, people)
        return replace(queued, effects=(_notice(occasion, "manager", "queued"),))
    given = replace(_taken(state, occasion), owner=superior, assigned_by=None)
    given = replace(given, rep=superior) if state.stage in WITH_SALES else replace(given, sdr=superior)
    return Done(given, (_notice(occasion, superior, "escalated"),))


def _pool(state: LeadState, _action: Action, occasion: Occasion, _people: People) -> Done:
    return Done(into_pool(_taken(state, occasion), occasion.at, occasion.clock.key))


def _queue(state: LeadState, _action: Action, occasion: Occasion, _people: People) -> Done:
    role = "sales" if state.stage in WITH_SALES else "sdr"
    return Done(replace(_taken(state, occasion), queued=Queued(role, occasion.at, WAITING_PRIORITY)))


def _recycle(state: LeadState, action: Action, occasion: Occasion, _people: People) -> Done:
    cycle = _taken(state, occasion).new_cycle(occasion.at)
    return Done(replace(cycle, release_reason=action.reason) if action.reason else cycle)


def _disqualify(state: LeadState, _action: Action, _occasion: Occasion, _people: People) -> Done:
    return Done(replace(state, stage=Stage.DISQUALIFIED, disqualified_by="clock", queued=None))


def _tag(state: LeadState, action: Action, _occasion: Occasion, _people: People) -> Done:
    return Done(state, (Tag(action.tag),) if action.tag else ())


def _credit(state: LeadState, action: Action, occasion: Occasion, people: People) -> Done:
    by_word = {"owner": state.owner, "sdr": state.sdr, "manager": people.superiors.get(state.owner or "")}
    person = action.to if action.to and "@" in action.to else by_word.get(action.to or "")
    return Done(state, (Record("credit", person, occasion.at, occasion.clock.key),) if person else ())


ACTIONS: Mapping[str, Perform] = {
    "notify": _notify,
    "strike": _strike,
    "reassign": _reassign,
    "escalate": _escalate,
    "pool": _pool,
    "queue": _queue,
    "recycle": _recycle,
    "tag": _tag,
    "disqualify": _disqualify,
    "credit": _credit,
}
"""Every action of R6.5."""
MOVES = frozenset({"reassign", "escalate", "pool", "queue", "recycle", "disqualify"})
"""Those that take the lead from its owner or out of its stage."""


def _taken(state: LeadState, occasion: Occasion) -> LeadState:
    """The lead without its owner, who lost it by this clock."""
    clock = occasion.clock
    left = replace(state, owner=None, queued=None)
    return with_former_owner(left, clock.owner or "", clock.key, clock.due_at)


def _notice(occasion: Occasion, to: str, kind: str | None = None) -> Notice:
    kind = kind or occasion.kind
    return Notice(kind, to, occasion.clock.owner, f"{occasion.event.id}:{kind}:{to}", occasion.values)
