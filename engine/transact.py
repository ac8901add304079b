"""One batch, one transaction: lock, load, decide, assign, store (DESIGN.md §3).

Locks are taken in one order everywhere: leads by id, accounts by key, rotations by policy. Decisions are computed in
memory, event after event, and written together. Who needs a person waits for the end of the round; then all are
served under the rotations' locks, and what they left behind is decided in the next round. An event that raises leaves
no trace: the transaction is rolled back and `EventsFailed` says which to leave out. What was learned of histories is
kept once the commit has happened.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.aftermath import Aftermath
from engine.clock import Clock
from engine.core import facts, pool, stages
from engine.core.discipline import Suspended
from engine.core.explain import decision_body, struck_body
from engine.core.history import History
from engine.core.model import LeadEvent
from engine.core.people import NOBODY, People, claimed_by, told
from engine.core.schedules import Schedules
from engine.core.siblings import together
from engine.errors import BatonError
from engine.merging import Merging, named_leads, refresh
from engine.rules import Rules, RulesCache
from engine.store import batch, waiting
from engine.store.batch import LoadedLead
from engine.store.inbox import put
from engine.store.people import read_people
from engine.store.roster_lock import read_roster_lock
from engine.store.schedules import read_schedules
from engine.store.session import DatabaseError, Driver, raw, transaction
from engine.tracks import AccountTrack, Histories, Remembered, Step, Track
from engine.turns import Turns
from engine.world import Moment, World

OWN_BY_PEOPLE = ("sla.", "roster.")
"""The engine's own events whose decisions ask about people."""


class EventsFailed(BatonError):
    """Events of a batch raised; nothing was committed. ``errors`` lists (event, what it raised)."""

    def __init__(self, errors: Sequence[tuple[int, Exception]]) -> None:
        super().__init__(f"{len(errors)} events failed, the first with {errors[0][1]!r}")
        self.errors = list(errors)


class Companies(dict[str, AccountTrack]):
    """Companies by key, locked when the batch was loaded; one that nobody foresaw is locked when it is asked for.

    ``ready`` is done to each once it is locked.
    """

    def __init__(self, driver: Driver, number: int, ready: Callable[[AccountTrack, int | None], None]) -> None:
        super().__init__()
        self._driver = driver
        self._number = number
        self._ready = ready

    def __missing__(self, key: str) -> AccountTrack:
        self.lock([key])
        return self[key]

    def lock(self, keys: Iterable[str]) -> None:
        """Lock the companies of these keys, in the order of the keys."""
        locked = batch.lock_accounts(self._driver, keys, self._number)
        for key, (account, claims, _) in locked.items():
            self[key] = AccountTrack(account, claims, leads=None)
        for key, (_, _, number) in locked.items():
            self._ready(self[key], number)


