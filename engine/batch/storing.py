"""Store a batch: write everything that its decisions changed (docs/contract/design.md §3).

Leads, companies, ledger, clocks and rotations are written once, as they are after the last decision. Each decision is
written with its reasons. Events for other leads and effects on people follow. Decides nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.batch.assignment_round import AssignmentRound
from engine.batch.batch_state import BatchState
from engine.batch.leads import EventInBatch, LeadInBatch
from engine.batch.merging import refresh
from engine.batch.side_effects import SideEffects
from engine.core.assignment import pool
from engine.core.explain import decision_body, struck_body
from engine.core.lead.people import snapshot
from engine.core.outcome import Outcome
from engine.core.qualification import stages
from engine.store.decisions import reading, writing
from engine.store.inbox.inbox import put
from engine.store.outbox.outbox import save_outgoing
from engine.store.session import Driver

OWN_BY_PEOPLE = ("sla.", "roster.")
"""Prefixes of engine events whose decisions depend on people."""


class Storing:
    """Writes the ``steps`` of one batch and the final ``world``. ``gone`` are leads that were merged away during the
    batch.
    """

    def __init__(
        self,
        driver: Driver,
        world: BatchState,
        aftermath: SideEffects,
        steps: Sequence[EventInBatch],
        gone: Sequence[tuple[LeadInBatch, Outcome]] = (),
    ) -> None:
        self._driver, self._world, self._aftermath, self._steps = driver, world, aftermath, steps
        self._gone = gone
        self._moment, self._rules = world.at, world.at.rules

    def store(self, turns: AssignmentRound | None) -> list[int]:
        """Write accounts, leads, ledger, clocks and rotations, then the decisions in order, then the events that
        follow.

        Returns the leads that received events from the engine.
        """
        bodies = list(map(self._body, self._steps))
        verdicts = {step.track.lead.id: body["verdict"] for step, body in zip(self._steps, bodies, strict=True)}
        living = [
            (track, track.outcome)
            for track in self._world.tracks.values()
            if track.outcome is not None and not track.tombstone
        ]
        tracks = [track for track, _ in living]
        changed = {account.id: account.claims for account in self._world.companies.values() if account.changed}
        told_outside = [(step.track.lead.id, step.event, step.outcome) for step in self._steps]
        # Before the leads: webhooks carry the old scores, which are still in the rows.
        save_outgoing(self._driver, told_outside, self._moment.now)
        writing.save_accounts(self._driver, changed, self._rules.number)
        rows = [self._lead_row(*one, verdicts[one[0].lead.id]) for one in (*living, *self._gone)]
        writing.save_leads(self._driver, rows)
        self._store_ledger(tracks)
        clocks = [(track.lead.id, c) for track in tracks for c in track.lead.clocks if c not in track.stored_clocks]
        writing.save_clocks(self._driver, clocks)
        if turns is not None:
            turns.save(self._driver)
        writing.save_decisions(self._driver, list(map(self._decision_row, self._steps, bodies)))
        return [*self._refresh_siblings(), *self._aftermath.save()]

    def _refresh_siblings(self) -> list[int]:
        """Create a refresh event for each other lead of a company that this batch changed.

        A lead whose last decision came after the change is left out.
        """
        places = {step.event.seq: place for place, step in enumerate(self._steps)}
        last = {step.track.lead.id: place for place, step in enumerate(self._steps)}
        changed = {one.id: one for one in self._world.companies.values() if one.changed_by or one.rescore_cause}
        intakes = []
        for number, leads in reading.siblings(self._driver, changed).items():
            company = changed[number]
            # The latest cause wins: it covers leads decided between the two.
            causes = filter(None, (company.changed_by, company.rescore_cause))
            lead, seq = max(causes, key=lambda cause: places.get(cause[1], -1))
            cause = "account" if company.changed_by else "sibling"
            since = places.get(seq, -1)
            intakes += [
                refresh(sibling, f"{cause}:{number}:{seq}:{sibling}", self._moment.now, company.hops)
                for sibling in leads
                if sibling != lead and last.get(sibling, -1) <= since
            ]
        return [lead for _, lead in put(self._driver, intakes)]

    def _lead_row(self, track: LeadInBatch, outcome: Outcome, verdict: Mapping[str, Any]) -> dict[str, Any]:
        scores, kept = outcome.scores, track.lead.state.protection
        return {
            **writing.lead_row(track.lead, track.extras),
            "model": scores.model, "fit": scores.fit, "engagement": scores.engagement, "grade": scores.grade,
            "heat": scores.heat, "cell": scores.cell, "scored_at": self._moment.now,
            "policy_number": self._rules.number,
            "route": verdict["route"], "excluded": verdict["excluded"], "flagged": verdict["flagged"],
            "checklists": verdict["checklists"], "missing": verdict["missing"],
            "next_refresh_at": self._next_refresh(track),
            "protected_until": kept.until if kept else None,
            "pool_next_at": pool.next_at(track.lead.state, self._rules.policy.pool),
        }  # fmt: skip

    def _next_refresh(self, track: LeadInBatch) -> datetime | None:
        """When time alone may change a score; never that of a lead that is erased or gone."""
        final = track.outcome is None or track.lead.state.erased_at is not None
        return None if final else self._world.next_refresh(track)

    def _store_ledger(self, tracks: Sequence[LeadInBatch]) -> None:
        """Make the stored occurrences equal to those that count now. Another version may give the same ones other
        values.
        """
        added, gone = [], []
        for track in tracks:
            lines = track.outcome.scores.ledger if track.outcome else ()
            places = ((track.seq_of(line.source, line.event_id), line.group, line.signal) for line in lines)
            counting = {place: line.raw for place, line in zip(places, lines, strict=True)}
            # Under another version an unchanged occurrence may have another raw value: rewrite all.
            same = track.counted if track.lead.policy_number == self._rules.number else frozenset()
            added += [(track.lead.id, *place, raw_) for place, raw_ in counting.items() if place not in same]
            gone += [(track.lead.id, *place) for place in track.counted if place not in same or place not in counting]
            track.counted = frozenset(counting)
        writing.save_ledger(self._driver, added, gone)

    def _body(self, step: EventInBatch) -> dict[str, Any]:
        """The decision as it is stored. It includes the roster data it used, because a replay has no roster."""
        body = decision_body(step.outcome, step.event, step.notes, self._rules.digest)
        if step.event.actor or step.event.type in stages.WORK or step.event.type.startswith(OWN_BY_PEOPLE):
            body["by"] = snapshot(self._aftermath.people_of[step.event.seq], step.event, step.outcome.before)
        if struck := self._aftermath.struck.get(step.event.seq):
            body["strikes"] = list(map(struck_body, struck))
        return body

    def _decision_row(self, step: EventInBatch, body: dict[str, Any]) -> list[Any]:
        outcome = step.outcome
        return [
            step.event.seq, step.track.lead.id, self._moment.now, self._rules.number, outcome.before.stage,
            outcome.after.stage, outcome.before.owner, outcome.after.owner, outcome.scores.cell,
            outcome.refusal.code if outcome.refusal else None, body,
        ]  # fmt: skip
