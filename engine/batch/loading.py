"""Load a batch: leads, companies, merges and people, locked in one order (docs/contract/design.md §3).

Leads are locked by id, then companies by key. Rotations are locked later (`engine.batch.assignment_round`). A loader
lives as long as the batch's transaction. Decides nothing.
"""

from collections.abc import Callable, Iterable, Sequence

from engine.batch.batch_state import BatchContext, BatchState
from engine.batch.leads import CachedHistory, CompanyInBatch, Histories, LeadInBatch
from engine.batch.merging import Merging, named_leads
from engine.clock import WallClock
from engine.core.lead import facts
from engine.core.lead.history import History
from engine.core.lead.model import LeadEvent
from engine.core.scoring.siblings import account_dependency
from engine.matcher.rules import RulesCache
from engine.store.decisions import reading
from engine.store.decisions.people import read_people
from engine.store.decisions.reading import LoadedLead
from engine.store.inbox import waiting
from engine.store.roster.schedules import read_schedules
from engine.store.session import Driver


class LoadedCompanies(dict[str, CompanyInBatch]):
    """Companies by key. They are locked when the batch is loaded; an unforeseen one is locked on first access.

    ``ready`` is called for each company after it is locked.
    """

    def __init__(self, driver: Driver, number: int, ready: Callable[[CompanyInBatch, int | None], None]) -> None:
        super().__init__()
        self._driver = driver
        self._number = number
        self._ready = ready

    def __missing__(self, key: str) -> CompanyInBatch:
        self.lock([key])
        return self[key]

    def lock(self, keys: Iterable[str]) -> None:
        """Lock the companies of these keys in key order."""
        locked = reading.lock_accounts(self._driver, keys, self._number)
        for key, (account, claims, _) in locked.items():
            self[key] = CompanyInBatch(account, claims, leads=None)
        for key, (_, _, number) in locked.items():
            self._ready(self[key], number)


