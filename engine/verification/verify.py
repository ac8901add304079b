"""`baton verify`: replays every decision from its event and compares the results (docs/contract/design.md §4).

Everything is read in one snapshot. Decisions are replayed in the order in which they were made, with the code that made
them (`engine.batch.batch_state`), under their policy version, at their moment, and with their stored candidates. Each
replay must equal the record. At the end leads, companies, ledgers, clocks, strikes and suspensions must equal their
rows.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from engine.batch.batch_state import BatchContext, BatchState
from engine.batch.leads import CompanyInBatch, EventInBatch, LeadInBatch
from engine.core.assignment.assignment import Candidate, CandidateReason, Choice
from engine.core.calendar.schedules import Due, Timing
from engine.core.explain import decision_body
from engine.core.lead.facts import NO_CLAIMS, company_part, dump_claims, joined, load_claims
from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent
from engine.core.lead.people import NOBODY, from_snapshot
from engine.core.lead.state import LeadState, load_state
from engine.core.sla.clocks import SlaClock
from engine.matcher.rules import RulesCache
from engine.store.decisions.reading import LoadedLead
from engine.store.read import record
from engine.store.read.record import Moved, Recorded
from engine.verification.erased import Tombstones, met_clocks, stand_as_recorded
from engine.verification.strikes import RecordDifference, StrikeBook

REPLAYED = ("scores", "verdict", "effects", "protected_until")
"""Parts of a stored decision that the replay must reproduce exactly."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The size of a verification and the differences it found."""

    decisions: int
    leads: int
    differences: tuple[RecordDifference, ...]


def verify(progress: Callable[[int, int], None] = lambda _done, _of: None) -> Verified:
    """Replay every decision. ``progress`` is called with (done, total) decisions."""
    with record.snapshot() as driver:
        total = record.count_decisions(driver)
        gone = Tombstones(record.erasures(driver))
        replay = Replay(record.clocks(driver), record.moved_by_merges(driver), gone)
        differences: list[RecordDifference] = []
        done = 0
        try:
            for done, recorded in enumerate(record.decisions(driver), start=1):
                differences.extend(replay.decide(recorded))
                progress(done, total)
            stored = list(record.leads(driver))
            differences.extend(replay.compare_leads(stored, record.ledgers(driver)))
            differences.extend(replay.compare_companies(record.companies(driver)))
            differences.extend(replay.compare_clocks())
            differences.extend(replay.strikes.compare(record.strikes(driver), record.suspensions(driver)))
        finally:
            replay.close()
        return Verified(done, len(stored), tuple(differences))


class _Companies(dict[str, CompanyInBatch]):
    """Companies by key, created on first access."""

    def __missing__(self, key: str) -> CompanyInBatch:
        self[key] = CompanyInBatch(len(self) + 1, NO_CLAIMS)
        return self[key]


