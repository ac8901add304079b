"""What follows from a breach of a clock: who missed, what is asked for, who loses the lead (POLICY.md R6.4, R6.5).

Pure. Of the actions only `reassign` changes the lead here; all of them are recorded with the decision, in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.core import sla
from engine.core.model import LeadEvent
from engine.core.sla import Clock, Definitions
from engine.core.state import LeadState, PassedOver
from rulesets.policy import Action


@dataclass(frozen=True, slots=True)
class Breach:
    """A clock that breached, the actions this asks for, and whether they take the lead from its owner."""

    clock: Clock
    actions: tuple[Action, ...]
    takes_away: bool


def read_breach(
    event: LeadEvent, state: LeadState, clocks: tuple[Clock, ...], rules: Definitions
) -> tuple[Breach | None, tuple[Clock, ...]]:
    """The breach an event tells of and the clocks after it; None for other events and for clocks that do not run."""
    if event.type != "sla.breached":
        return None, clocks
    late, clocks = sla.breach(clocks, int(event.properties["clock"]))
    if late is None:
        return None, clocks
    rule = rules(late.policy_number, late.key)
    actions = sla.breach_actions(rule, state.breaches.get(late.key, 0) + 1)
    stays = late.owner is None or late.owner != state.owner or rule.starts_on.stage not in {None, state.stage}
    return Breach(late, actions, not stays and any(action.do == "reassign" for action in actions)), clocks


def after_breach(state: LeadState, breach: Breach | None) -> LeadState:
    """The one who missed is remembered, the lead taken away; an owner who took it further in the meantime keeps it."""
    if breach is None or breach.clock.owner is None or not _is_of_cycle(breach.clock, state):
        return state
    missed = PassedOver(breach.clock.owner, "missed", breach.clock.due_at)
    owner = None if breach.takes_away else state.owner
    return replace(state, passed_over=(*state.passed_over, missed), owner=owner)


def counted(state: LeadState, breached: Clock | None, clocks: Iterable[Clock], earlier: Iterable[Clock]) -> LeadState:
    """The state with its breaches by clock key: one more for a breach, none again for a clock met just now (R6.5)."""
    counts = dict(state.breaches)
    if breached is not None and _is_of_cycle(breached, state):
        counts[breached.key] = counts.get(breached.key, 0) + 1
    for clock in set(clocks) - set(earlier):
        if clock.state == "met":
            counts.pop(clock.key, None)
    return replace(state, breaches=counts)


def _is_of_cycle(clock: Clock, state: LeadState) -> bool:
    """Whether a breach belongs to this cycle; one that was due before the lead was recycled is forgotten (R4.6)."""
    return state.recycled_at is None or clock.due_at > state.recycled_at
