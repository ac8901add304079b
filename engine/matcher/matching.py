"""One evaluation of a ruleset: read a view, give each shard its pieces, collect the rules that fire.

Independent of durable_rules: a shard is anything that maps a message to the rules it fires (`engine.matcher.rete` has
the real ones).
"""

from collections.abc import Sequence
from itertools import count
from operator import itemgetter
from typing import Protocol
from zoneinfo import ZoneInfo

from rulesets.compile.compiled import Ruleset
from rulesets.compile.extraction import Lookup, Reader, lookup, reader
from rulesets.conditions.interpreter import View
from rulesets.policy.vocabulary import Vocabulary


class Answering(Protocol):
    """A shard. ``remembered`` caches answers by the pieces of a message; ``fired`` computes an answer that is not
    cached.
    """

    remembered: dict[tuple[str, ...], frozenset[str]]

    def fired(self, pieces: tuple[str, ...]) -> frozenset[str]: ...


Entry = tuple[frozenset[str], tuple[str, ...]]
"""The meaning of a source's value: the rules that it decides alone, and the pieces for shards that read several
sources.
"""


class Finish:
    """Evaluates the shards that read only this source. Their pieces come first."""

    def __init__(self, alone: list[Answering]) -> None:
        self._alone = alone

    def __call__(self, pieces: tuple[str, ...]) -> Entry:
        fired = [shard.fired((piece,)) for shard, piece in zip(self._alone, pieces, strict=False)]
        return frozenset[str]().union(*fired), pieces[len(self._alone) :]


class RulesetMatcher:
    """Evaluates all rules of one ruleset."""

    def __init__(
        self,
        ruleset: Ruleset,
        shards: Sequence[Answering],
        vocabulary: Vocabulary,
        zone: ZoneInfo,
        *,
        remember: bool = True,
    ) -> None:
        """Give each source a place in a row of pieces for every shard that reads several sources.

        A shard with one source is evaluated when a value is first seen; the others are evaluated for each lead. With
        ``remember=False`` all shards are evaluated for each lead.
        """
        self._always = frozenset(ruleset.always)
        self._fields: list[tuple[str, Lookup[Entry]]] = []
        self._readers: list[Reader[Entry]] = []
        joint = [number for number, shard in enumerate(ruleset.shards) if len(shard.reads) > 1 or not remember]
        places: dict[int, list[int]] = {number: [] for number in joint}
        row = count()
        # Fields first: `match` reads fields before the other sources, and places follow that order.
        for number, source in sorted(enumerate(ruleset.sources), key=lambda numbered: numbered[1].field is None):
            readers = sorted(_readers_of(number, ruleset), key=lambda reading: reading[0] in places)
            for shard, _ in readers:
                if shard in places:
                    places[shard].append(next(row))
            finish = Finish([shards[shard] for shard, _ in readers if shard not in places])
            shares = [assertions for _, assertions in readers]
            if source.field is None:
                self._readers.append(reader(source, shares, zone, finish))
            else:
                type_ = vocabulary.fields[source.field].type
                self._fields.append((source.field, lookup(source, shares, type_, zone, finish)))
        self._joint = [(itemgetter(*places[number]), shards[number].remembered.get, shards[number]) for number in joint]

    def match(self, view: View) -> frozenset[str]:
        """The ids of the rules that hold. Raises what a shard raises."""
        value = view.value
        found: list[frozenset[str]] = []
        row: list[str] = []
        for field, look in self._fields:
            fired, pieces = look(value(field))
            row += pieces
            if fired:
                found.append(fired)
        for read in self._readers:
            fired, pieces = read(view)
            row += pieces
            if fired:
                found.append(fired)
        for pick, remembered, shard in self._joint:
            # The hot path: one lookup per shard and lead, no call while the answer is cached.
            said = pick(row)
            known = remembered(said)
            if known is None:
                known = shard.fired(said)
            if known:
                found.append(known)
        return self._always.union(*found)


def _readers_of(source: int, ruleset: Ruleset) -> list[tuple[int, tuple[int, ...]]]:
    """The shards that read a source, each with the assertions it needs."""
    return [
        (number, read.assertions)
        for number, shard in enumerate(ruleset.shards)
        for read in shard.reads
        if read.source == source
    ]
