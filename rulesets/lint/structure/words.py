"""Declarations of the document: fields, events, time zone, working hours (R1.1, R1.3, R1.8, R8.2)."""

import difflib
import re
import zoneinfo
from collections.abc import Iterator

from rulesets.conditions.reading import FieldType, fold, parse_moment
from rulesets.document.findings import Finding, Place, quoted
from rulesets.document.wording import Word, says
from rulesets.lint.known import DocumentIndex, zone_of
from rulesets.policy.policy import FieldDef
from rulesets.policy.vocabulary import BUILT_IN, EVENT_PREFIXES, GROUPS, IDENTITY_FIELDS, is_read_only
from rulesets.roster.hours import span_minutes

KEEP_ONE = says("keep it at one event")


def check_words(known: DocumentIndex) -> Iterator[Finding]:
    """Declarations, one by one."""
    for index, field in enumerate(known.policy.fields):
        yield from _check_field(known, ("fields", index), field)
    yield from _check_events(known)
    yield from _check_zone(known)
    yield from _check_calendar(known)


def _check_field(known: DocumentIndex, place: Place, field: FieldDef) -> Iterator[Finding]:
    if is_read_only(field.key):
        message = says("%(field)s is kept by the engine and cannot be declared", field=quoted(field.key))
        yield known.error("reserved-field", (*place, "key"), message, says("choose another key"))
    elif not field.key.startswith(tuple(GROUPS.values())):
        message = says("%(field)s belongs to no group of the event envelope", field=quoted(field.key))
        yield known.error("unknown-group", (*place, "key"), message, says("begin with lead., company. or answers."))
    built_in = BUILT_IN.get(field.key)
    if built_in and not built_in.read_only and not _may_retype(field, built_in.type):
        type_ = Word("type", built_in.type.value)
        message = says("%(field)s is built in with type %(type)s", field=quoted(field.key), type=type_)
        yield known.error("built-in-type", (*place, "type"), message, says("write %(value)s", value=type_))
    if field.options and field.type not in {FieldType.CHOICE, FieldType.CHOICES}:
        message = says("a field of type %(type)s has no options", type=Word("type", field.type.value))
        yield known.error(
            "needless-options", (*place, "options"), message, says("use type choice, or remove the options")
        )
    yield from _check_same(known, (*place, "options"), field.options, "duplicate-option")


def _may_retype(field: FieldDef, built_in: FieldType) -> bool:
    """A built-in text may become a choice, unless identities or accounts depend on it."""
    narrowed = (built_in, field.type) == (FieldType.TEXT, FieldType.CHOICE) and field.key not in IDENTITY_FIELDS
    return field.type is built_in or narrowed


def _check_same(known: DocumentIndex, place: Place, texts: tuple[str, ...], code: str) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, text in enumerate(texts):
        if (first := seen.setdefault(fold(text), text)) is not text:
            message = says("%(one)s reads the same as %(other)s", one=quoted(text), other=quoted(first))
            yield known.error(code, (*place, index), message, says("remove one"))


def _check_events(known: DocumentIndex) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for index, event in enumerate(known.policy.events):
        if event.key.startswith(EVENT_PREFIXES):
            message = says(
                "events under %(prefix)s are Baton's own and always listed", prefix=event.key.split(".")[0] + "."
            )
            yield known.error("reserved-event", ("events", index, "key"), message, says("choose another prefix"))
        for n, alias in enumerate(event.aliases):
            if (first := taken.setdefault(fold(alias), event.key)) != event.key:
                message = says("%(alias)s is an alias of %(event)s already", alias=quoted(alias), event=first)
                yield known.error("duplicate-alias", ("events", index, "aliases", n), message, KEEP_ONE)


def _check_zone(known: DocumentIndex) -> Iterator[Finding]:
    name = known.policy.timezone
    if zone_of(name) is None:
        near = difflib.get_close_matches(name[:100], zoneinfo.available_timezones(), n=1)
        hint = says("did you mean %(word)s?", word=near[0]) if near else says("use a name such as Asia/Shanghai")
        message = says("there is no time zone %(zone)s", zone=quoted(name))
        yield known.error("unknown-timezone", ("timezone",), message, hint)


def _check_calendar(known: DocumentIndex) -> Iterator[Finding]:
    calendar = known.policy.calendar
    if calendar is None:
        return
    for day, spans in (calendar.hours or {}).items():
        yield from _check_hours(known, ("calendar", "hours", day), spans)
    for name in ("days_off", "workdays"):
        for index, text in enumerate(getattr(calendar, name)):
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) or not _is_day(text):
                message = says("%(value)s is no day", value=quoted(text))
                mend = says("as %(example)s", example="2026-05-04")
                yield known.error("bad-date", ("calendar", name, index), message, mend)


def _is_day(text: str) -> bool:
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True


def _check_hours(known: DocumentIndex, place: Place, spans: tuple[str, ...]) -> Iterator[Finding]:
    """Checks spans such as 09:00-12:00: in order, without overlap; only the last may cross midnight."""
    end = -1
    for index, text in enumerate(spans):
        start, stop = span_minutes(text) or (-1, -1)
        if start < max(end, 0):
            message = says("%(value)s is no span of working time, or overlaps the one before", value=quoted(text))
            yield known.error("bad-hours", (*place, index), message, says('as "09:00-12:00", in order'))
        end = max(end, stop)