class Replay:
    """A `BatchState` driven by the record."""

    def __init__(
        self,
        clocks: Mapping[tuple[int, str, datetime], Sequence[SlaClock]],
        moved: Mapping[int, Moved],
        tombstones: Tombstones,
    ) -> None:
        self._tombstones = tombstones
        self.strikes = StrikeBook()
        self._rules = RulesCache()
        self._clocks = clocks
        self._moved = moved
        self._separations = {one.separated_by: merge for merge, one in moved.items() if one.separated_by is not None}
        self._world: BatchState | None = None
        self._gone: dict[int, int] = {}
        self._events: dict[int, list[Any]] = {}
        self._final_clocks: dict[int, SlaClock] = {}
        self._readings: set[str] = set()

    def decide(self, recorded: Recorded) -> Iterator[RecordDifference]:
        """Replay one decision and yield the differences."""
        rules = self._rules.version(recorded.policy_number)
        at = BatchContext(recorded.decided_at, rules, NOBODY, self._rules.clock_rule, _due(recorded))
        world = self._world = self._world or BatchState(at, told=self._told)
        world.at = at
        world.companies = world.companies or _Companies()
        track = self._subject(world, recorded)
        at.people = from_snapshot(recorded.event, track.lead.state, recorded.body.get("by") or {})
        self._reread_companies(world, track, recorded.event)
        # Before the decision, which depends on whether a clock had fired.
        track.lead.clocks = tuple(self._as_stored(track.lead.id, clock, recorded) for clock in track.lead.clocks)
        self._events.setdefault(track.lead.id, []).append(recorded.event)
        step = world.decide(track, recorded.event)
        choice = _choice(recorded)
        needed = step.outcome.need is not None
        if needed:
            world.settle(step, choice)
        self._name_clocks(track)
        if self._tombstones.cannot_replay(recorded):
            stand_as_recorded(step, recorded)
            yield from self._tombstones.check(recorded)
            yield from self.strikes.hear(recorded, met_clocks(recorded), rules.policy.strikes)
            return
        if needed != (choice is not None):
            yield RecordDifference("decision", recorded.id, "assignment", recorded.body.get("assignment"), needed)
        yield from _compare_decision(recorded, step, rules.digest)
        yield from self.strikes.hear(recorded, step.outcome.effects, rules.policy.strikes)

    def compare_leads(
        self, rows: list[dict[str, Any]], ledgers: Mapping[int, set[tuple[int, str, str]]]
    ) -> Iterator[RecordDifference]:
        """Compare the stored leads with the replayed ones."""
        tracks = self._world.tracks if self._world else {}
        for row in rows:
            yield from self._tombstones.compare(row)
            track = tracks.get(row["id"])
            if track is None or track.outcome is None or row["merged_into"] is not None:
                continue
            if row["id"] in self._tombstones.leads:
                continue
            yield from self._compare_lead(row, track, ledgers.get(row["id"], set()))

    def compare_companies(self, stored: Mapping[str, dict[str, Any]]) -> Iterator[RecordDifference]:
        """Compare the stored facts of companies with what their leads say."""
        if self._world is None:
            return
        for key, company in self._world.companies.items():
            members = [track for n, track in (company.leads or {}).items() if n not in self._gone]
            if not self._tombstones.leads.isdisjoint(company.leads or {}):
                continue
            same = all(track.reading == company.reading for track in members)
            said = joined(company_part(track.lead.claims) for track in members) if same else company.claims
            if key in stored and load_claims(stored[key]) != said:
                yield RecordDifference("company", key, "facts", stored[key], dump_claims(said))

    def compare_clocks(self) -> Iterator[RecordDifference]:
        """Compare the stored clocks with those that the replay started and ended."""
        living = (several for (lead, *_), several in self._clocks.items() if not self._tombstones.reads_gone(lead))
        for clock in chain.from_iterable(living):
            number = clock.id or 0
            replayed = self._final_clocks.get(number)
            if replayed is None:
                yield RecordDifference("clock", number, "start", clock.started_at, None)
            elif (clock.state, clock.met_late) != (replayed.state, replayed.met_late):
                yield RecordDifference("clock", number, "state", clock.state, replayed.state)

    def close(self) -> None:
        """Free the matchers' memory."""
        self._rules.close()

    # ------------------------------------------------------------------------------------------------ leads
    def _subject(self, world: BatchState, recorded: Recorded) -> LeadInBatch:
        event = recorded.event
        named = [number for number in event.properties.get("leads", ()) if event.type == "lead.merged"]
        undo = event.properties.get("undo") if event.type == "lead.merged" else None
        track = self._track(world, recorded.lead_id)
        if event.type == "lead.separated":
            self._part(world, self._separations[event.seq])
        elif isinstance(undo, int):
            self._part(world, undo)
        elif len(pair := [self._track(world, n) for n in named if n not in self._gone]) == 2:
            # as recorded: which of two leads stays was decided by the rule of its time
            stays, goes = sorted(pair, key=lambda one: one.lead.id != recorded.lead_id)
            self._gone[goes.lead.id] = stays.lead.id
            self._events.setdefault(stays.lead.id, []).extend(self._events.get(goes.lead.id, []))
            world.reread(stays)
            world.reread(goes)
            world.join(stays, goes)
            self._end_clocks(goes, recorded.decided_at)
            return stays
        return track

    def _told(self, lead: int) -> list[LeadEvent]:
        return self._events.get(lead, [])

    def _reread_companies(self, world: BatchState, track: LeadInBatch, event: LeadEvent) -> None:
        """Read the companies of a decision under its version, as when it was made (R3.6)."""
        self._readings.add(world.at.rules.reading)
        if len(self._readings) > 1:
            world.reread(track)
            said = (track.lead.claims, world.fold(track.lead.claims, event).claims)
            keys = filter(None, map(world.company_key, said))
            left = [company for company in world.companies.values() if company.id == track.lead.account_id]
            for company in (*left, *(world.companies[key] for key in keys)):
                world.reread_company(company)

    def _part(self, world: BatchState, merge: int) -> None:
        moved = self._moved[merge]
        self._gone.pop(moved.loser, None)
        everything = self._events.get(moved.winner, [])
        self._events[moved.loser] = [event for event in everything if event.seq in moved.events]
        self._events[moved.winner] = [event for event in everything if event.seq not in moved.events]
        for lead in (moved.winner, moved.loser):
            world.relearn(self._track(world, lead), self._events[lead])
        parted = self._track(world, moved.loser)
        parted.lead.clocks = tuple(
            replace(clock, state="running", ended_at=None) if clock.id in moved.clocks else clock
            for clock in parted.lead.clocks
        )
        self._name_clocks(parted)

    @staticmethod
    def _track(world: BatchState, lead_id: int) -> LeadInBatch:
        if lead_id not in world.tracks:
            lead = LoadedLead(lead_id, 0, None, LeadState(), NO_CLAIMS, [], (), None, None, None)
            world.tracks[lead_id] = LeadInBatch(lead, History(), {}, frozenset(), frozenset())
        return world.tracks[lead_id]

    def _compare_lead(
        self, row: Mapping[str, Any], track: LeadInBatch, ledger: set[tuple[int, str, str]]
    ) -> Iterator[RecordDifference]:
        assert track.outcome is not None  # noqa: S101 - the caller looked
        scores, kept = track.outcome.scores, track.lead.state.protection
        counting = {(track.seq_of(line.source, line.event_id), line.group, line.signal) for line in scores.ledger}
        pairs = {
            "state": (load_state(row, row["state"]), track.lead.state),
            "facts": (load_claims(row["claims"]), track.lead.claims),
            "fit": (row["fit"], scores.fit),
            "engagement": (row["engagement"], scores.engagement),
            "cell": (row["cell"], scores.cell),
            "protected_until": (row["protected_until"], kept.until if kept else None),
            "ledger": (ledger, counting),
        }
        if self._tombstones.reads_gone(row["id"]):
            pairs.pop("state")
        for part, (stored, replayed) in pairs.items():
            if stored != replayed:
                yield RecordDifference("lead", row["id"], part, stored, replayed)

    # ------------------------------------------------------------------------------------------------ clocks
    def _as_stored(self, lead_id: int, clock: SlaClock, recorded: Recorded) -> SlaClock:
        """A replayed clock with the values that only its row has: id, whether it fired, the due moment after calendar
        edits.
        """
        stored = self._stored(lead_id, clock)
        if stored is None:
            return clock
        told = [part for part in recorded.body.get("clocks", ()) if part["key"] == clock.key]
        met = any(part["state"] == "met" for part in told)
        return replace(clock, id=stored.id, due_at=stored.due_at, fired=stored.fired and not met)

    def _name_clocks(self, track: LeadInBatch) -> None:
        track.lead.clocks = tuple(self._named(track.lead.id, clock) for clock in track.lead.clocks)

    def _named(self, lead_id: int, clock: SlaClock) -> SlaClock:
        """A replayed clock with the id of its row."""
        stored = self._stored(lead_id, clock)
        if stored is None or stored.id is None:
            return clock
        self._final_clocks[stored.id] = named = replace(clock, id=stored.id)
        return named

    def _stored(self, lead_id: int, clock: SlaClock) -> SlaClock | None:
        """The row of a replayed clock: by id, else the first row with the same start that no other clock has taken."""
        alike = self._clocks.get((lead_id, clock.key, clock.started_at), ())
        if clock.id is not None:
            return next((one for one in alike if one.id == clock.id), None)
        return next((one for one in alike if one.id not in self._final_clocks), None)

    def _end_clocks(self, track: LeadInBatch, now: datetime) -> None:
        """Cancel the running clocks of a merged lead."""
        track.lead.clocks = tuple(
            replace(clock, state="cancelled", ended_at=now) if clock.running else clock for clock in track.lead.clocks
        )
        self._name_clocks(track)


