"""What the document declares: fields, events, time zone, working hours (R1.1, R1.3, R1.8, R8.2)."""

import difflib
import re
import zoneinfo
from collections.abc import Iterator

from rulesets.findings import Finding, Place, quoted
from rulesets.lint.known import Known, zone_of
from rulesets.policy import FieldDef
from rulesets.reading import FieldType, fold, parse_moment
from rulesets.vocabulary import BUILT_IN, EVENT_PREFIXES, GROUPS, IDENTITY_FIELDS, is_read_only

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def check_words(known: Known) -> Iterator[Finding]:
    """Declarations, one by one."""
    for index, field in enumerate(known.policy.fields):
        yield from _check_field(known, ("fields", index), field)
    yield from _check_events(known)
    yield from _check_zone(known)
    yield from _check_calendar(known)


def _check_field(known: Known, place: Place, field: FieldDef) -> Iterator[Finding]:
    if is_read_only(field.key):
        message = f"{quoted(field.key)} is kept by the engine and cannot be declared"
        yield known.error("reserved-field", (*place, "key"), message, "choose another key")
    elif not field.key.startswith(tuple(GROUPS.values())):
        message = f"{quoted(field.key)} belongs to no group of the event envelope"
        yield known.error("unknown-group", (*place, "key"), message, "begin with lead., company. or answers.")
    built_in = BUILT_IN.get(field.key)
    if built_in and not built_in.read_only and not _may_retype(field, built_in.type):
        message = f"{quoted(field.key)} is built in with type {built_in.type}"
        yield known.error("built-in-type", (*place, "type"), message, f"write {built_in.type}")
    if field.options and field.type not in {FieldType.CHOICE, FieldType.CHOICES}:
        message = f"a field of type {field.type} has no options"
        yield known.error("needless-options", (*place, "options"), message, "use type choice, or remove the options")
    yield from _check_same(known, (*place, "options"), field.options, "duplicate-option")


def _may_retype(field: FieldDef, built_in: FieldType) -> bool:
    """A built-in text may become a choice, unless identities or accounts are made of it."""
    narrowed = (built_in, field.type) == (FieldType.TEXT, FieldType.CHOICE) and field.key not in IDENTITY_FIELDS
    return field.type is built_in or narrowed


def _check_same(known: Known, place: Place, texts: tuple[str, ...], code: str) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, text in enumerate(texts):
        if (first := seen.setdefault(fold(text), text)) is not text:
            yield known.error(code, (*place, index), f"{quoted(text)} reads the same as {quoted(first)}", "remove one")


def _check_events(known: Known) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for index, event in enumerate(known.policy.events):
        if event.key.startswith(EVENT_PREFIXES):
            message = f"events under {event.key.split('.')[0]}. are Baton's own and always listed"
            yield known.error("reserved-event", ("events", index, "key"), message, "choose another prefix")
        for n, alias in enumerate(event.aliases):
            if (first := taken.setdefault(fold(alias), event.key)) != event.key:
                message = f"{quoted(alias)} is an alias of {first} already"
                yield known.error("duplicate-alias", ("events", index, "aliases", n), message, "keep it at one event")


def _check_zone(known: Known) -> Iterator[Finding]:
    name = known.policy.timezone
    if zone_of(name) is None:
        near = difflib.get_close_matches(name[:100], zoneinfo.available_timezones(), n=1)
        hint = f"did you mean {near[0]}?" if near else "use a name such as Asia/Shanghai"
        yield known.error("unknown-timezone", ("timezone",), f"there is no time zone {quoted(name)}", hint)


def _check_calendar(known: Known) -> Iterator[Finding]:
    calendar = known.policy.calendar
    if calendar is None:
        return
    for day, spans in (calendar.hours or {}).items():
        yield from _check_hours(known, ("calendar", "hours", day), spans)
    for name in ("days_off", "workdays"):
        for index, text in enumerate(getattr(calendar, name)):
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) or not _is_day(text):
                yield known.error("bad-date", ("calendar", name, index), f"{quoted(text)} is no day", "as 2026-05-04")


def _is_day(text: str) -> bool:
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True


def _check_hours(known: Known, place: Place, spans: tuple[str, ...]) -> Iterator[Finding]:
    """Spans as 09:00-12:00, in order, not overlapping; 24:00 ends a day."""
    end = -1
    for index, text in enumerate(spans):
        match = _HOURS.fullmatch(text)
        start, stop = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if not start < stop <= 1440 or start < end:
            message = f"{quoted(text)} is no span of working time, or overlaps the one before"
            yield known.error("bad-hours", (*place, index), message, 'as "09:00-12:00", in order')
        end = max(end, stop)