class Loading:
    """Loads one batch into ``world``. ``merging`` maps merged leads to the leads they are part of.

    ``sent_on_to`` lists the leads that received pending events of leads merged into them.
    """

    def __init__(
        self, driver: Driver, moment: BatchContext, versions: RulesCache, histories: Histories, clock: WallClock
    ) -> None:
        self.sent_on_to: list[int] = []
        self.world = BatchState(
            moment,
            lambda account: self._onlookers([account])[account],
            lambda lead: self._told.pop(lead, None) or reading.read_told(driver, [lead])[lead],
        )
        self.merging = Merging(driver, self.world)
        self._driver, self._moment, self._clock = driver, moment, clock
        self._rules, self._versions, self._histories = moment.rules, versions, histories
        self._moved: list[LoadedLead] = []
        self._told: dict[int, list[LeadEvent]] = {}

    def load(self, event_ids: Sequence[int]) -> tuple[list[tuple[int, LeadEvent]], int]:
        """Lock and load all leads of the batch. Pending events of a merged lead move to the surviving lead.

        Events are read twice: another batch may decide or move some of them before the leads are locked.
        """
        asked = {
            lead for lead, event in reading.read_events(self._driver, event_ids) for lead in (lead, *named_leads(event))
        }
        leads, self.merging.became = reading.lock_living(self._driver, asked)
        self._moment.now = max(self._moment.now, self._clock.now())
        # Events that moved to a lead outside the locked ones stay in the inbox for the next batch.
        items = [(lead, event) for lead, event in reading.read_events(self._driver, event_ids) if lead in leads]
        sent_on = 0
        for lead in {lead for lead, _ in items if lead in self.merging.became}:
            sent_on += waiting.forward(self._driver, lead, self.merging.became[lead])
            self.sent_on_to.append(self.merging.became[lead])
        items = [(lead, event) for lead, event in items if lead not in self.merging.became]
        # An event may come from a machine whose clock is ahead; a decision is never earlier than its event.
        self._moment.now = max([self._moment.now, *(event.occurred_at for _, event in items)])
        living = [lead for lead in leads.values() if lead.merged_into is None]
        self.world.tracks = self._make_tracks(living)
        self._reread()
        self._load_companies(items)
        schedules = read_schedules(self._driver, self._rules.policy)
        claimants = (event.actor for _, event in items if event.type == "lead.claimed" and event.actor)
        self._moment.people = read_people(self._driver, claimants, schedules, self._moment.now)
        self._moment.due = schedules.due
        return items, sent_on

    def _make_tracks(self, leads: Sequence[LoadedLead], *, histories: bool = True) -> dict[int, LeadInBatch]:
        """Leads with their histories: from the cache while the row is unchanged, else from the database."""
        known = {lead.id: found for lead in leads if (found := self._histories.get(lead)) is not None}
        # Version 0: the lead was never decided and has no history to read.
        unknown = [lead.id for lead in leads if lead.version > 0 and lead.id not in known and histories]
        events = reading.read_history(self._driver, unknown) if unknown else {}
        counted = reading.read_counted(self._driver, unknown) if unknown else {}
        read = {number: _remembered(0, past, counted[number]) for number, past in events.items()}
        nothing = _remembered(0, (), ())
        tracks = {}
        for lead in leads:
            past = known.get(lead.id) or read.get(lead.id, nothing)
            seqs = dict(past.seqs)
            tracks[lead.id] = LeadInBatch(
                lead,
                past.history,
                seqs,
                past.counted,
                frozenset(lead.clocks),
                reading=self._reading(lead),
                tombstone=lead.state.erased_at is not None,
            )
        return tracks

    def _reading(self, lead: LoadedLead) -> str:
        """The reading digest of a lead's claims; empty for a lead without claims."""
        return "" if lead.policy_number is None else self._versions.reading(lead.policy_number)

    def _onlookers(self, accounts: Sequence[int]) -> dict[int, dict[int, LeadInBatch]]:
        """The stored leads of locked accounts. The locks keep them unchanged."""
        leads = reading.read_members(self._driver, accounts)
        # A history costs a query per lead; only policies that score accounts read those of siblings.
        tracks = self._make_tracks(leads, histories=account_dependency(self._rules.policy).matters)
        found: dict[int, dict[int, LeadInBatch]] = {account: {} for account in accounts}
        for lead in leads:
            track = tracks[lead.id]
            self.world.reread(track)
            found[lead.account_id or 0][lead.id] = track
        return found

    def _reread(self) -> None:
        """Recompute the claims of leads that were last decided under a version with other fields (R3.6)."""
        stale = [track for track in self.world.tracks.values() if track.reading not in {"", self._rules.reading}]
        self._moved = [track.lead for track in stale]
        self._told = reading.read_told(self._driver, [lead.id for lead in self._moved]) if stale else {}
        for track in self.world.tracks.values():
            self.world.reread(track)

    def _reread_company(self, company: CompanyInBatch, number: int | None) -> None:
        company.reading = "unknown" if number is None else self._versions.reading(number)
        self.world.reread_company(company)

    def _load_companies(self, items: Iterable[tuple[int, LeadEvent]]) -> None:
        """Lock, in one statement, the accounts that the leads have now and will have after each of their events."""
        world = self.world
        claims = {number: track.lead.claims for number, track in self.world.tracks.items()}
        keys = {world.company_key(value) for value in claims.values()}
        for lead, event in items:
            if event.type == "lead.merged":
                several = [track.lead.id for track in self.merging.concerned(lead, event)]
                claims |= dict.fromkeys(several, facts.joined(claims[number] for number in several))
            elif _may_name_a_company(event, claims[lead]):
                claims[lead] = world.fold(claims[lead], event).claims
            else:
                continue
            keys.add(world.company_key(claims[lead]))
        # A reread can give a lead another company; the one it leaves is changed too.
        left = sorted({lead.account_id for lead in self._moved if lead.account_id is not None})
        keys |= set(reading.account_keys(self._driver, left)) if left else set()
        companies = LoadedCompanies(self._driver, self._rules.number, self._reread_company)
        world.companies = companies
        # One statement for all keys keeps the key order, so that two batches cannot deadlock here.
        companies.lock(filter(None, keys))
        self._moment.now = max(self._moment.now, self._clock.now())
        if account_dependency(self._rules.policy).matters:
            accounts = {company.id: company for company in world.companies.values()}
            for number, stored in self._onlookers(sorted(accounts)).items():
                accounts[number].leads = {n: world.tracks.get(n, track) for n, track in stored.items()}


def _remembered(version: int, past: Iterable[LeadEvent], counted: Iterable[tuple[int, str, str]]) -> CachedHistory:
    """The cache entry for a lead with these events."""
    events = list(past)
    seqs = {(event.source, event.id): event.seq for event in events}
    return CachedHistory(version, History.of(events), seqs, frozenset(counted))


def _may_name_a_company(event: LeadEvent, claims: facts.Claims) -> bool:
    """Whether an event may change its lead's company. False negatives are possible: that company is locked on
    access.
    """
    fresh_mailbox = "email" in event.identities and facts.IDENTITIES["lead.email"] not in claims
    return bool(event.company) or "email" in event.traits or fresh_mailbox