def _due(recorded: Recorded) -> Due:
    """Start and end of the clocks of a decision. Taken from the record, because people's working time is not stored."""
    told = {
        part["key"]: Timing(datetime.fromisoformat(part["started_at"]), datetime.fromisoformat(part["due_at"]))
        for part in recorded.body.get("clocks", ())
        if part["state"] == "running"
    }
    return lambda rule, _owner, now: told.get(rule.key, Timing(now, now + rule.window.timedelta))


def _choice(recorded: Recorded) -> Choice | None:
    """The stored choice of a person."""
    stored = recorded.body.get("assignment")
    if stored is None:
        return None
    candidates = tuple(Candidate(c["person"], CandidateReason(c["reason"])) for c in stored["candidates"])
    return Choice(
        stored["role"],
        stored["policy"],
        stored["chosen"],
        candidates,
        stored["otherwise"],
        way=stored.get("way", "turn"),
        conflict=stored.get("conflict"),
        warnings=tuple(stored.get("warnings", ())),
    )


def _compare_decision(recorded: Recorded, step: EventInBatch, digest: str) -> Iterator[RecordDifference]:
    outcome = step.outcome
    # Through JSON: tuples become lists and numbers texts, as in the stored body.
    again = json.loads(json.dumps(decision_body(outcome, recorded.event, step.notes, digest)))
    pairs = {
        "stage before": (recorded.stage_before, outcome.before.stage),
        "stage after": (recorded.stage_after, outcome.after.stage),
        "owner before": (recorded.owner_before, outcome.before.owner),
        "owner after": (recorded.owner_after, outcome.after.owner),
        "cell": (recorded.cell, outcome.scores.cell),
        "refused": _refusals(recorded.body.get("refused"), again.get("refused")),
        **{part: (recorded.body.get(part), again.get(part)) for part in REPLAYED},
    }
    for part, (stored, replayed) in pairs.items():
        if stored != replayed:
            yield RecordDifference("decision", recorded.id, part, stored, replayed)


def _refusals(stored: Mapping[str, Any] | None, again: Mapping[str, Any] | None) -> tuple[Any, Any]:
    """Both refusals in a comparable form. Old decisions store a sentence instead of values; these compare by code."""
    if stored is None or again is None or "values" in stored:
        return stored, again
    return stored["code"], again["code"]
