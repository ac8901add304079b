"""Which lead an event means: found, made, or two leads that are one (docs/contract/design.md §2).

Pure bookkeeping over numbers of leads: the inbox fills it with what the database knows of the identifiers of a request
and writes what is new; a simulation keeps one for all of its events. How far identifiers are trusted is
`engine.core.lead.identity`; what becomes of leads that are one is decided by whoever locks them.
"""

from collections.abc import Iterator, Mapping

from engine.core.lead.identity import Identifier, are_one_person, is_anonymous, naming


class Resolution:
    """Who is known by which identifiers.

    ``fresh`` are the identifiers that events added, with their lead and whether a trusted source said so; ``merges``
    the pairs of leads, lower number first, that events have shown to be one person.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        """``numbers`` are those of new leads."""
        self.lead_by_identifier: dict[Identifier, int] = {}
        self.identifiers: dict[int, set[Identifier]] = {}
        self.fresh: dict[Identifier, tuple[int, bool]] = {}
        self.trusted_leads: set[int] = set()
        self.merges: set[tuple[int, int]] = set()
        self._numbers = numbers

    def learn(self, identifier: Identifier, lead: int, *, trusted: bool) -> None:
        """An identifier names a lead."""
        self.lead_by_identifier[identifier] = lead
        self.identifiers.setdefault(lead, set()).add(identifier)
        if trusted:
            self.trusted_leads.add(lead)

    def lead_of(self, identities: Mapping[str, str], *, trusted: bool) -> int:
        """The lead of one event: the one its most trusted known identifier names, else a new one."""
        named = naming(identities)
        found = [(i, self.lead_by_identifier[i]) for i in named if i in self.lead_by_identifier]
        lead = found[0][1] if found else next(self._numbers)
        for identifier in named:
            if identifier not in self.lead_by_identifier and self._may_add(identifier, lead, trusted=trusted):
                self.fresh[identifier] = (lead, trusted)
                self.learn(identifier, lead, trusted=trusted)
        for second in found[1:]:
            self._consider_merge(found[0], second, trusted=trusted)
        return lead

    def take_merges(self) -> tuple[tuple[int, int], ...]:
        """The pairs found since the last call, in order."""
        pairs = tuple(sorted(self.merges))
        self.merges.clear()
        return pairs

    def join(self, stays: int, goes: int) -> None:
        """From now on the identifiers of one lead name the other."""
        moved = self.identifiers.pop(goes, set())
        self.lead_by_identifier |= dict.fromkeys(moved, stays)
        self.identifiers.setdefault(stays, set()).update(moved)
        if goes in self.trusted_leads:
            self.trusted_leads.add(stays)

    def _may_add(self, identifier: Identifier, lead: int, *, trusted: bool) -> bool:
        """A browser may add its anonymous id to anybody, other identifiers only to leads no trusted system knows."""
        return trusted or identifier[0] == "anonymous_id" or lead not in self.trusted_leads

    def _consider_merge(self, first: tuple[Identifier, int], second: tuple[Identifier, int], *, trusted: bool) -> None:
        (link, lead), (other_link, other) = first, second
        if lead == other:
            return
        mine, theirs = self.identifiers[lead], self.identifiers[other]
        allowed = trusted or is_anonymous(mine) or is_anonymous(theirs)
        if allowed and are_one_person((link, other_link), mine, theirs):
            self.merges.add((min(lead, other), max(lead, other)))
