"""Merge leads and undo merges inside a batch, in the database and in memory.

Runs in the batch's transaction, with all affected leads locked. `engine.core.lead.merging` decides which lead stays;
`engine.store.decisions.merges` moves the rows. Decides nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.batch.batch_state import BatchState
from engine.batch.leads import LeadInBatch
from engine.core.lead.model import LeadEvent
from engine.core.outcome import Outcome
from engine.errors import IllegalMove
from engine.store.decisions import merges, reading, writing
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.session import Driver


class Merging:
    """The merges of one batch.

    ``woken``: leads that received events from the engine. ``unmerged_events``: events that an undone merge gave back.

    ``gone``: leads that were decided in this batch and then merged away, each with its last outcome.
    """

    def __init__(self, driver: Driver, world: BatchState) -> None:
        self.became: dict[int, int] = {}
        self.unmerged_events: set[int] = set()
        self.woken: list[int] = []
        self.gone: list[tuple[LeadInBatch, Outcome]] = []
        self._driver = driver
        self._world = world

    def living(self, lead_id: int) -> int:
        """The lead that a lead is part of now; the lead itself if it was never merged."""
        while lead_id in self.became:
            lead_id = self.became[lead_id]
        return lead_id

    def track(self, lead_id: int) -> LeadInBatch:
        """The lead, or the one it was merged into."""
        return self._world.tracks[self.living(lead_id)]

    def concerned(self, lead_id: int, event: LeadEvent) -> list[LeadInBatch]:
        """All leads that an event affects, its own first."""
        several = dict.fromkeys(map(self.living, (lead_id, *named_leads(event))))
        return [self._world.tracks[number] for number in several if number in self._world.tracks]

    def subject(self, lead_id: int, event: LeadEvent) -> LeadInBatch:
        """The lead that an event is decided on. A merge, and the undo of one, is decided on the lead that stays.

        Raises IllegalMove if a merge names leads that are not the event's, NotFound for an unknown merge.
        """
        track = self.track(lead_id)
        if event.type == "lead.separated":
            return self._separate(track, event)
        if event.type != "lead.merged" or any(
            one.lead.state.erased_at is not None for one in self.concerned(lead_id, event)
        ):
            return track
        if isinstance(undo := event.properties.get("undo"), int):
            return self._part(track, undo, event)
        if len(several := self.concerned(lead_id, event)) > 2:
            raise IllegalMove(
                "other_leads", "lead.merged must name its own lead and one other: properties.leads: [a, b]"
            )
        return self._merge(several, event) if len(several) == 2 else track

    def _merge(self, pair: list[LeadInBatch], event: LeadEvent) -> LeadInBatch:
        stays, goes = self._world.pair(*pair)
        by = event.properties.get("by") if event.source == ENGINE_SOURCE else None
        if by and merges.speaks_against(self._driver, by[-1], stays.lead.id, goes.lead.id):
            raise IllegalMove("two_people", "the leads have become two people since: identifiers of them differ")
        if goes.outcome is not None:
            # `join` clears the outcome, and the decision already made must still be stored.
            self.gone.append((goes, goes.outcome))
            fresh = [(goes.lead.id, clock) for clock in goes.lead.clocks if clock not in goes.stored_clocks]
            # Clocks of this batch must be rows before `move` cancels them and lists their ids.
            writing.save_clocks(self._driver, fresh)
        merges.move(self._driver, stays.lead.id, goes.lead.id, self._world.at.now)
        self.became[goes.lead.id] = stays.lead.id
        self._world.join(stays, goes, event.seq)
        return stays

    def _part(self, track: LeadInBatch, merge_id: int, event: LeadEvent) -> LeadInBatch:
        """Undo a merge: each lead gets its own events back. The separated lead is decided again by an event of its
        own.
        """
        return self._parted(track, event, *merges.restore(self._driver, merge_id, track.lead.id, self._world.at.now))

    def _separate(self, track: LeadInBatch, event: LeadEvent) -> LeadInBatch:
        """An identifier and the events it names go to a lead of their own."""
        named = event.properties.get("identifier")
        if not isinstance(named, Mapping) or len(named) != 1:
            raise IllegalMove("no_identifier", "lead.separated must name one identifier: properties.identifier")
        (identifier,) = named.items()
        now = self._world.at.now
        return self._parted(track, event, *merges.separate(self._driver, track.lead.id, identifier, event.seq, now))

    def _parted(self, track: LeadInBatch, event: LeadEvent, merge: merges.Merge, events: frozenset[int]) -> LeadInBatch:
        self.unmerged_events |= events
        self._world.relearn(track, merges.read_all_events(self._driver, merge.winner_id), event.seq)
        # `restore` moved ledger rows away; the database is the current state.
        track.counted = frozenset(reading.read_counted(self._driver, [merge.winner_id])[merge.winner_id])
        own = self._world.folded(merges.read_all_events(self._driver, merge.loser_id))
        merges.rewrite_claims(self._driver, merge.loser_id, own)
        put(self._driver, [refresh(merge.loser_id, f"parted:{merge.id}", self._world.at.now)])
        self.woken.append(merge.loser_id)
        return track


def named_leads(event: LeadEvent) -> frozenset[int]:
    """The leads that a merge event names; empty for other events."""
    named = event.properties.get("leads") if event.type == "lead.merged" else None
    several: Iterable[object] = named if isinstance(named, list) else ()
    return frozenset(number for number in several if isinstance(number, int))


def refresh(lead_id: int, event_id: str, now: datetime, hops: int = 0) -> Intake:
    """An engine event that makes a lead be decided again. Its id contains the cause, so it is stored once.

    ``hops`` counts the refreshes in a row that led to it.
    """
    return Intake(
        source=ENGINE_SOURCE,
        id=event_id,
        type="score.refreshed",
        occurred_at=now,
        due_at=now,
        properties={"cause": event_id.partition(":")[0], **({"hops": hops} if hops else {})},
        lead_id=lead_id,
    )
