"""Effects of a batch's decisions beyond their leads, collected until the batch is stored
(`engine.core.notify.effects`).

Lives for one transaction. Strikes are counted in the order of the decisions, before people are assigned: a suspension
must stop the next assignment of the same batch. Everything else is written at the end. Decides nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.batch.batch_state import BatchContext
from engine.batch.leads import EventInBatch
from engine.core.explain import moment
from engine.core.lead.people import People
from engine.core.notify.effects import Compensation, Effect, Notice, Record, Reset, Strike, Tag
from engine.core.sla.discipline import Discipline, Struck, SuspensionBegun
from engine.store.decisions import discipline as table
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.outbox.notices import save_notices
from engine.store.session import Driver
from rulesets.policy.policy import StrikeRule

COMPANY_WIDE = frozenset({"queued"})
"""Kinds of notices that are not about one lead. The same cause on another lead sends no second notice."""


@dataclass(slots=True)
class SideEffects:
    """The effects to write at the end of the batch. ``on_suspension`` is called when a person stops receiving leads."""

    driver: Driver
    at: BatchContext
    on_suspension: Callable[[SuspensionBegun], None]
    struck: dict[int, tuple[Struck, ...]] = field(default_factory=dict)
    """Event → the result of its strikes."""
    people_of: dict[int, People] = field(default_factory=dict)
    """Event → the people as they were when it was decided."""
    _discipline: Discipline | None = None
    _causes: list[tuple[SuspensionBegun, int, int]] = field(default_factory=list)
    _steps: list[EventInBatch] = field(default_factory=list)
    _counted: int = 0
    """Number of steps whose strikes are counted."""

    def decided(self, step: EventInBatch) -> None:
        """Add a decision. Its lead may still need a person."""
        self._steps.append(step)
        self.people_of[step.event.seq] = self.at.people

    def count_strikes(self) -> None:
        """Count the misses of the decisions since the last call. The first counted miss takes the lock on strikes."""
        rules = self.at.rules.policy.strikes
        named = {key for rule in rules for key in rule.sla}
        steps, self._counted = self._steps[self._counted :], len(self._steps)
        for step in steps:
            felt = [one for one in step.outcome.effects if isinstance(one, Strike | Reset) and one.clock in named]
            if felt:
                self._feel(step, felt, rules)

    def _feel(self, step: EventInBatch, felt: Sequence[Strike | Reset], rules: Sequence[StrikeRule]) -> None:
        # Locked only if a strike counts: the lock is one for all batches.
        self._discipline = self._discipline or table.lock_discipline(self.driver, self.at.now)
        struck = self._discipline.feel(felt, rules, self.at.people.roles)
        self.struck[step.event.seq] = struck
        for one in struck:
            if one.suspended is not None:
                self._causes.append((one.suspended, step.track.lead.id, step.event.seq))
                self.on_suspension(one.suspended)

    def compensations(self) -> list[Compensation]:
        """The turns to give back, in the order of the decisions."""
        return [one for step in self._steps for one in step.outcome.effects if isinstance(one, Compensation)]

    def save(self) -> list[int]:
        """Write all effects. Returns the leads that received events from the engine."""
        effects = [(effect, step) for step in self._steps for effect in step.outcome.effects]
        records = [(e, step.track.lead.id, step.event.seq) for e, step in effects if isinstance(e, Record)]
        table.save_records(self.driver, records)
        if self._discipline is not None:
            table.save_discipline(self.driver, self._discipline, self._causes)
        save_notices(self.driver, [self._notice(e, step) for e, step in effects if isinstance(e, Notice)])
        events = [self._started(*cause) for cause in self._causes]
        events += [tagged for step in self._steps if (tagged := self._tagged(step)) is not None]
        return [lead for _, lead in put(self.driver, events)]

    def _notice(self, notice: Notice, step: EventInBatch) -> tuple[Notice, int | None, int | None, Any]:
        lead = None if notice.kind in COMPANY_WIDE else step.track.lead.id
        return notice, lead, step.event.seq, self.at.now

    def _started(self, begun: SuspensionBegun, lead: int, event: int) -> Intake:
        about = {"person": begun.person, "role": begun.role, "rule": begun.rule, "until": moment(begun.end)}
        return self._own("suspension.started", f"suspension:{event}:{begun.person}:started", lead, properties=about)

    def _tagged(self, step: EventInBatch) -> Intake | None:
        """The event that sets new tags. Tags are facts, and facts come from events (R1.4)."""
        traits = tag_traits(step.outcome.effects, step.situation.view.value("lead.tags"))
        if traits is None:
            return None
        return self._own("lead.identified", f"tags:{step.event.seq}", step.track.lead.id, traits=traits)

    def _own(self, kind: str, name: str, lead: int, **groups: Any) -> Intake:
        now = self.at.now
        return Intake(ENGINE_SOURCE, name, kind, occurred_at=now, due_at=now, lead_id=lead, **groups)


def tag_traits(effects: tuple[Effect, ...], known: Any) -> dict[str, Any] | None:
    """The traits of a lead with these tags added; None if no tag is new."""
    there = list(known or ())
    new = [one.tag for one in effects if isinstance(one, Tag) and one.tag not in there]
    return {"tags": [*there, *dict.fromkeys(new)]} if new else None
