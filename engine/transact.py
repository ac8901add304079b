"""One batch, one transaction: lock, load, decide, assign, store (DESIGN.md §3).

Locks are taken in one order everywhere: leads by id, accounts by key, rotations by policy. Decisions are computed in
memory, event after event, and written together; an event that raises leaves no trace. A lead whose assignment is pending
leaves its later events to the next batch. What was learned of histories is kept once the commit has happened.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.core import facts
from engine.core.assignment import Choice, Lead, Member, assign
from engine.core.decide import Need, People, action_holds, is_before_mql
from engine.core.explain import decision_body, verdict_body
from engine.core.history import History
from engine.core.model import LeadEvent
from engine.core.sla import Definitions
from engine.core.view import LeadView
from engine.rules import Rules
from engine.store import batch, merges, rotation
from engine.store.batch import LoadedLead
from engine.store.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import DatabaseError, Driver, raw, transaction
from engine.tracks import AccountTrack, Histories, Remembered, Step, Track
from engine.world import Moment, World
from rulesets.policy import AssignmentPolicy
from rulesets.vocabulary import fold


class BatchTransaction:
    """Decides one batch. After `decide`: ``failed`` lists (event, error) of events that raised and are untouched, and
    ``woken`` the leads that got events of the engine's own.
    """

    def __init__(self, rules: Rules, clock_rules: Definitions, histories: Histories, now: datetime) -> None:
        self.failed: list[tuple[int, Exception]] = []
        self.woken: list[int] = []
        self._rules = rules
        self._histories = histories
        self._moment = Moment(now, rules, People({}, frozenset(), frozenset()), clock_rules)
        self._merged: dict[int, int] = {}
        self._steps: list[Step] = []
        self._left: list[int] = []

    def decide(self, event_ids: Sequence[int]) -> int:
        """Decide these events and commit; returns how many. Later events of leads that wait for a person are left."""
        with transaction() as connection:
            driver = raw(connection)
            self._world = World(self._moment, lambda account, but: batch.member_claims(driver, account, but))
            for lead_id, event in self._load(driver, event_ids):
                self._decide_one(driver, lead_id, event)
            self._assign(driver)
            self._store(driver)
        for track in self._tracks.values():
            if track.outcome is not None:
                known = Remembered(track.lead.version + 1, track.history, track.seqs, track.counted)
                self._histories.put(track.lead.id, known)
        return len(self._steps)

    @property
    def _tracks(self) -> dict[int, Track]:
        return self._world.tracks

    # ------------------------------------------------------------------------------------------------ loading
    def _load(self, driver: Driver, event_ids: Sequence[int]) -> list[tuple[int, LeadEvent]]:
        """Lock and load everything the batch speaks of; what waits for merged leads is sent on to those that stayed."""
        items = batch.read_events(driver, event_ids)
        leads = batch.lock_leads(driver, {lead for lead, _ in items}.union(*(_named_leads(e) for _, e in items)))
        for lead_id in {lead for lead, _ in items}:
            if (winner := leads[lead_id].merged_into) is not None:
                batch.forward(driver, lead_id, winner)
                self.woken.append(winner)
        items = [(lead, event) for lead, event in items if leads[lead].merged_into is None]
        self._moment.now = max([self._moment.now, *(event.occurred_at for _, event in items)])
        self._load_tracks(driver, [lead for lead in leads.values() if lead.merged_into is None])
        self._load_companies(driver, items)
        people = rotation.read_people(driver)
        self._moment.people = People(
            roles={email: role for email, role, _ in people},
            managers=frozenset(rotation.read_managers(driver)),
            active=frozenset(email for email, _, active in people if active),
        )
        return items

    def _load_tracks(self, driver: Driver, leads: Sequence[LoadedLead]) -> None:
        unknown = [lead.id for lead in leads if lead.version > 0 and self._histories.get(lead) is None]
        events = batch.read_history(driver, unknown) if unknown else {}
        counted = batch.read_counted(driver, unknown) if unknown else {}
        for lead in leads:
            known = self._histories.get(lead)
            past = events.get(lead.id, [])
            self._tracks[lead.id] = Track(
                lead=lead,
                history=known.history if known else History.of(past),
                seqs=dict(known.seqs) if known else {(event.source, event.id): event.seq for event in past},
                counted=known.counted if known else frozenset(counted.get(lead.id, ())),
                stored_clocks=frozenset(lead.clocks),
            )

    def _load_companies(self, driver: Driver, items: Iterable[tuple[int, LeadEvent]]) -> None:
        """Lock the accounts that the leads have now and will have after each of their events."""
        world = self._world
        claims = {lead: track.lead.claims for lead, track in self._tracks.items()}
        keys = {world.company_key(value) for value in claims.values()}
        for lead, event in items:
            claims[lead] = world.fold(claims[lead], event).claims
            together = [claims[lead], *(claims[number] for number in _named_leads(event) if number in claims)]
            keys |= {world.company_key(claims[lead]), world.company_key(facts.joined(together))}
        locked = batch.lock_accounts(driver, filter(None, keys))
        world.companies = {key: AccountTrack(number, known) for key, (number, known) in locked.items()}

    # ------------------------------------------------------------------------------------------------ deciding
    def _decide_one(self, driver: Driver, lead_id: int, event: LeadEvent) -> None:
        track = self._tracks[self._merged.get(lead_id, lead_id)]
        named = [self._tracks[number] for number in _named_leads(event) if number in self._tracks]
        if any(one.pending for one in (track, *named)):
            self._left.append(event.seq)
            return
        try:
            step = self._world.decide(self._subject(driver, track, event), event)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event raises is recorded on it, the others go on
            self.failed.append((event.seq, error))
            return
        self._steps.append(step)
        step.track.pending = step.outcome.need is not None

    def _subject(self, driver: Driver, track: Track, event: LeadEvent) -> Track:
        """The lead an event is decided on: its own; for a merge the one that stays; for an undone merge the parted one."""
        if event.type != "lead.merged":
            return track
        if isinstance(event.properties.get("undo"), int):
            return self._parted(driver, track, event.properties["undo"])
        pair = [self._tracks[n] for n in _named_leads(event) if n in self._tracks and n not in self._merged]
        if len(pair) != 2:
            return track
        stays, goes = self._world.pair(*pair)
        merges.move(driver, stays.lead.id, goes.lead.id, self._moment.now)
        self._merged[goes.lead.id] = stays.lead.id
        self._world.join(stays, goes)
        return stays

    def _parted(self, driver: Driver, track: Track, merge_id: int) -> Track:
        """Undo a merge: each lead has its own events again, and the other one is decided anew by an event of its own."""
        merge = merges.restore(driver, merge_id, self._moment.now)
        self._world.relearn(track, merges.read_all_events(driver, merge.winner_id))
        track.counted = frozenset(batch.read_counted(driver, [merge.winner_id])[merge.winner_id])
        merges.rewrite_claims(
            driver, merge.loser_id, self._world.folded(merges.read_all_events(driver, merge.loser_id))
        )
        put(driver, [_refresh(merge.loser_id, f"parted:{merge_id}", self._moment.now)])
        self.woken.append(merge.loser_id)
        return track

    def _refresh_siblings(self, driver: Driver) -> None:
        """Other leads of a company whose facts changed are decided anew, by events of the engine's own."""
        for company in self._world.companies.values():
            if company.changed_by is None:
                continue
            lead_id, seq = company.changed_by
            intakes = [
                _refresh(sibling, f"account:{company.id}:{seq}:{sibling}", self._moment.now)
                for sibling in batch.siblings(driver, company.id, [lead_id])
            ]
            self.woken.extend(lead for _, lead in put(driver, intakes))

    # ------------------------------------------------------------------------------------------------ assigning
    def _assign(self, driver: Driver) -> None:
        """Find people for the leads that need them, under the locks of every rotation of their roles."""
        pending = [(step, step.outcome.need) for step in self._steps if step.outcome.need is not None]
        if not pending:
            return
        roles = {need.role for _, need in pending}
        policies = [policy for policy in self._rules.policy.assignment if policy.role in roles]
        pointers = rotation.lock_rotations(driver, [policy.key for policy in policies])
        now = self._moment.now
        members = rotation.read_members(driver, self._rules.policy.timezone, now)
        rows = []
        for step, need in pending:
            choice = self._choose(step, need, policies, members, pointers)
            self._world.settle(step, choice)
            if choice.policy is not None:
                pointers[choice.policy].update(choice.moved)
            if choice.person is not None:
                members = [_given(member) if member.email == choice.person else member for member in members]
                rows.append((step.event.seq, step.track.lead.id, choice.role, choice.person, choice.policy, now))
        rotation.save_pointers(driver, pointers)
        rotation.save_assignments(driver, rows)

    def _choose(
        self,
        step: Step,
        need: Need,
        policies: Sequence[AssignmentPolicy],
        members: Sequence[Member],
        pointers: dict[str, dict[str, Any]],
    ) -> Choice:
        holds = action_holds(step.outcome, step.outcome.after, step.situation.view, self._moment.book)
        lead = Lead(_folded_values(step.situation.view), step.outcome.after)
        return assign(policies, need.role, holds, lead, members, pointers, self._moment.now, need.named)

    # ------------------------------------------------------------------------------------------------ storing
    def _store(self, driver: Driver) -> None:
        """Write what the batch made of accounts, leads, ledger and clocks, then the decisions in their order."""
        tracks = [track for track in self._tracks.values() if track.outcome is not None]
        batch.save_accounts(driver, {account.id: account.claims for account in self._world.companies.values()})
        batch.save_leads(driver, [self._lead_row(track) for track in tracks])
        self._store_ledger(driver, tracks)
        clocks = [(track.lead.id, c) for track in tracks for c in track.lead.clocks if c not in track.stored_clocks]
        batch.save_clocks(driver, clocks)
        batch.save_decisions(driver, [self._decision_row(step) for step in self._steps])
        batch.leave(driver, self._left)
        self._refresh_siblings(driver)

    def _lead_row(self, track: Track) -> dict[str, Any]:
        outcome = track.outcome
        assert outcome is not None  # noqa: S101 - only tracks with a decision are stored
        scores = outcome.scores
        verdict = verdict_body(outcome.verdict, missing=is_before_mql(outcome.after))
        return {
            **batch.lead_row(track.lead, track.extras),
            "model": scores.model, "fit": scores.fit, "engagement": scores.engagement, "grade": scores.grade,
            "heat": scores.heat, "cell": scores.cell, "scored_at": self._moment.now, "policy_number": self._rules.number,
            "route": verdict["route"], "excluded": verdict["excluded"], "flagged": verdict["flagged"],
            "checklists": verdict["checklists"], "missing": verdict["missing"],
        }  # fmt: skip

    def _store_ledger(self, driver: Driver, tracks: Sequence[Track]) -> None:
        """Keep the stored occurrences equal to those that count now."""
        added, gone = [], []
        for track in tracks:
            lines = track.outcome.scores.ledger if track.outcome else ()
            counting = {(track.seqs[line.source, line.event_id], line.group, line.signal): line.raw for line in lines}
            added += [(track.lead.id, *place, raw_) for place, raw_ in counting.items() if place not in track.counted]
            gone += [(track.lead.id, *place) for place in track.counted if place not in counting]
            track.counted = frozenset(counting)
        batch.save_ledger(driver, added, gone)

    def _decision_row(self, step: Step) -> list[Any]:
        outcome, people, actor = step.outcome, self._moment.people, step.event.actor
        body = decision_body(outcome, step.event, step.notes, self._rules.digest)
        if actor is not None:
            body["by"] = {"role": people.roles.get(actor), "manages": actor in people.managers}
        return [
            step.event.seq, step.track.lead.id, self._moment.now, self._rules.number, outcome.before.stage,
            outcome.after.stage, outcome.before.owner, outcome.after.owner, outcome.scores.cell,
            outcome.refusal.code if outcome.refusal else None,
            body,
        ]  # fmt: skip


def _named_leads(event: LeadEvent) -> frozenset[int]:
    """The leads a merge speaks of; nothing for other events."""
    if event.type != "lead.merged":
        return frozenset()
    return frozenset(number for number in event.properties.get("leads", ()) if isinstance(number, int))


def _refresh(lead_id: int, event_id: str, now: datetime) -> Intake:
    return Intake(
        source=ENGINE_SOURCE,
        id=event_id,
        type="score.refreshed",
        occurred_at=now,
        due_at=now,
        properties={"cause": event_id.partition(":")[0]},
        lead_id=lead_id,
    )


def _folded_values(view: LeadView) -> Callable[[str], frozenset[str]]:
    """The lead's value of a field, folded, as the set that people's lists are compared with (R5.3)."""

    def values(field: str) -> frozenset[str]:
        value = view.value(field)
        several = value if isinstance(value, frozenset | tuple | list) else () if value is None else (value,)
        return frozenset(fold(str(one)) for one in several)

    return values


def _given(member: Member) -> Member:
    """A person with one lead more, for the next choice of the same batch."""
    received = {span: member.received.get(span, 0) + 1 for span in ("day", "week", "month")}
    return replace(member, open_leads=member.open_leads + 1, received=received)
