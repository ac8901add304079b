"""The actions of clocks, and the effects of clock events (R6.4, R6.5).

Pure: takes the lead before, returns the lead after and the effects. All actions apply to the owner at the moment of the
event. Choices where the contract says nothing:

* an action that moves the lead is skipped if owner or stage are no longer those of the clock, or if an earlier action
  of the list has moved the lead. Notices and strikes still happen;
* a broken `hold` clock runs `on_breach`; a held one runs `on_held`;
* without an active superior, `escalate` puts the lead into the queue and sends a notice to the managers.
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
"""The queue priority after an action, until the cell's priority replaces it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The cause of actions: a clock, the ``kind`` of notice, and the event."""

    kind: str
    clock: SlaClock
    event: LeadEvent

    @property
    def at(self) -> datetime:
        """When the event happened."""
        return self.event.occurred_at

    @property
    def values(self) -> dict[str, str | int]:
        """The values of notices about the clock."""
        about: dict[str, str | int] = {"clock": self.clock.key, "due_at": self.clock.due_at.isoformat()}
        percent = self.event.properties.get("percent")
        return {**about, "percent": percent} if isinstance(percent, int) else about


@dataclass(frozen=True, slots=True)
class Done:
    """The lead after actions, their effects, and ``taken``: whether the same policy must find another person."""

    state: LeadState
    effects: tuple[Effect, ...] = ()
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """The result of a clock event; ``breached`` is the clock that this event breached."""

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
    """The effect of a warning, a breach or a held clock; none for other events and for clocks that do not run."""
    clock = _told_of(event, clocks)
    if clock is None:
        return Followed(state, clocks)
    rule = rules(clock.policy_number, clock.key)
    if event.type == "sla.warned":
        return _perform(rule.on_warn, state, clocks, rule, Occasion("sla_warned", clock, event), people)
    # At the due time: the clock event may be decided later.
    ended = replace(clock, state="held" if event.type == "sla.held" else "breached", ended_at=clock.due_at)
    clocks = tuple(ended if one is clock else one for one in clocks)
    if event.type == "sla.held":
        return _perform(rule.on_held, state, clocks, rule, Occasion("sla_held", ended, event), people)
    actions = sla.breach_actions(rule, state.breaches.get(clock.key, 0) + 1)
    # Before the actions: a `reassign` must pass over the person who missed (R5.3).
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
    """The actions of `hold` clocks that an event broke, or that it made held at once."""
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
    """Runs actions in order; an action that moves the lead runs only if nothing else has moved it."""
    done, owner = Done(state), occasion.clock.owner
    moves = owner is not None and owner == state.owner and rule.starts_on.stage in {None, state.stage}
    for action in actions:
        if action.do in MOVES and not (moves and (done.state.owner, done.state.stage) == (owner, state.stage)):
            continue
        more = ACTIONS[action.do](done.state, action, occasion, people)
        done = Done(more.state, (*done.effects, *more.effects), done.taken or more.taken)
    # A breach without owner strikes nobody, so the manager must be alerted (R6.4).
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
    """The running clock of a clock event; None if there is none."""
    if event.type not in sla.EVENTS:
        return None
    return next((clock for clock in clocks if clock.id == event.properties.get("clock") and clock.running), None)


def _remember_miss(state: LeadState, clock: SlaClock) -> LeadState:
    """Adds the owner who missed to ``passed_over``; not for a clock of an earlier cycle (R4.6)."""
    if clock.owner is None or not is_of_cycle(clock, state):
        return state
    return replace(state, passed_over=(*state.passed_over, PassedOver(clock.owner, "missed", clock.due_at)))


def is_of_cycle(clock: SlaClock, state: LeadState) -> bool:
    """Whether a clock was due in the lead's current cycle."""
    return state.recycled_at is None or clock.due_at > state.recycled_at


def counted(
    state: LeadState, breached: SlaClock | None, clocks: Iterable[SlaClock], earlier: Iterable[SlaClock]
) -> LeadState:
    """The state with its breaches by clock key: plus 1 for a breach, 0 for a clock that was just met (R6.5)."""
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
"""Actions that change the owner or the stage of the lead."""


def _taken(state: LeadState, occasion: Occasion) -> LeadState:
    """The lead without owner; the owner is stored as a former owner because of this clock."""
    clock = occasion.clock
    left = replace(state, owner=None, queued=None)
    return with_former_owner(left, clock.owner or "", clock.key, clock.due_at)


def _notice(occasion: Occasion, to: str, kind: str | None = None) -> Notice:
    kind = kind or occasion.kind
    return Notice(kind, to, occasion.clock.owner, f"{occasion.event.id}:{kind}:{to}", occasion.values)
