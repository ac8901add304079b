"""The effects of a decision on people: notices, track records, turns given back (R4.7, R6.5, R6.6).

Pure, and the last step of a decision: it reads the outcome and does not change the lead. Clocks and the pool create
their own effects (`engine.core.sla.actions`, `engine.core.assignment.pool`). Choices where the contract says nothing:

* an imported event has no effects;
* nobody gets a notice of their own work; managers get one notice per hour and policy of leads that found nobody.
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
"""Work event → kind of entry in the person's track record."""
SENT_BACK = frozenset({"lead.rejected", "lead.released"})
TAKEN_BY = frozenset({"sla.warned", "sla.breached", "sla.held", "roster.changed", "lead.assigned", *SENT_BACK})
"""Events with which an owner may lose a lead by another's act; the pool sends its own notices."""
SUSPENSIONS = {"suspension.started": "suspended", "suspension.ended": "suspension_ended"}


def consequences(outcome: Outcome, event: LeadEvent, policy: Policy) -> tuple[Effect, ...]:
    """All effects of a decision, those of clocks and pool first; ``outcome`` must be complete."""
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
    """Effects of clocks met in time: an entry in the owner's record, and a reset of their misses in a row (R6.6)."""
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
    """Effects of a person's work: an entry in their record; some reasons of a rejection give the turn back (R4.7)."""
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
    """Notices of a new owner: to the new owner, and to the former owner if it was not their own act."""
    before, after = outcome.before, outcome.after
    if before.owner == after.owner:
        return
    # An escalation sends its own notice to the new owner; a second one would repeat it.
    escalated = any(isinstance(effect, Notice) and effect.kind == "escalated" for effect in outcome.effects)
    if after.owner and event.actor != after.owner and not escalated:
        values = {"stage": after.stage, "cell": outcome.scores.cell, "policy": after.assigned_by}
        yield Notice("assigned", after.owner, after.owner, f"{event.id}:assigned", values)
    if before.owner and event.type in TAKEN_BY and event.actor != before.owner:
        values = {"event": event.type, "owner": after.owner, "stage": after.stage}
        yield Notice("taken", before.owner, before.owner, f"{event.id}:taken", values)


def _waits(outcome: Outcome, event: LeadEvent) -> Iterator[Effect]:
    """Notices of a lead that now waits: no person was found, or the company has an owner already."""
    choice, after = outcome.choice, outcome.after
    if choice is None or choice.person is not None or after.queued is None or outcome.before.queued is not None:
        return
    if after.conflict:
        about = {"owner": after.conflict, "role": choice.role}
        yield Notice("conflict", after.conflict, after.conflict, f"{event.id}:conflict", about)
        return
    against = Counter(candidate.reason.value for candidate in choice.candidates)
    # The cause holds the hour: equal causes have an effect once, so managers get one notice per hour and policy.
    hour = f"{after.queued.since:%Y-%m-%dT%H}"
    values: dict[str, Any] = {"role": choice.role, "policy": choice.policy, "reasons": dict(sorted(against.items()))}
    yield Notice("queued", "manager", None, f"queued:{choice.role}:{choice.policy}:{hour}", values)


def _suspended(event: LeadEvent) -> Iterator[Effect]:
    kind, person = SUSPENSIONS.get(event.type), event.properties.get("person")
    if kind and isinstance(person, str):
        values = {name: event.properties.get(name) for name in ("person", "until", "rule", "role")}
        for to in (person, "manager"):
            yield Notice(kind, to, person, f"{event.id}:{to}", values)