class BatchTransaction:
    """Decides one batch. After `decide`, ``woken`` lists the leads that got events of the engine's own."""

    def __init__(self, rules: Rules, versions: RulesCache, histories: Histories, clock: Clock) -> None:
        self.woken: list[int] = []
        self._rules = rules
        self._histories = histories
        self._versions = versions
        self._moment = Moment(clock.now(), rules, NOBODY, versions.clock_rule, Schedules.of(rules.policy, {}, ()).due)
        self._clock = clock
        self._steps: list[Step] = []
        self._failed: list[tuple[int, Exception]] = []
        self._spoiled: set[int] = set()
        self._turns: Turns | None = None
        self._suspended: list[str] = []
        self._people_of: dict[int, People] = {}
        self._moved: list[LoadedLead] = []
        self._told: dict[int, list[LeadEvent]] = {}

    def decide(self, event_ids: Sequence[int]) -> int:
        """Decide these events and commit; returns how many were decided or sent on to the lead theirs was merged into.

        1. lock and load; 2. decide in order, leaving out leads that wait for a person; 3. find these persons; 4. again
        from 2 with what was left out; 5. store. Raises EventsFailed, with nothing committed, when an event raised.
        """
        with transaction() as connection:
            driver = raw(connection)
            read_roster_lock(driver)
            self._world = World(
                self._moment,
                lambda account: self._onlookers(driver, [account])[account],
                lambda lead: self._told.pop(lead, None) or batch.read_told(driver, [lead])[lead],
            )
            self._merging = Merging(driver, self._world)
            self._aftermath = Aftermath(driver, self._moment, self._suspend)
            items, sent_on = self._load(driver, event_ids)
            self._decide_in_rounds(driver, items)
            if self._failed:
                raise EventsFailed(self._failed)
            self._store(driver)
            waiting.leave(driver, sorted(self._merging.parted.intersection(event_ids)))
        for track in self._tracks.values():
            if track.outcome is not None:
                known = Remembered(track.lead.version + 1, track.history, track.seqs, track.counted)
                self._histories.put(track.lead.id, known)
        self.woken += self._merging.woken
        return len(self._steps) + sent_on

    @property
    def _tracks(self) -> dict[int, Track]:
        return self._world.tracks

    # ------------------------------------------------------------------------------------------------ loading
    def _load(self, driver: Driver, event_ids: Sequence[int]) -> tuple[list[tuple[int, LeadEvent]], int]:
        """Lock and load everything the batch speaks of; what waits for merged leads is sent on to those that stayed.

        Events are read again once the leads are locked: another batch may have decided or moved some meanwhile.
        """
        asked = {lead for lead, event in batch.read_events(driver, event_ids) for lead in (lead, *named_leads(event))}
        leads, self._merging.became = batch.lock_living(driver, asked)
        self._moment.now = max(self._moment.now, self._clock.now())
        items = [(lead, event) for lead, event in batch.read_events(driver, event_ids) if lead in leads]
        sent_on = 0
        for lead in {lead for lead, _ in items if lead in self._merging.became}:
            sent_on += waiting.forward(driver, lead, self._merging.became[lead])
            self.woken.append(self._merging.became[lead])
        items = [(lead, event) for lead, event in items if lead not in self._merging.became]
        self._moment.now = max([self._moment.now, *(event.occurred_at for _, event in items)])
        living = [lead for lead in leads.values() if lead.merged_into is None]
        self._world.tracks = self._make_tracks(driver, living)
        self._reread(driver)
        self._load_companies(driver, items)
        schedules = read_schedules(driver, self._rules.policy)
        claimants = (event.actor for _, event in items if event.type == "lead.claimed" and event.actor)
        self._moment.people = read_people(driver, claimants, schedules, self._moment.now)
        self._moment.due = schedules.due
        return items, sent_on

    def _make_tracks(self, driver: Driver, leads: Sequence[LoadedLead], *, histories: bool = True) -> dict[int, Track]:
        """Leads with their histories: as remembered while nobody changed them, else read."""
        known = {lead.id: found for lead in leads if (found := self._histories.get(lead)) is not None}
        unknown = [lead.id for lead in leads if lead.version > 0 and lead.id not in known and histories]
        events = batch.read_history(driver, unknown) if unknown else {}
        counted = batch.read_counted(driver, unknown) if unknown else {}
        read = {number: _remembered(0, past, counted[number]) for number, past in events.items()}
        nothing = _remembered(0, (), ())
        tracks = {}
        for lead in leads:
            past = known.get(lead.id) or read.get(lead.id, nothing)
            seqs = dict(past.seqs)
            tracks[lead.id] = Track(
                lead, past.history, seqs, past.counted, frozenset(lead.clocks), reading=self._reading(lead)
            )
        return tracks

    def _reading(self, lead: LoadedLead) -> str:
        """What a lead's claims were read by; empty for one that says nothing yet."""
        return "" if lead.policy_number is None else self._versions.reading(lead.policy_number)

    def _onlookers(self, driver: Driver, accounts: Sequence[int]) -> dict[int, dict[int, Track]]:
        """The leads of locked accounts as they are stored; nobody changes them while the locks are held."""
        leads = batch.read_members(driver, accounts)
        tracks = self._make_tracks(driver, leads, histories=together(self._rules.policy).matters)
        found: dict[int, dict[int, Track]] = {account: {} for account in accounts}
        for lead in leads:
            track = tracks[lead.id]
            self._world.reread(track)
            found[lead.account_id or 0][lead.id] = track
        return found

    def _reread(self, driver: Driver) -> None:
        """Read the statements of leads anew that were last decided under a version with other fields (R3.6)."""
        stale = [track for track in self._tracks.values() if track.reading not in {"", self._rules.reading}]
        self._moved = [track.lead for track in stale]
        self._told = batch.read_told(driver, [lead.id for lead in self._moved]) if stale else {}
        for track in self._tracks.values():
            self._world.reread(track)

    def _reread_company(self, company: AccountTrack, number: int | None) -> None:
        company.reading = "unknown" if number is None else self._versions.reading(number)
        self._world.reread_company(company)

    def _load_companies(self, driver: Driver, items: Iterable[tuple[int, LeadEvent]]) -> None:
        """Lock the accounts that the leads have now and will have after each of their events, in one go."""
        world = self._world
        claims = {number: track.lead.claims for number, track in self._tracks.items()}
        keys = {world.company_key(value) for value in claims.values()}
        for lead, event in items:
            if event.type == "lead.merged":
                several = [track.lead.id for track in self._merging.concerned(lead, event)]
                claims |= dict.fromkeys(several, facts.joined(claims[number] for number in several))
            elif _may_name_a_company(event, claims[lead]):
                claims[lead] = world.fold(claims[lead], event).claims
            else:
                continue
            keys.add(world.company_key(claims[lead]))
        left = sorted({lead.account_id for lead in self._moved if lead.account_id is not None})
        keys |= set(batch.account_keys(driver, left)) if left else set()
        companies = Companies(driver, self._rules.number, self._reread_company)
        world.companies = companies
        companies.lock(filter(None, keys))
        self._moment.now = max(self._moment.now, self._clock.now())
        if together(self._rules.policy).matters:
            accounts = {company.id: company for company in world.companies.values()}
            for number, stored in self._onlookers(driver, sorted(accounts)).items():
                accounts[number].leads = {n: world.tracks.get(n, track) for n, track in stored.items()}

    # ------------------------------------------------------------------------------------------------ deciding
    def _decide_in_rounds(self, driver: Driver, items: Sequence[tuple[int, LeadEvent]]) -> None:
        """Decide everything, in the order of each lead; between two rounds who waits for a person is served."""
        left, begun = items, 0
        while left:
            left = [item for item in left if not self._decide_one(*item)]
            self._assign(driver, self._steps[begun:])
            begun = len(self._steps)

    def _decide_one(self, lead_id: int, event: LeadEvent) -> bool:
        """Decide one event; False while it must wait for the person another event has asked for."""
        concerned = self._merging.concerned(lead_id, event)
        if any(track.pending for track in concerned):
            return False
        if event.seq in self._merging.parted or not self._spoiled.isdisjoint(track.lead.id for track in concerned):
            return True
        try:
            step = self._world.decide(self._merging.subject(lead_id, event), event)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event raises is recorded on it, the others go on
            self._fail(event, error, concerned)
            return True
        self._steps.append(step)
        self._aftermath.decided(step)
        self._people_of[step.event.seq] = self._moment.people
        self._moment.people = claimed_by(self._moment.people, event, refused=step.outcome.refusal is not None)
        step.track.pending = step.outcome.need is not None
        return True

    # ------------------------------------------------------------------------------------------------ assigning
    def _assign(self, driver: Driver, steps: Sequence[Step]) -> None:
        """Find people for the leads that need them, under the locks of every rotation of the policy."""
        for step in steps:
            if (need := step.outcome.need) is None:
                continue
            self._turns = self._turns or self._lock_turns(driver)
            step.track.pending = False
            try:
                choice = self._turns.choose(step, need)
                self._world.settle(step, choice)
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - as in `_decide_one`
                self._fail(step.event, error, [step.track])
            else:
                self._turns.take(step, choice)

    def _lock_turns(self, driver: Driver) -> Turns:
        turns = Turns.locked(driver, self._moment, self._world.account_owners)
        for person in self._suspended:
            turns.suspend(person)
        return turns

    def _suspend(self, begun: Suspended) -> None:
        """Somebody receives no leads from now on, in this batch neither."""
        self._suspended.append(begun.person)
        if self._turns is not None:
            self._turns.suspend(begun.person)

    def _fail(self, event: LeadEvent, error: Exception, concerned: Iterable[Track]) -> None:
        """Note what an event raised. The batch will be rolled back, so that what else its leads have is left alone."""
        self._failed.append((event.seq, error))
        self._spoiled.update(track.lead.id for track in concerned)

    # ------------------------------------------------------------------------------------------------ storing
    def _store(self, driver: Driver) -> None:
        """Write what became of accounts, leads, ledger, clocks and rotations, then the decisions in their order."""
        bodies = list(map(self._body, self._steps))
        verdicts = {step.track.lead.id: body["verdict"] for step, body in zip(self._steps, bodies, strict=True)}
        tracks = [track for track in self._tracks.values() if track.outcome is not None]
        changed = {account.id: account.claims for account in self._world.companies.values() if account.changed}
        batch.save_accounts(driver, changed, self._rules.number)
        batch.save_leads(driver, [self._lead_row(track, verdicts[track.lead.id]) for track in tracks])
        self._store_ledger(driver, tracks)
        clocks = [(track.lead.id, c) for track in tracks for c in track.lead.clocks if c not in track.stored_clocks]
        batch.save_clocks(driver, clocks)
        if compensations := self._aftermath.compensations():
            self._turns = self._turns or self._lock_turns(driver)
            for one in compensations:
                self._turns.compensate(one.policy, one.person)
        if self._turns is not None:
            self._turns.save(driver)
        batch.save_decisions(driver, list(map(self._decision_row, self._steps, bodies)))
        self._refresh_siblings(driver)
        self.woken.extend(self._aftermath.save())

    def _refresh_siblings(self, driver: Driver) -> None:
        """Other leads of companies that this batch has changed are decided anew, by events of the engine's own.

        Those are left out whose last decision of the batch was made after the change.
        """
        places = {step.event.seq: place for place, step in enumerate(self._steps)}
        last = {step.track.lead.id: place for place, step in enumerate(self._steps)}
        changed = {one.id: one for one in self._world.companies.values() if one.changed_by or one.stirred_by}
        intakes = []
        for number, leads in batch.siblings(driver, changed).items():
            company = changed[number]
            causes = filter(None, (company.changed_by, company.stirred_by))
            lead, seq = max(causes, key=lambda cause: places.get(cause[1], -1))
            cause = "account" if company.changed_by else "sibling"
            since = places.get(seq, -1)
            intakes += [
                refresh(sibling, f"{cause}:{number}:{seq}:{sibling}", self._moment.now, company.hops)
                for sibling in leads
                if sibling != lead and last.get(sibling, -1) <= since
            ]
        self.woken.extend(lead for _, lead in put(driver, intakes))

    def _lead_row(self, track: Track, verdict: Mapping[str, Any]) -> dict[str, Any]:
        outcome = track.outcome
        assert outcome is not None  # noqa: S101 - only tracks with a decision are stored
        scores, kept = outcome.scores, track.lead.state.protection
        return {
            **batch.lead_row(track.lead, track.extras),
            "model": scores.model, "fit": scores.fit, "engagement": scores.engagement, "grade": scores.grade,
            "heat": scores.heat, "cell": scores.cell, "scored_at": self._moment.now,
            "policy_number": self._rules.number,
            "route": verdict["route"], "excluded": verdict["excluded"], "flagged": verdict["flagged"],
            "checklists": verdict["checklists"], "missing": verdict["missing"],
            "next_refresh_at": self._world.next_refresh(track),
            "protected_until": kept.until if kept else None,
            "pool_next_at": pool.next_at(track.lead.state, self._rules.policy.pool, self._moment.now),
        }  # fmt: skip

    def _store_ledger(self, driver: Driver, tracks: Sequence[Track]) -> None:
        """Keep the stored occurrences equal to those that count now; another version may count the same for more."""
        added, gone = [], []
        for track in tracks:
            lines = track.outcome.scores.ledger if track.outcome else ()
            places = ((track.seq_of(line.source, line.event_id), line.group, line.signal) for line in lines)
            counting = {place: line.raw for place, line in zip(places, lines, strict=True)}
            same = track.counted if track.lead.policy_number == self._rules.number else frozenset()
            added += [(track.lead.id, *place, raw_) for place, raw_ in counting.items() if place not in same]
            gone += [(track.lead.id, *place) for place in track.counted if place not in same or place not in counting]
            track.counted = frozenset(counting)
        batch.save_ledger(driver, added, gone)

    def _body(self, step: Step) -> dict[str, Any]:
        """The stored decision; what the roster said of the actor is kept, for a replay has no roster."""
        body = decision_body(step.outcome, step.event, step.notes, self._rules.digest)
        if step.event.actor or step.event.type in stages.WORK or step.event.type.startswith(OWN_BY_PEOPLE):
            body["by"] = told(self._people_of[step.event.seq], step.event, step.outcome.before)
        if struck := self._aftermath.struck.get(step.event.seq):
            body["strikes"] = list(map(struck_body, struck))
        return body

    def _decision_row(self, step: Step, body: dict[str, Any]) -> list[Any]:
        outcome = step.outcome
        return [
            step.event.seq, step.track.lead.id, self._moment.now, self._rules.number, outcome.before.stage,
            outcome.after.stage, outcome.before.owner, outcome.after.owner, outcome.scores.cell,
            outcome.refusal.code if outcome.refusal else None, body,
        ]  # fmt: skip


def _remembered(version: int, past: Iterable[LeadEvent], counted: Iterable[tuple[int, str, str]]) -> Remembered:
    """What is kept of a lead with these events."""
    events = list(past)
    seqs = {(event.source, event.id): event.seq for event in events}
    return Remembered(version, History.of(events), seqs, frozenset(counted))


def _may_name_a_company(event: LeadEvent, claims: facts.Claims) -> bool:
    """Whether an event may change what company its lead belongs to; one that it names after all is locked then."""
    fresh_mailbox = "email" in event.identities and facts.IDENTITIES["lead.email"] not in claims
    return bool(event.company) or "email" in event.traits or fresh_mailbox
