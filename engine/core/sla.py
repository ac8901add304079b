"""Clocks: what starts them, what meets, cancels or breaches them, and what a breach asks for (POLICY.md §6).

Pure: running clocks and the lead before and after the event come in, the clocks as they stand afterwards go out. A
breach is an event of its own (``sla.breached``), made from a clock whose due moment passed; once fired it cannot be met.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.model import OPEN_STAGES, LeadEvent
from engine.core.state import LeadState
from rulesets.policy import Action, EventMatch, SlaClock

Definitions = Callable[[int, str], SlaClock]
"""The clock's rule by (policy number, key): running clocks keep the version they started under (R6.7)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of one lead. ``state``: running, met, breached or cancelled; ``id`` is None until it is stored."""

    key: str
    owner: str | None
    policy_number: int
    started_at: datetime
    due_at: datetime
    state: str = "running"
    ended_at: datetime | None = None
    met_at: datetime | None = None
    met_late: bool = False
    fired: bool = False
    id: int | None = None

    @property
    def running(self) -> bool:
        """Whether it can still be met, cancelled or breached."""
        return self.state == "running"


def observe(
    clocks: Iterable[Clock], event: LeadEvent, rules: Definitions, roles: Mapping[str, str]
) -> tuple[Clock, ...]:
    """The clocks after a person's event: met in time, or noted as late (R6.3). ``roles`` are of people by e-mail."""
    if event.imported:
        return tuple(clocks)
    return tuple(_observed(clock, event, rules(clock.policy_number, clock.key), roles) for clock in clocks)


def settle(
    clocks: Iterable[Clock], before: LeadState, after: LeadState, event: LeadEvent, rules: Definitions
) -> tuple[Clock, ...]:
    """The clocks after the lead moved: cancelled where their reason to run is gone (R6.4). Fired ones stay for their breach."""
    return tuple(
        replace(clock, state="cancelled", ended_at=event.occurred_at)
        if clock.running
        and not clock.fired
        and _is_over(rules(clock.policy_number, clock.key), clock, before, after, event)
        else clock
        for clock in clocks
    )


def start(
    rules: Sequence[SlaClock],
    clocks: Iterable[Clock],
    before: LeadState,
    after: LeadState,
    event: LeadEvent,
    *,
    allowed: frozenset[str] | None,
    holds: Callable[[SlaClock], bool],
    policy_number: int,
    now: datetime,
) -> tuple[Clock, ...]:
    """New clocks at ``now``: one per rule whose start just happened, at most one running per key (R6.1).

    ``allowed`` are the keys the lead's cell names (None: all), ``holds`` says whether a rule's ``when`` is true.
    """
    if event.imported:
        return ()
    running = {clock.key for clock in clocks if clock.running}
    return tuple(
        Clock(rule.key, after.owner, policy_number, now, now + rule.window.timedelta)
        for rule in rules
        if rule.key not in running
        and (allowed is None or rule.key in allowed)
        and _starts(rule, before, after, event)
        and holds(rule)
    )


def breach(clocks: Iterable[Clock], clock_id: int) -> tuple[Clock | None, tuple[Clock, ...]]:
    """The clock that breaches and all clocks after it; None when it does not run any more."""
    everyone = tuple(clocks)
    late = next((clock for clock in everyone if clock.id == clock_id and clock.running), None)
    if late is None:
        return None, everyone
    breached = replace(late, state="breached", ended_at=late.due_at)
    return breached, tuple(breached if clock is late else clock for clock in everyone)


def breach_actions(rule: SlaClock, breaches: int) -> tuple[Action, ...]:
    """What a breach does: ``then`` replaces ``on_breach`` from that many breaches on this lead (R6.5)."""
    if rule.then and breaches >= rule.then.after_breaches:
        return rule.then.actions
    return rule.on_breach


def _observed(clock: Clock, event: LeadEvent, rule: SlaClock, roles: Mapping[str, str]) -> Clock:
    counts = (
        _names(rule.met_by, event.type)
        and event.occurred_at >= clock.started_at
        and _is_by(rule, clock, event.actor, roles)
    )
    if not counts:
        return clock
    if clock.running and not clock.fired and event.occurred_at <= clock.due_at:
        return replace(clock, state="met", met_at=event.occurred_at, ended_at=event.occurred_at)
    if clock.state in {"running", "breached"} and clock.met_at is None:
        return replace(clock, met_at=event.occurred_at, met_late=event.occurred_at <= clock.due_at)
    return clock


def _is_by(rule: SlaClock, clock: Clock, actor: str | None, roles: Mapping[str, str]) -> bool:
    return actor is None or actor == clock.owner or (rule.by == "role" and roles.get(actor) == rule.role)


def _is_over(rule: SlaClock, clock: Clock, before: LeadState, after: LeadState, event: LeadEvent) -> bool:
    if after.owner != clock.owner or after.stage not in OPEN_STAGES:
        return True
    left = rule.starts_on.stage is not None and before.stage == rule.starts_on.stage != after.stage
    return left or _names(rule.cancelled_by, event.type)


def _starts(rule: SlaClock, before: LeadState, after: LeadState, event: LeadEvent) -> bool:
    starts = rule.starts_on
    new_owner = after.owner is not None and after.owner != before.owner
    if starts.stage is not None:
        return after.stage == starts.stage and after.owner is not None and (before.stage != after.stage or new_owner)
    if starts.assigned is not None:
        return new_owner and after.owner == (after.sdr if starts.assigned == "sdr" else after.rep)
    return event.type == starts.event


def _names(matches: Iterable[str | EventMatch], event_type: str) -> bool:
    return any((match if isinstance(match, str) else match.event) == event_type for match in matches)
