"""Virtual time: events, clocks, refreshes and the queue, each at its own moment (R6.8, R9.2).

`Simulation` drives a `BatchState` from an `Agenda`. It decides the next item and adds what follows from the decision to
the agenda: clocks, the next refresh, leads of the same company, the queue. Decides nothing itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

from engine.batch.assignment_round import AssignmentRound
from engine.batch.batch_state import BatchContext, BatchState
from engine.batch.leads import CompanyInBatch, EventInBatch, LeadInBatch
from engine.core.assignment import pool
from engine.core.assignment.assignment import Choice
from engine.core.assignment.rotation import Pointer
from engine.core.decide import is_before_mql, state_values
from engine.core.explain import moment, struck_body
from engine.core.lead.facts import NO_CLAIMS
from engine.core.lead.history import History
from engine.core.lead.model import OPEN_STAGES, LeadEvent
from engine.core.lead.state import LeadState
from engine.core.needs import Need
from engine.core.qualification.qualification import qualify
from engine.core.qualification.stages import ERASED
from engine.core.scoring.scoring import score
from engine.core.simulation.staff import Staff
from engine.core.simulation.virtual_time import Agenda, FinalStanding, Rank, decision_line, in_order, line_body
from engine.core.sla import clocks as sla
from engine.core.sla.clocks import SlaClock
from engine.core.sla.discipline import Struck
from engine.matcher.rules import PolicyRules
from engine.simulation.side_effects import VirtualAftermath
from engine.simulation.simulate import ENGINE_SOURCE, Cast, Line, merge_event
from engine.store.decisions.reading import LoadedLead
from rulesets.roster.roster import Roster

Happening = Callable[[], None]
"""An item of the agenda."""


class SimulatedCompanies(dict[str, CompanyInBatch]):
    """Companies by key, created on first access, and the leads of each company by its number."""

    def __init__(self) -> None:
        super().__init__()
        self.by_id: dict[int, CompanyInBatch] = {}
        self.members: dict[int, set[int]] = defaultdict(set)

    def __missing__(self, key: str) -> CompanyInBatch:
        company = CompanyInBatch(len(self) + 1, NO_CLAIMS)
        self[key] = self.by_id[company.id] = company
        return company

    def move(self, lead: int, old: int | None, new: int | None) -> None:
        """Move a lead from one company to another."""
        if old is not None:
            self.members[old].discard(lead)
        if new is not None:
            self.members[new].add(lead)


def run_until(rules: PolicyRules, roster: Roster, events: Iterable[LeadEvent], until: datetime) -> Iterator[Line]:
    """Let virtual time pass from the first event to a moment, then score every lead. Lines are in order."""
    simulation = Simulation(rules, roster, in_order(events))
    simulation.run(until)
    return simulation.lines(until)


class Simulation:
    """All state of one simulation."""

    def __init__(self, rules: PolicyRules, roster: Roster, events: Sequence[LeadEvent]) -> None:
        self._rules = rules
        self._staff = Staff(roster, rules.policy)
        self._agenda: Agenda[Happening] = Agenda()
        self._agenda.put_events(events, lambda event: partial(self._event, event))
        start = events[0].occurred_at if events else datetime.min.replace(tzinfo=UTC)
        people, due = self._staff.people, self._staff.schedules.due
        self._at = BatchContext(start, rules, people, lambda _number, key: rules.clock(key), due)
        self._world = BatchState(self._at)
        self._companies = SimulatedCompanies()
        self._world.companies = self._companies
        pointers: dict[str, dict[str, Pointer]] = {policy.key: {} for policy in rules.policy.assignment}
        self._turns = AssignmentRound(self._at, pointers, (), self._world.account_owners)
        self._cast = Cast()
        self._steps: dict[int, EventInBatch] = {}
        self._decisions: dict[int, list[tuple[int, Line]]] = defaultdict(list)
        self._ended: dict[int, list[SlaClock]] = defaultdict(list)
        self._refresh_at: dict[int, datetime | None] = {}
        self._reclaim_at: dict[int, datetime | None] = {}
        self._after = VirtualAftermath(self._at, self._staff, self._later)
        self._queued: set[int] = set()
        self._stirred: set[int] = set()
        self._waits_for: dict[int, frozenset[str]] = {}
        self._numbers, self._clocks = count(1), count(1)
        if events:
            self._look_ahead()

    def run(self, until: datetime) -> None:
        """Process every item of the agenda up to and including a moment."""
        while (item := self._agenda.next(until)) is not None:
            self._at.now = item.at
            item.what()

    def lines(self, until: datetime) -> Iterator[Line]:
        """A line for every lead, scored at this moment."""
        self._at.now = until
        people = [person for person in self._cast.people.values() if person.events]
        for person in sorted(people, key=lambda one: one.subject.order):
            yield line_body(person.subject, self._standing(person.number))

    def _standing(self, lead: int) -> FinalStanding:
        track = self._world.tracks[lead]
        clocks = sorted((*self._ended[lead], *track.lead.clocks), key=lambda clock: clock.id or 0)
        decisions = [line for _, line in sorted(self._decisions[lead], key=lambda numbered: numbered[0])]
        state, rules = track.lead.state, self._rules
        if state.erased_at is not None:
            last = self._steps[lead].outcome
            return FinalStanding(last.scores, last.verdict, state, missing=False, clocks=clocks, decisions=decisions)
        view, account = self._world.sight(track)
        scores = score(rules.policy, view, rules.matcher, account)
        seen = view.with_values(state_values(state))
        verdict = qualify(rules.policy, seen, rules.matcher, scores, confirmed=state.confirmed_at is not None)
        return FinalStanding(scores, verdict, state, is_before_mql(state), clocks, decisions)

    # ------------------------------------------------------------------------------------------------ what happens
    def _event(self, said: LeadEvent) -> None:
        """Process an outside event: resolve its lead, merge leads, decide."""
        if said.type == ERASED:
            if (erased := self._cast.erased(said)) is not None:
                self._decide(self._track(erased), said)
            return
        number, event, merges = self._cast.meant(said)
        for pair in merges:
            self._merge(pair)
        lead = self._cast.living(number)
        self._cast.people[lead].hear(event)
        self._decide(self._track(lead), event)

    def _merge(self, pair: tuple[int, int]) -> None:
        one, other = map(self._cast.living, pair)
        if one == other:
            return
        event = merge_event(pair, self._at.now)
        stays, goes = self._world.pair(self._track(one), self._track(other))
        self._staff.moved(goes.lead.state, LeadState())
        ended = [self._cancelled(clock) for clock in goes.lead.clocks]
        self._ended[stays.lead.id] += [*self._ended.pop(goes.lead.id, ()), *ended]
        self._decisions[stays.lead.id] += self._decisions.pop(goes.lead.id, ())
        company = goes.lead.account_id
        self._world.join(stays, goes, next(self._numbers))
        self._companies.move(goes.lead.id, company, None)
        self._tell_siblings(company)
        self._forget(goes.lead.id)
        self._cast.join(stays.lead.id, goes.lead.id)
        self._decide(stays, event)

    def _cancelled(self, clock: SlaClock) -> SlaClock:
        return replace(clock, state="cancelled", ended_at=self._at.now) if clock.running else clock

    def _forget(self, lead: int) -> None:
        del self._world.tracks[lead]
        self._queued.discard(lead)
        self._refresh_at.pop(lead, None)

    def _clock(self, lead: int, number: int, part: int | None) -> None:
        """Fire a clock that is due, or a warning at a part of its window.

        All clocks of the lead that are due at this moment count as fired with it: the breach of one does not cancel the
        others.
        """
        track = self._world.tracks.get(lead)
        clock = next((c for c in track.lead.clocks if c.id == number and c.running), None) if track else None
        if track is None or clock is None:
            return
        left = tuple(warning for warning in clock.warnings if warning[0] != part)
        clocks = tuple(replace(one, warnings=left) if one is clock else one for one in track.lead.clocks)
        if part is None:
            now = self._at.now
            clocks = tuple(replace(one, fired=True) if one.running and one.due_at <= now else one for one in clocks)
        track.lead.clocks = clocks
        about = sla.event_properties(number, clock.key, clock.owner, clock.due_at, part)
        name = sla.event_id(number, clock.kind, part)
        self._decide(track, self._own(sla.event_type(clock.kind, part), name, about))

    def _refresh(self, lead: int, at: datetime) -> None:
        """Refresh a lead at its midnight, unless a later decision has moved the refresh."""
        # Agenda items are never removed; an outdated one is recognised by its moment and ignored.
        if self._refresh_at.get(lead) == at:
            name = f"refresh:{lead}:{at:%Y-%m-%d}"
            self._decide(self._world.tracks[lead], self._own("score.refreshed", name, {"cause": "time"}))

    def _sibling(self, company: int, cause: tuple[str, int, int], lead: int) -> None:
        """Refresh another lead of a company after a decision. ``cause`` is (kind, event, number of refreshes
        before).
        """
        track = self._world.tracks.get(lead)
        if track is not None and track.lead.account_id == company and track.lead.state.stage in OPEN_STAGES:
            kind, event, hops = cause
            about = {"cause": kind, **({"hops": hops} if hops else {})}
            self._decide(track, self._own("score.refreshed", f"{kind}:{company}:{event}:{lead}", about))

    def _day(self) -> None:
        """Start a day of somebody in the roster."""
        self._staff.freed = True
        self._look_ahead()
        self._ask_to_drain()

    def _later(self, at: datetime, rank: Rank, event: LeadEvent, lead: int) -> None:
        """Schedule an engine event on a lead, or on the lead that it is part of by then."""
        self._agenda.put(at, rank, (ENGINE_SOURCE, event.id), partial(self._happen, event, lead))

    def _happen(self, event: LeadEvent, lead: int) -> None:
        if event.type == "suspension.ended":
            self._staff.freed = True
            self._ask_to_drain()
        self._decide(self._track(self._cast.living(lead)), replace(event, occurred_at=self._at.now))

    def _own(self, kind: str, name: str, properties: Mapping[str, Any]) -> LeadEvent:
        return LeadEvent(ENGINE_SOURCE, name, kind, self._at.now, properties=properties)

    # ------------------------------------------------------------------------------------------------ deciding
    def _track(self, lead: int) -> LeadInBatch:
        if lead not in self._world.tracks:
            loaded = LoadedLead(lead, 0, None, LeadState(), NO_CLAIMS, [], (), None, None, None)
            self._world.tracks[lead] = LeadInBatch(loaded, History(), {}, frozenset(), frozenset())
        return self._world.tracks[lead]

    def _decide(self, track: LeadInBatch, event: LeadEvent) -> None:
        """Make one decision, assign a person, and apply what follows."""
        before, company = track.lead.state, track.lead.account_id
        self._after.claims(event)
        step = self._world.decide(track, replace(event, seq=next(self._numbers)))
        struck = self._after.decided(step)
        if (need := step.outcome.need) is not None:
            choice = self._choose(step, need)
            self._world.settle(step, choice)
            self._turns.take(step, choice)
            if choice.person is not None:
                self._staff.given(choice.person, self._at.now)
        self._staff.moved(before, track.lead.state)
        self._companies.move(track.lead.id, company, track.lead.account_id)
        self._after.settled(step, self._turns)
        self._note(step, struck)
        self._follow(step)
        self._tell_siblings(company, track.lead.account_id)

    def _choose(self, step: EventInBatch, need: Need) -> Choice:
        self._turns.members = self._staff.members(self._at.now)
        return self._turns.choose(step, need)

    def _note(self, step: EventInBatch, struck: Sequence[Struck]) -> None:
        lead, outcome = step.track.lead, step.outcome
        line = decision_line(step.event, self._at.now, lead.state, outcome.scores.cell, outcome.choice)
        if struck:
            line["strikes"] = list(map(struck_body, struck))
        self._decisions[lead.id].append((step.event.seq, line))
        self._steps[lead.id] = step

    def _follow(self, step: EventInBatch) -> None:
        """Add what follows from a decision to the agenda."""
        lead = step.track.lead
        lead.clocks = tuple(clock if clock.id is not None else self._started(lead.id, clock) for clock in lead.clocks)
        self._plan_refresh(step)
        self._plan_reclaim(lead)
        self._note_queue(step)

    def _started(self, lead: int, clock: SlaClock) -> SlaClock:
        """Give a new clock a number, and put its warnings and its due moment on the agenda."""
        number = next(self._clocks)
        # Padded, so that places sort as text as the numbers do (R6.8).
        place = (clock.key, f"{lead:012}")
        self._agenda.put(clock.due_at, Rank.CLOCK, place, partial(self._clock, lead, number, None))
        for part, at in clock.warnings:
            self._agenda.put(at, Rank.CLOCK, place, partial(self._clock, lead, number, part))
        return replace(clock, id=number)

    def _plan_refresh(self, step: EventInBatch) -> None:
        lead = step.track.lead.id
        at = None if step.track.lead.state.erased_at else self._world.next_refresh(step.track)
        self._refresh_at[lead] = at
        if at is not None:
            self._agenda.put(at, Rank.OWN, (ENGINE_SOURCE, f"refresh:{lead:012}"), partial(self._refresh, lead, at))

    def _plan_reclaim(self, lead: LoadedLead) -> None:
        """Schedule the moment at which the owner is warned about losing the lead, or loses it (R7.1)."""
        at = pool.next_at(lead.state, self._rules.policy.pool)
        if at is not None and self._reclaim_at.get(lead.id) != at:
            place, happens = (ENGINE_SOURCE, f"pool:{lead.id:012}"), partial(self._reclaim, lead.id, at)
            # A decision may come after the moment of the warning, and the agenda cannot go back.
            self._agenda.put(max(at, self._at.now), Rank.OWN, place, happens)
        self._reclaim_at[lead.id] = at

    def _reclaim(self, lead: int, at: datetime) -> None:
        """Warn about the end of protection, or reclaim the lead, unless protection has moved since."""
        track = self._world.tracks.get(lead)
        kept = track.lead.state.protection if track else None
        if track is None or kept is None or self._reclaim_at.get(lead) != at:
            return
        self._reclaim_at[lead] = None
        name = pool.event_id(lead, kept.until, at)
        self._decide(track, self._own(pool.event_type(kept.until, at), name, {"until": kept.until.isoformat()}))

    def _tell_siblings(self, *companies: int | None) -> None:
        """Refresh the other leads of companies that this decision changed (R1.7, R3.7)."""
        for number in {number for number in companies if number is not None}:
            company = self._companies.by_id[number]
            by, event = company.changed_by or company.rescore_cause or (0, 0)
            cause = ("account" if company.changed_by else "sibling", event, company.hops)
            # Cleared first: decisions of the siblings may set them again.
            company.changed_by, company.rescore_cause, company.hops = None, None, 0
            for lead in sorted(self._companies.members[number] - {by}) if by else ():
                place = (ENGINE_SOURCE, f"account:{number:012}:{lead:012}")
                self._agenda.put(self._at.now, Rank.OWN, place, partial(self._sibling, number, cause, lead))

    # ------------------------------------------------------------------------------------------------ the queue
    def _look_ahead(self) -> None:
        for at in self._staff.next_days(self._at.now):
            self._agenda.put(at, Rank.ROSTER, ("day",), self._day)

    def _note_queue(self, step: EventInBatch) -> None:
        """Record which people a queued lead waits for, and retry the queue if somebody may now take a lead."""
        lead, state, choice = step.track.lead.id, step.track.lead.state, step.outcome.choice
        if state.queued is None:
            self._queued.discard(lead)
        else:
            if step.event.type != "queue.assigned" and (choice is None or lead in self._queued):
                self._stirred.add(lead)
            self._waits_for[lead] = choice.waits_for if choice else self._waits_for.get(lead, frozenset())
            self._queued.add(lead)
        self._end_conflicts(step)
        if self._queued and (self._staff.freed or self._stirred):
            self._ask_to_drain()

    def _end_conflicts(self, step: EventInBatch) -> None:
        """Outbound leads wait while another lead of their company has an owner. A change of owner or stage may end
        that.
        """
        before, after = step.outcome.before, step.outcome.after
        if (before.owner, before.stage) != (after.owner, after.stage) and step.track.lead.account_id is not None:
            members = self._companies.members[step.track.lead.account_id] & self._queued
            self._stirred |= {lead for lead in members if self._world.tracks[lead].lead.state.conflict}

    def _ask_to_drain(self) -> None:
        self._agenda.put(self._at.now, Rank.DRAIN, (), self._drain)

    def _drain(self) -> None:
        """Retry queued leads, best and oldest first, while somebody is available to take one (R5.10)."""
        there = self._staff.waited_for(self._at.now) if self._staff.freed or self._stirred else frozenset()
        self._staff.freed = False
        if not there:
            return
        # A copy: decisions below may add leads for the next retry.
        stirred = set(self._stirred)
        self._stirred.clear()
        may = [lead for lead in self._queued if lead in stirred or not there.isdisjoint(self._waits_for[lead])]
        for lead in sorted(may, key=self._place_in_queue):
            if (lead in stirred or not there.isdisjoint(self._waits_for[lead])) and self._would_be_served(lead):
                # The moment keeps the id unique: the same lead may be retried again later.
                name = f"queue:{lead}:{moment(self._at.now)}"
                role = self._world.tracks[lead].lead.state.queued
                self._decide(self._world.tracks[lead], self._own("queue.assigned", name, {"role": role and role.role}))
                there = self._staff.waited_for(self._at.now)

    def _place_in_queue(self, lead: int) -> tuple[Any, ...]:
        step = self._steps[lead]
        queued = step.track.lead.state.queued
        return (queued.priority if queued else 9, step.outcome.scores.grade, queued and queued.since, lead)

    def _would_be_served(self, lead: int) -> bool:
        """Whether a retry would find a person, judged by the last decision on the lead. Moves no pointer.

        If not, the people that the lead waits for are updated.
        """
        step = self._steps[lead]
        queued = step.track.lead.state.queued
        if queued is None:
            return False
        need = Need(queued.role, step.outcome.cell.assignment, queued.priority)
        choice = self._choose(step, need)
        self._waits_for[lead] = choice.waits_for
        return choice.person is not None
