"""What a whole decision means for people: who is told, whose record grows, who gets a turn back (R4.7, R6.5, R6.6).

Pure, and the last step of a decision: it reads what happened and changes nothing. What clocks and the pool do by
themselves they say themselves (`engine.core.sla.actions`, `engine.core.assignment.pool`). Choices made where the
contract is silent:

* imported events tell nobody and count for nobody;
* people are not told of what they did themselves; managers hear of an empty rotation once an hour and policy.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from engine.core.lead.model import LeadEvent
from engine.core.notify.effects import Compensation, Effect, Notice, Record, Reset
from engine.core.outcome import Outcome
from engine.core.sla.clocks import SlaClock
from rulesets.policy.policy import Policy

RECORDED = {
    "lead.accepted": "accepted",
    "lead.rejected": "rejected",
    "lead.released": "released",
    "lead.claimed": "claimed",
}
"""Work that counts in somebody's record."""
SENT_BACK = frozenset({"lead.rejected", "lead.released"})
TAKEN_BY = frozenset({"sla.warned", "sla.breached", "sla.held", "roster.changed", "lead.assigned", *SENT_BACK})
"""Events by which an owner may lose a lead without doing it themselves; the pool tells of its own."""
SUSPENSIONS = {"suspension.started": "suspended", "suspension.ended": "suspension_ended"}


def consequences(outcome: Outcome, event: LeadEvent, policy: Policy) -> tuple[Effect, ...]:
    """All effects of a decision, those of clocks and pool first; ``outcome`` is complete."""
    if event.imported:
        return ()
    return (
        *outcome.effects,
        *(() if outcome.refusal else _worked(outcome, event, policy)),
        *_changed_hands(outcome, event),
        *_waits(outcome, event),
        *_suspended(event),
    )


def met(clocks: Iterable[SlaClock], before: Iterable[SlaClock]) -> tuple[Effect, ...]:
    """Clocks met in time by whom they ran for: in their record, and their misses in a row begin anew (R6.6)."""
    earlier = set(before)
    mine = [clock for clock in clocks if clock.state == "met" and clock not in earlier and clock.owner]
    return tuple(
        effect
        for clock in mine
        for effect in (
            Record("met", clock.owner or "", clock.met_at or clock.due_at, clock.key),
            Reset(clock.owner or "", clock.key),
        )
    )


def _worked(outcome: Outcome, event: LeadEvent, policy: Policy) -> Iterator[Effect]:
    """The work of a person: in their record; a rejection for the right reason gives the turn back (R4.7)."""
    before, kind = outcome.before, RECORDED.get(event.type)
    person = event.actor if kind == "claimed" else before.owner
    if kind is None or person is None:
        return
    reason = event.properties.get("reason")
    yield Record(kind, person, event.occurred_at, reason if isinstance(reason, str) else None)
    if (
        kind == "rejected"
        and reason in policy.feedback.compensate
        and before.assigned_by
        and not before.outside_rotation
    ):
        yield Compensation(before.assigned_by, person)


def _changed_hands(outcome: Outcome, event: LeadEvent) -> Iterator[Effect]:
    """Another owner: they are told, and so is whoever lost the lead without doing it themselves."""
    before, after = outcome.before, outcome.after
    if before.owner == after.owner:
        return
    escalated = any(isinstance(effect, Notice) and effect.kind == "escalated" for effect in outcome.effects)
    if after.owner and event.actor != after.owner and not escalated:
        values = {"stage": after.stage, "cell": outcome.scores.cell, "policy": after.assigned_by}
        yield Notice("assigned", after.owner, after.owner, f"{event.id}:assigned", values)
    if before.owner and event.type in TAKEN_BY and event.actor != before.owner:
        values = {"event": event.type, "owner": after.owner, "stage": after.stage}
        yield Notice("taken", before.owner, before.owner, f"{event.id}:taken", values)


def _waits(outcome: Outcome, event: LeadEvent) -> Iterator[Effect]:
    """Nobody could be found, or the company has an owner already."""
    choice, after = outcome.choice, outcome.after
    if choice is None or choice.person is not None or after.queued is None or outcome.before.queued is not None:
        return
    if after.conflict:
        about = {"owner": after.conflict, "role": choice.role}
        yield Notice("conflict", after.conflict, after.conflict, f"{event.id}:conflict", about)
        return
    against = Counter(candidate.reason.value for candidate in choice.candidates)
    hour = f"{after.queued.since:%Y-%m-%dT%H}"
    values: dict[str, Any] = {"role": choice.role, "policy": choice.policy, "reasons": dict(sorted(against.items()))}
    yield Notice("queued", "manager", None, f"queued:{choice.role}:{choice.policy}:{hour}", values)


def _suspended(event: LeadEvent) -> Iterator[Effect]:
    kind, person = SUSPENSIONS.get(event.type), event.properties.get("person")
    if kind and isinstance(person, str):
        values = {name: event.properties.get(name) for name in ("person", "until", "rule", "role")}
        for to in (person, "manager"):
            yield Notice(kind, to, person, f"{event.id}:{to}", values)
