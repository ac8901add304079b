"""One moment of evaluation: reads a view for the shards of a ruleset and gathers what they answer.

Knows nothing of durable_rules: a shard is whatever says which rules a message fires (`engine.matcher.rete` has them).
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
    """A shard: what it remembers by the pieces of a message, and its answer to pieces it does not remember."""

    remembered: dict[tuple[str, ...], frozenset[str]]

    def fired(self, pieces: tuple[str, ...]) -> frozenset[str]: ...


Entry = tuple[frozenset[str], tuple[str, ...]]
"""What a source's value means: rules that it alone decides, and the pieces for the shards that join several sources."""


class Finish:
    """Asks the shards that read one source alone at once: their pieces come first."""

    def __init__(self, alone: list[Answering]) -> None:
        self._alone = alone

    def __call__(self, pieces: tuple[str, ...]) -> Entry:
        fired = [shard.fired((piece,)) for shard, piece in zip(self._alone, pieces, strict=False)]
        return frozenset[str]().union(*fired), pieces[len(self._alone) :]


class RulesetMatcher:
    """All rules of one moment."""

    def __init__(
        self,
        ruleset: Ruleset,
        shards: Sequence[Answering],
        vocabulary: Vocabulary,
        zone: ZoneInfo,
        *,
        remember: bool = True,
    ) -> None:
        """Each source gives a piece to each joining shard that reads it; all pieces of a lead stand in one row.

        Shards of one source are asked when a value is first seen, the others for each lead; with ``remember=False``
        all are.
        """
        self._always = frozenset(ruleset.always)
        self._fields: list[tuple[str, Lookup[Entry]]] = []
        self._readers: list[Reader[Entry]] = []
        joint = [number for number, shard in enumerate(ruleset.shards) if len(shard.reads) > 1 or not remember]
        places: dict[int, list[int]] = {number: [] for number in joint}
        row = count()
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
        """Ids of the rules that hold. Raises what a shard raises."""
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
            said = pick(row)
            known = remembered(said)
            if known is None:
                known = shard.fired(said)
            if known:
                found.append(known)
        return self._always.union(*found)


def _readers_of(source: int, ruleset: Ruleset) -> list[tuple[int, tuple[int, ...]]]:
    """The shards that read a source, each with the assertions it is told of."""
    return [
        (number, read.assertions)
        for number, shard in enumerate(ruleset.shards)
        for read in shard.reads
        if read.source == source
    ]
