"""Test cases of the policy name only existing fields, cells and keys (R10.1). `engine` runs the cases."""

from collections.abc import Iterator
from datetime import datetime

from rulesets.conditions.reading import parse_moment
from rulesets.document.findings import Finding, Place, did_you_mean, quoted
from rulesets.document.wording import says
from rulesets.lint.known import DocumentIndex
from rulesets.lint.structure.references import check_field, missing_in
from rulesets.policy.policy import GRADES, HEATS, Expectation
from rulesets.policy.vocabulary import is_read_only


def check_samples(known: DocumentIndex) -> Iterator[Finding]:
    """Every test case."""
    for index, sample in enumerate(known.policy.tests):
        place: Place = ("tests", index)
        for key in sample.facts:
            yield from check_field(known, (*place, "facts", key), key)
            if is_read_only(key):
                message = says("%(field)s is kept by the engine and cannot be given", field=quoted(key))
                yield known.error("reserved-field", (*place, "facts", key), message, says("remove it"))
        if sample.now is not None and not _is_moment(sample.now):
            message = says("%(value)s is no moment", value=quoted(sample.now))
            yield known.error(
                "bad-date", (*place, "now"), message, says("as %(example)s", example="2026-11-21T10:00:00Z")
            )
        yield from _check_expectation(known, (*place, "expect"), sample.expect)


def _is_moment(text: str) -> bool:
    try:
        return isinstance(parse_moment(text), datetime)
    except ValueError:
        return False


def _check_expectation(known: DocumentIndex, place: Place, expect: Expectation) -> Iterator[Finding]:
    cells = [f"{grade}.{heat}" for grade in GRADES for heat in HEATS]
    if expect.cell is not None and expect.cell not in cells:
        hint = did_you_mean(expect.cell, cells) or says("a grade, a dot, a heat, as A.hot")
        message = says("%(value)s is no cell", value=quoted(expect.cell))
        yield known.error("bad-value", (*place, "cell"), message, hint)
    flags = expect.flagged or ()
    named: list[tuple[str, str, str | None]] = [
        ("models", "model", expect.model),
        ("mql", "route", expect.route),
        ("exclusions", "excluded", expect.excluded),
        *(("red_flags", "flagged", flag) for flag in flags),
    ]
    for kind, name, key in named:
        if key is not None and key not in known.declared[kind] and (name, key) != ("route", "cell"):
            near = did_you_mean(key, known.declared[kind])
            yield known.error("dangling-reference", (*place, name), missing_in(key, kind), near)
