"""Side effects of decisions in virtual time: as `engine.batch.side_effects`, but kept in memory.

Strikes, suspensions, records, tags and compensated turns. No notifications are sent. Decides nothing.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from engine.batch.assignment_round import AssignmentRound
from engine.batch.batch_state import BatchContext
from engine.batch.leads import EventInBatch
from engine.batch.side_effects import tag_traits
from engine.core.explain import moment
from engine.core.lead.model import LeadEvent
from engine.core.lead.people import ClaimStanding
from engine.core.notify.effects import Compensation, Record
from engine.core.simulation.staff import Staff
from engine.core.simulation.virtual_time import Rank
from engine.core.sla.discipline import Discipline, Struck, SuspensionBegun
from engine.simulation.simulate import ENGINE_SOURCE

Later = Callable[[datetime, Rank, LeadEvent, int], None]
"""(moment, rank, event, lead): schedules an event on a lead."""


class VirtualAftermath:
    """The strikes and suspensions of a simulation, and the events that decisions cause."""

    def __init__(self, at: BatchContext, staff: Staff, later: Later) -> None:
        self._at, self._staff, self._later = at, staff, later
        self._people = at.people
        self._discipline = Discipline({})
        self._claimed: dict[str, list[datetime]] = defaultdict(list)
        staff.suspended = self._discipline.is_suspended

    def claims(self, event: LeadEvent) -> None:
        """Before a decision: set the claimant's standing with the pool (R7.3)."""
        person = event.actor
        if event.type != "lead.claimed" or person is None:
            return
        now, zone = self._at.now, self._staff.schedules.schedule(person).calendar.zone
        # The daily limit counts days of the claimant's own zone.
        today = now.astimezone(zone).date()
        standing = ClaimStanding(
            claimed_today=sum(at.astimezone(zone).date() == today for at in self._claimed[person]),
            holding=self._staff.holding(person),
            suspended=self._discipline.is_suspended(person, self._people.roles.get(person, ""), now),
        )
        self._at.people = replace(self._people, standings={person: standing})

    def decided(self, step: EventInBatch) -> tuple[Struck, ...]:
        """After a decision, before a person is assigned: count strikes, which may suspend somebody."""
        struck = self._discipline.feel(step.outcome.effects, self._at.rules.policy.strikes, self._people.roles)
        for one in struck:
            if one.suspended is not None:
                self._suspend(one.suspended, step)
        return struck

    def settled(self, step: EventInBatch, turns: AssignmentRound) -> None:
        """After a person is assigned: records, compensated turns, tags."""
        for effect in step.outcome.effects:
            if isinstance(effect, Record):
                self._staff.recorded(effect)
                if effect.kind == "claimed":
                    self._claimed[effect.person].append(self._at.now)
            elif isinstance(effect, Compensation):
                turns.compensate(effect.policy, effect.person)
        traits = tag_traits(step.outcome.effects, step.situation.view.value("lead.tags"))
        if traits is not None:
            event = self._own("lead.identified", f"tags:{step.event.seq}")
            self._later(self._at.now, Rank.OWN, replace(event, traits=traits), step.track.lead.id)

    def _suspend(self, begun: SuspensionBegun, step: EventInBatch) -> None:
        about = {"person": begun.person, "role": begun.role, "rule": begun.rule, "until": moment(begun.end)}
        name = f"suspension:{step.event.seq}:{begun.person}"
        started = replace(self._own("suspension.started", f"{name}:started"), properties=about)
        ended = replace(self._own("suspension.ended", f"{name}:ended"), properties=about)
        self._later(self._at.now, Rank.OWN, started, step.track.lead.id)
        # A breach decided late can begin a suspension that is already over; the agenda cannot go back.
        self._later(max(begun.end, self._at.now), Rank.ROSTER, ended, step.track.lead.id)

    def _own(self, kind: str, name: str) -> LeadEvent:
        return LeadEvent(ENGINE_SOURCE, name, kind, self._at.now)
