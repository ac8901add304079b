"""Bands of a number in a fit group: values between two bands, and values in two bands (R3.3).

A band is a rule that reads one number and holds on one span of it, such as ``between [10, 49]`` or ``gte 50``. Some
rows overlap on purpose and are not reported: several open bands in one direction ("from 10", "from 100"), an open band
and a closed band inside it, a band and a single number.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from rulesets.conditions.numbers import write_number
from rulesets.document.findings import Finding, Place, quoted
from rulesets.document.wording import Sentence, Word, says
from rulesets.lint.conditions.regions import Region
from rulesets.lint.conditions.subjects import GRIDS, Grid, Span
from rulesets.lint.meaning import Meaning, fit_groups, fit_rules
from rulesets.policy.policy import FitGroup, FitRule

MOST_PAIRS = 20_000
"""Most pairs of bands of one number in one group that are compared."""


@dataclass(frozen=True, slots=True)
class Band:
    """A rule that holds on one span of a number."""

    place: Place
    rule: FitRule
    span: Span
    grid: Grid

    @property
    def is_closed(self) -> bool:
        """Whether the span has both ends."""
        return self.span[0] > self.grid.low and self.span[1] < self.grid.high

    def overlaps(self, other: "Band") -> bool:
        """Whether two rows of one table overlap by mistake."""
        (low, high), (from_, to) = self.span, other.span
        if low > to or from_ > high or not (self.is_closed or other.is_closed or self.opposes(other)):
            return False
        inside = (low <= from_ and to <= high) or (from_ <= low and high <= to)
        return not inside or (self.is_closed and other.is_closed)

    def opposes(self, other: "Band") -> bool:
        """Whether one band has no lower end and the other has no upper end."""
        return (self.span[0] > self.grid.low) is not (other.span[0] > self.grid.low)


def check_bands(meaning: Meaning) -> Iterator[Finding]:
    """Every group of every model."""
    for place, model in meaning.models:
        for at, group in fit_groups(place, model):
            yield from _group(meaning, at, group)


def _group(meaning: Meaning, place: Place, group: FitGroup) -> Iterator[Finding]:
    bands: defaultdict[tuple[str, ...], list[Band]] = defaultdict(list)
    regions: defaultdict[tuple[str, ...], list[Region]] = defaultdict(list)
    mixed: set[tuple[str, ...]] = set()
    for at, rule in fit_rules(place, group):
        answer = meaning.questions.ask(rule.when)
        region = answer.region
        if region is None:
            mixed |= answer.subjects
        elif region.spans:
            regions[region.subject].append(region)
            if _is_band(region):
                grid = GRIDS[meaning.known.vocabulary.fields[region.subject[1]].type]
                bands[region.subject].append(Band(at, rule, region.spans[0], grid))
    for subject, found in bands.items():
        found.sort(key=lambda band: band.span)
        yield from _overlaps(meaning, subject[1], found)
        if subject not in mixed:
            yield from _gaps(meaning, subject[1], found, regions[subject])


def _is_band(region: Region) -> bool:
    (low, high), *more = region.spans
    return region.subject[0] == "field" and low < high and not more and not region.unknown


def _overlaps(meaning: Meaning, field: str, bands: list[Band]) -> Iterator[Finding]:
    pairs = 0
    for index, band in enumerate(bands):
        for other in bands[index + 1 :]:
            pairs += 1
            if other.span[0] > band.span[1] or pairs > MOST_PAIRS:
                break
            if band.overlaps(other) and band.span != other.span:
                yield _overlap(meaning, field, band, other)


def _overlap(meaning: Meaning, field: str, band: Band, other: Band) -> Finding:
    low, high = other.span[0], min(band.span[1], other.span[1])
    message = says(
        "%(one)s and %(other)s both hold for %(field)s %(span)s",
        one=quoted(band.rule.key), other=quoted(other.rule.key), field=field,
        span=_span_text(band.grid, (low, high)),
    )  # fmt: skip
    narrowed, row = band, _row(band.rule, field, band.grid, (band.span[0], low - 1))
    if band.span[0] == low:
        narrowed, row = other, _row(other.rule, field, band.grid, (high + 1, other.span[1]))
    mend = says("narrow %(key)s: %(row)s", key=narrowed.rule.key, row=row)
    return meaning.warning("band-overlap", (*other.place, "when"), message, mend)


def _gaps(meaning: Meaning, field: str, bands: list[Band], regions: list[Region]) -> Iterator[Finding]:
    """Values between two bands for which no rule on this number holds."""
    reached, last = bands[0].span[0] - 1, max(band.span[1] for band in bands)
    for low, high in sorted(span for region in regions for span in region.spans):
        if reached + 1 < low and reached >= bands[0].span[0] and low <= last:
            yield _gap(meaning, field, bands, (reached + 1, low - 1))
        reached = max(reached, high)


def _gap(meaning: Meaning, field: str, bands: list[Band], gap: Span) -> Finding:
    below = [band for band in bands if band.span[0] < gap[0]][-1]
    after = next(band for band in bands if band.span[0] > gap[0])
    message = says("no rule of this group holds for %(field)s %(span)s", field=field, span=_span_text(below.grid, gap))
    row = _row(below.rule, field, below.grid, gap, key=f"before_{after.rule.key}"[:40])
    return meaning.warning("band-gap", (*after.place, "when"), message, says("add %(row)s", row=row))


def _row(rule: FitRule, field: str, grid: Grid, span: Span, key: str | None = None) -> Word:
    """A row for the document; a suggested band always has an upper end, and may have no lower end."""
    low, high = (_number(grid, step) for step in span)
    is_open = span[0] <= grid.low
    test = f"op: lte, value: {high}" if is_open else f"op: between, value: [{low}, {high}]"
    text = f"{{key: {key or rule.key}, when: {{field: {field}, {test}}}, points: {write_number(rule.points)}}}"
    return Word("row", text)


def _span_text(grid: Grid, span: Span) -> Sentence | str:
    low, high = (_number(grid, step) for step in span)
    return f"{low}" if low == high else says("%(low)s to %(high)s", low=low, high=high)


def _number(grid: Grid, step: int) -> int | float:
    return write_number(Decimal(step) / grid.scale)
