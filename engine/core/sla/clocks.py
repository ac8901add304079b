"""Clocks: what starts them, what meets, cancels or breaches them, and what a breach asks for (R6.1–R6.9).

Pure: running clocks and the lead before and after the event come in, the clocks as they stand afterwards go out. A
breach is an event of its own (``sla.breached``), made from a clock whose due moment passed; once fired it cannot be
met any more. Choices made where the contract is silent:

* an event from before a clock's start does not cancel it either; leaving the stage, another owner and closing do;
* a fired clock runs until its breach is decided, whatever happened meanwhile; then the owner of that moment gets one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from engine.core.calendar.schedules import Due, Timing
from engine.core.lead.model import OPEN_STAGES, LeadEvent
from engine.core.lead.state import LeadState
from rulesets.policy.policy import Action, ClockRule, EventItem

Definitions = Callable[[int, str], ClockRule]
"""The clock's rule by (policy number, key): running clocks keep the version they started under (R6.7)."""

Names = Callable[[Iterable[EventItem]], bool]
"""Whether the event at hand is among those a clock names; of a refused event nothing is true."""


EVENTS = frozenset({"sla.warned", "sla.breached", "sla.held"})
"""The engine's events that tell of a clock."""
STATES = ("running", "met", "breached", "cancelled", "held", "broken")
"""R6.3. The last two are of clocks of ``kind: hold``."""


@dataclass(frozen=True, slots=True)
class SlaClock:
    """One clock of one lead. ``state``: one of `STATES`; ``id`` is None until it is stored.

    ``warnings`` are those still to come: the percent of the window that has passed then, and the moment.
    """

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
    kind: str = "deadline"
    warnings: tuple[tuple[int, datetime], ...] = ()

    @property
    def next_at(self) -> datetime | None:
        """The next moment at which something is due: a warning, else the end of the window; None when it has fired."""
        if not self.running or self.fired:
            return None
        return min((at for _, at in self.warnings), default=self.due_at)

    @property
    def running(self) -> bool:
        """Whether it is neither met nor cancelled and its breach is not decided yet."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class LeadTransition:
    """One decision as clocks see it: the lead before and after, the event and what it is named by."""

    before: LeadState
    after: LeadState
    event: LeadEvent
    names: Names


def keeper(rule: ClockRule, state: LeadState) -> str | None:
    """Whose clock it is: the owner's; a `hold` clock of SDRs is the lead's SDR's while somebody else owns it (R6.4)."""
    return state.sdr if rule.kind == "hold" and rule.role == "sdr" else state.owner


def event_type(kind: str, part: int | None) -> str:
    """The event that tells of a clock: a warning at ``part`` percent, else its end."""
    return "sla.warned" if part is not None else "sla.held" if kind == "hold" else "sla.breached"


def event_id(number: int, kind: str, part: int | None) -> str:
    """The id of that event, the same whoever makes it: a clock fires once."""
    what = event_type(kind, part).removeprefix("sla.")
    return f"clock:{number}:{what}" if part is None else f"clock:{number}:{what}:{part}"


def event_properties(number: int, key: str, owner: str | None, due_at: datetime, part: int | None) -> dict[str, Any]:
    """What that event says."""
    about = {"clock": number, "key": key, "owner": owner, "due_at": due_at.astimezone(UTC).isoformat()}
    return about if part is None else {**about, "percent": part}


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """An event as running clocks see it: what it is named by, and whether its reason justifies it."""

    event: LeadEvent
    names: Names
    justified: bool = False


def observe(
    clocks: Iterable[SlaClock], seen: ClockEvent, rules: Definitions, roles: Mapping[str, str]
) -> tuple[SlaClock, ...]:
    """The clocks after an event: met in time, or noted as late (R6.3); held or broken. ``roles`` are by e-mail."""
    return tuple(
        (_kept if clock.kind == "hold" else _observed)(clock, seen, rules(clock.policy_number, clock.key), roles)
        for clock in clocks
    )


def settle(clocks: Iterable[SlaClock], change: LeadTransition, rules: Definitions) -> tuple[SlaClock, ...]:
    """The clocks after the lead moved: cancelled where their reason to run is gone (R6.4). Fired ones stay."""
    return tuple(
        replace(clock, state="cancelled", ended_at=max(change.event.occurred_at, clock.started_at))
        if clock.running and not clock.fired and _is_over(rules(clock.policy_number, clock.key), clock, change)
        else clock
        for clock in clocks
    )


def cancelled(clocks: Iterable[SlaClock], at: datetime) -> tuple[SlaClock, ...]:
    """The clocks of an erased lead: all ended without a miss, fired ones too (R6.4)."""
    return tuple(
        replace(clock, state="cancelled", ended_at=max(at, clock.started_at)) if clock.running else clock
        for clock in clocks
    )


def start(
    rules: Sequence[ClockRule],
    earlier: Iterable[SlaClock],
    clocks: Iterable[SlaClock],
    change: LeadTransition,
    *,
    may: Callable[[ClockRule], bool],
    due: Due,
    policy_number: int,
    now: datetime,
) -> tuple[SlaClock, ...]:
    """New clocks at ``now``: one per rule whose start just happened, at most one running per key (R6.1).

    ``earlier`` and ``clocks`` are those before the decision and as they stand; one that the decision took from an old
    owner starts again for the new one (R6.4). ``may`` says whether the cell and the rule's `when` allow it, ``due``
    from when to when a clock runs (R6.2).
    """
    if change.event.imported:
        return ()
    standing = tuple(clocks)
    running = {clock.key for clock in standing if clock.running}
    taken = _taken(earlier, standing, change.after, rules)
    return tuple(
        _clock(rule, keeper(rule, change.after), policy_number, due(rule, keeper(rule, change.after), now))
        for rule in rules
        if rule.key not in running
        and _starts(rule, change, again=rule.key in taken or rule.key in change.before.resumes)
        and may(rule)
    )


