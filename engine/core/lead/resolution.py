"""Which lead an event means: found, made, or two leads that are one (docs/contract/design.md §2).

Pure bookkeeping over numbers of leads: the inbox fills it with what the database knows of the identifiers of a request
and writes what is new; a simulation keeps one for all of its events. What breaks a link is `engine.core.lead.identity`;
what becomes of leads that are one is decided by whoever locks them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.core.lead.identity import Identifier, breaks, names_nobody, naming


class Meant(NamedTuple):
    """The lead of an event; ``visitor``: nothing but a value that several people share names it."""

    lead: int
    visitor: bool = False


@dataclass(slots=True)
class _Known:
    """What is known of one lead, or of several that are about to be joined: values by kind, who vouches for them."""

    values: dict[str, set[str]] = field(default_factory=dict)
    trusted: bool = False

    def add(self, identifier: Identifier) -> None:
        kind, value = identifier
        self.values.setdefault(kind, set()).add(value)

    @property
    def anonymous(self) -> bool:
        """Whether nothing but anonymous ids names it."""
        return self.values.keys() <= {"anonymous_id"}


class Resolution:
    """Who is known by which identifiers.

    What events add, for whoever stores it: ``fresh`` identifiers with their lead and whether a trusted source said so;
    ``fresh_shared`` identifiers that turned out to belong to several people; ``fresh_visitors`` their visitor leads;
    ``fresh_claims`` (identifier, lead) where a lead brought an identifier that is not its own; ``merges`` the pairs of
    leads, lower number first, that are one person, with the kinds of identifiers that say so.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        """``numbers`` are those of new leads."""
        self.lead_by_identifier: dict[Identifier, int] = {}
        self.shared: set[Identifier] = set()
        self.visitors: dict[Identifier, int] = {}
        self.apart: set[tuple[int, int]] = set()
        self.fresh: dict[Identifier, tuple[int, bool]] = {}
        self.fresh_shared: set[Identifier] = set()
        self.fresh_visitors: dict[Identifier, int] = {}
        self.fresh_claims: set[tuple[Identifier, int]] = set()
        self.merges: dict[tuple[int, int], tuple[str, str]] = {}
        self._public: set[Identifier] = set()
        self._known: dict[int, _Known] = {}
        self._root: dict[int, int] = {}
        self._numbers = numbers

    # ------------------------------------------------------------------------------------------ what is known
    def learn(self, identifier: Identifier, lead: int, *, trusted: bool) -> None:
        """An identifier names a lead."""
        self.lead_by_identifier[identifier] = lead
        known = self._of(lead)
        known.add(identifier)
        known.trusted |= trusted
        if not trusted:
            self._public.add(identifier)

    def claim(self, identifier: Identifier, lead: int) -> None:
        """A lead has brought an identifier that is not its own; it counts against links all the same."""
        self._of(lead).add(identifier)

    def forget(self, lead: int) -> None:
        """A lead was erased: none of its identifiers names anybody any more."""
        group = self._group(lead)
        for identifier in [one for one, owner in self.lead_by_identifier.items() if self._group(owner) == group]:
            del self.lead_by_identifier[identifier]
            self.shared.discard(identifier)
        self._known.pop(group, None)

    def unite(self, one: int, other: int) -> None:
        """Two leads are one person, or soon will be: what is known of either is known of both."""
        stays, goes = self._group(one), self._group(other)
        if stays == goes:
            return
        mine, theirs = self._of(stays), self._known.pop(goes, _Known())
        for kind, values in theirs.values.items():
            mine.values.setdefault(kind, set()).update(values)
        mine.trusted |= theirs.trusted
        self._root[goes] = stays

    # ------------------------------------------------------------------------------------------ who is meant
    def lead_of(self, identities: Mapping[str, str], *, trusted: bool) -> Meant:
        """The lead of one event, learning from it.

        1. values that several people share name nobody; 2. the most trusted known identifier whose link the event does
        not break names the lead; 3. a further one that nothing breaks joins its lead to that; 4. if none is left the
        lead is new; 5. what the event brings and nothing breaks is added.
        """
        named = naming({kind: value for kind, value in identities.items() if not names_nobody(kind, value)})
        usable = [identifier for identifier in named if identifier not in self.shared]
        lead = self._named_lead(named, usable, trusted=trusted)
        if lead is None:
            if named and all(identifier in self.lead_by_identifier for identifier in usable):
                return Meant(self._visitor(named[0]), visitor=True)
            lead = next(self._numbers)
        self._add(named, lead, trusted=trusted)
        return Meant(lead)

    def take_merges(self) -> tuple[tuple[int, int], ...]:
        """The pairs found since the last call, in order."""
        pairs = tuple(sorted(self.merges))
        self.merges.clear()
        return pairs

    def join(self, stays: int, goes: int) -> None:
        """From now on the identifiers of one lead name the other."""
        self.unite(stays, goes)
        moved = [
            (kind, value)
            for kind, values in self._of(stays).values.items()
            for value in values
            if self.lead_by_identifier.get((kind, value)) == goes
        ]
        self.lead_by_identifier |= dict.fromkeys(moved, stays)

    def _named_lead(self, named: Sequence[Identifier], usable: Sequence[Identifier], *, trusted: bool) -> int | None:
        """The lead that the event's known identifiers name; links that it breaks are marked, joins are noted."""
        said = {kind: {value} for kind, value in named}
        first: tuple[Identifier, int] | None = None
        for identifier in usable:
            lead = self.lead_by_identifier.get(identifier)
            if lead is None:
                continue
            if breaks(identifier[0], said, self._of(lead).values):
                self._break(identifier, trusted=trusted)
            elif first is None:
                first = (identifier, lead)
            else:
                self._consider_merge(first, (identifier, lead), trusted=trusted)
        return first[1] if first else None

    def _consider_merge(self, first: tuple[Identifier, int], second: tuple[Identifier, int], *, trusted: bool) -> None:
        """Two identifiers of one event name two leads: one person, unless what is known of them breaks the link."""
        (link, lead), (weaker, other) = first, second
        if self._group(lead) == self._group(other):
            return
        mine, theirs, pair = self._of(lead), self._of(other), (min(lead, other), max(lead, other))
        if breaks(weaker[0], mine.values, theirs.values):
            self._break(weaker, trusted=trusted)
        elif (trusted or mine.anonymous or theirs.anonymous) and pair not in self.apart:
            self.merges[pair] = (link[0], weaker[0])
            self.unite(lead, other)

    def _break(self, identifier: Identifier, *, trusted: bool) -> None:
        """A value that names another person than the event speaks of; a public key says so only of public links."""
        if trusted or identifier in self._public:
            self.shared.add(identifier)
            self.fresh_shared.add(identifier)

    def _add(self, named: Sequence[Identifier], lead: int, *, trusted: bool) -> None:
        for identifier in named:
            if not self._may_add(identifier, lead, trusted=trusted):
                continue
            owner = self.lead_by_identifier.get(identifier)
            if owner is None:
                self.fresh[identifier] = (lead, trusted)
                self.learn(identifier, lead, trusted=trusted)
            elif identifier[0] != "anonymous_id" and self._group(owner) != self._group(lead):
                self._claim_new(identifier, lead)

    def _claim_new(self, identifier: Identifier, lead: int) -> None:
        kind, value = identifier
        if value not in self._of(lead).values.get(kind, ()):
            self.fresh_claims.add((identifier, lead))
            self.claim(identifier, lead)

    def _visitor(self, identifier: Identifier) -> int:
        """The one lead of everybody whom nothing but this shared value names."""
        if identifier not in self.visitors:
            self.visitors[identifier] = self.fresh_visitors[identifier] = next(self._numbers)
        return self.visitors[identifier]

    def _may_add(self, identifier: Identifier, lead: int, *, trusted: bool) -> bool:
        """A browser may add its anonymous id to anybody, other identifiers only to leads no trusted system knows."""
        return trusted or identifier[0] == "anonymous_id" or not self._of(lead).trusted

    def _of(self, lead: int) -> _Known:
        return self._known.setdefault(self._group(lead), _Known())

    def _group(self, lead: int) -> int:
        while lead in self._root:
            lead = self._root[lead]
        return lead