def resumes(
    rules: Sequence[ClockRule], earlier: Iterable[SlaClock], clocks: Iterable[SlaClock], change: LeadTransition
) -> tuple[str, ...]:
    """Clocks that events started and that ended because the lead lost its owner, or while it had none (R6.4).

    They start again for whoever gets the lead out of the queue, unless what they wait for happens before.
    """
    if change.after.owner is not None or change.after.queued is None:
        return ()
    waiting = {*change.before.resumes, *(clock.key for clock in _lost(earlier, clocks))}
    return tuple(
        rule.key
        for rule in rules
        if rule.starts_on.event is not None
        and rule.key in waiting
        and not change.names((*rule.met_by, *rule.cancelled_by))
    )


def _clock(rule: ClockRule, owner: str | None, policy_number: int, timing: Timing) -> SlaClock:
    return SlaClock(
        rule.key, owner, policy_number, timing.started_at, timing.due_at, kind=rule.kind, warnings=timing.warnings
    )


def breach_actions(rule: ClockRule, breaches: int) -> tuple[Action, ...]:
    """What a breach does: ``then`` replaces ``on_breach`` from that many breaches on this lead (R6.5)."""
    if rule.then and breaches >= rule.then.after_breaches:
        return rule.then.actions
    return rule.on_breach


def _observed(clock: SlaClock, seen: ClockEvent, rule: ClockRule, roles: Mapping[str, str]) -> SlaClock:
    event = seen.event
    counts = event.occurred_at >= clock.started_at and _is_by(rule, clock, event.actor, roles)
    if not counts or not seen.names(rule.met_by):
        return clock
    in_time = event.occurred_at <= clock.due_at
    if clock.running and not clock.fired and in_time:
        return replace(clock, state="met", met_at=event.occurred_at, ended_at=event.occurred_at)
    if clock.state in {"running", "breached"} and clock.met_at is None:
        return replace(clock, met_at=event.occurred_at, met_late=in_time)
    return clock


def _kept(clock: SlaClock, seen: ClockEvent, rule: ClockRule, _roles: Mapping[str, str]) -> SlaClock:
    """A clock that something must outlast: broken, held at once when the deal is won, or ended with good reason."""
    event = seen.event
    if not clock.running or clock.fired or not clock.started_at <= event.occurred_at <= clock.due_at:
        return clock
    if seen.names(rule.broken_by):
        return replace(clock, state="broken", ended_at=event.occurred_at)
    if seen.names(("opportunity.won",)):
        return replace(clock, state="held", ended_at=event.occurred_at)
    if seen.justified and seen.names(("opportunity.withdrawn",)):
        return replace(clock, state="cancelled", ended_at=event.occurred_at)
    return clock


def _is_by(rule: ClockRule, clock: SlaClock, actor: str | None, roles: Mapping[str, str]) -> bool:
    return actor is None or actor == clock.owner or (rule.by == "role" and roles.get(actor) == rule.role)


def _is_over(rule: ClockRule, clock: SlaClock, change: LeadTransition) -> bool:
    after = change.after
    if keeper(rule, after) != clock.owner or after.stage not in OPEN_STAGES or after.cycle != change.before.cycle:
        return True
    if rule.starts_on.stage is not None and after.stage != rule.starts_on.stage:
        return True
    return change.event.occurred_at >= clock.started_at and change.names(rule.cancelled_by)


def _taken(
    earlier: Iterable[SlaClock], standing: Iterable[SlaClock], after: LeadState, rules: Sequence[ClockRule]
) -> frozenset[str]:
    """Keys of the clocks that ran before for somebody else and do not run any more."""
    keepers = {rule.key: keeper(rule, after) for rule in rules}
    return frozenset(
        clock.key for clock in _lost(earlier, standing) if clock.owner != keepers.get(clock.key, after.owner)
    )


def _lost(earlier: Iterable[SlaClock], standing: Iterable[SlaClock]) -> Iterator[SlaClock]:
    """The clocks that ran before this decision and that it ended, but for those that were met; both in one order."""
    for before, now in zip(earlier, standing, strict=False):
        if before.running and now.state in {"cancelled", "breached"}:
            yield before


def _starts(rule: ClockRule, change: LeadTransition, *, again: bool) -> bool:
    """Whether a clock starts now; ``again``: it was taken from somebody who does not own the lead any more."""
    before, after, starts = change.before, change.after, rule.starts_on
    if starts.event is not None:
        return change.names((starts.event,)) or (
            again and _plays(rule.role, after) and not change.names(rule.cancelled_by)
        )
    if after.owner is None:
        return False
    given = again or after.owner != before.owner
    if starts.stage is not None:
        return after.stage == starts.stage and (given or before.stage != after.stage)
    return given and _plays(starts.assigned or "", after)


def _plays(role: str, state: LeadState) -> bool:
    """Whether the lead's owner has it in this role."""
    return state.owner is not None and state.owner == {"sdr": state.sdr, "sales": state.rep}.get(role)
