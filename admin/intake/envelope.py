"""The event envelope: one JSON item becomes one `Intake`, or a refusal that says how to mend it.

The contract is docs/contract/design.md §2.

Everything after this point trusts what it gets. May not read the database: whom an identifier names is the inbox's.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from admin.intake.identifiers import READERS, ReadIdentifiers, read_identifiers
from admin.intake.json_text import fault_in, quoted
from engine.store.inbox.inbox import Intake
from rulesets.policy.vocabulary import ENGINE_EVENTS, EVENT_PREFIXES, WORK_EVENTS

MAX_ID = 128
TAKEN_AS_NOW = timedelta(minutes=5)
WAITS = timedelta(hours=24)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MAX_TYPE = 80
TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}(?:\.[a-z][a-z0-9_]{0,39}){1,2}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,30})?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
GROUPS = ("traits", "company", "answers", "properties")
KEYS = frozenset({"id", "type", "occurred_at", "lead", *GROUPS, "actor", "imported"})
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the ``source`` of its events and what it may do. ``person`` is the e-mail a key is bound to.

    ``oversees``: may import work, which is legal whoever did it (R4.5). ``erases``: may erase a person's data (R4.8).
    """

    source: str
    scopes: frozenset[str]
    public: bool = False
    person: str | None = None
    oversees: bool = True
    erases: bool = True
    nobody: frozenset[str] = frozenset()
    """Values of the company's own that name nobody, folded."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one item of a request was not taken. ``path`` is empty when it is about the item as a whole."""

    index: int
    code: str
    path: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """The rejection as the answer shows it; the message carries the path."""
        where = f"{self.path} " if self.path else "the event "
        return {"index": self.index, "code": self.code, "path": self.path, "message": f"{where}{self.message}"}


class ItemRefused(ValueError):
    """Raised by the first thing that is wrong with an item."""

    def __init__(self, code: str, path: str, message: str) -> None:
        super().__init__(message)
        self.code, self.path, self.message = code, path, message


NOT_ALLOWED = frozenset({"scope_missing", "not_for_public_keys", "actor_not_allowed", "engine_only"})
"""Codes that speak of the sender's rights: a request refused for these alone is answered 403."""


def read_items(
    items: list[Any],
    sender: Sender,
    now: datetime,
    *,
    suspect: bool = True,
    check: Callable[[Intake], Intake] = lambda intake: intake,
) -> tuple[list[Intake], list[Rejection]]:
    """Read every item of a request by itself; one that is refused takes no other with it.

    ``check`` looks at what the envelope cannot know, and raises ItemRefused.
    """
    intakes: list[Intake] = []
    rejections: list[Rejection] = []
    for index, item in enumerate(items):
        try:
            intakes.append(check(read_item(item, sender, now, suspect=suspect)))
        except ItemRefused as why:
            rejections.append(Rejection(index, why.code, why.path, why.message))
    return intakes, rejections


def read_item(item: Any, sender: Sender, now: datetime, *, suspect: bool = True) -> Intake:
    """Check one item against the whole envelope; raises Refused.

    ``suspect`` is False when the request as a whole is known to hold neither NUL nor lone surrogates.
    """
    fault = fault_in(item, suspect=suspect)
    if fault is not None:
        raise ItemRefused(fault.code, fault.path, fault.message)
    if type(item) is not dict:
        raise ItemRefused("not_an_object", "", 'must be an object: {"id": …, "type": …, "occurred_at": …, "lead": {…}}')
    if not item.keys() <= KEYS:
        raise _unknown_key(item, KEYS, "")
    event_type = _read_type(item, sender)
    occurred_at, due_at = _read_moment(item, now)
    identities = _read_lead(item, sender)
    return Intake(
        source=sender.source,
        id=_read_id(item),
        type=event_type,
        occurred_at=occurred_at,
        due_at=due_at,
        identities=identities.usable,
        unreadable=identities.unreadable,
        traits=_read_group(item, "traits"),
        company=_read_group(item, "company"),
        answers=_read_group(item, "answers"),
        properties=_read_group(item, "properties"),
        actor=_read_actor(item, event_type, sender),
        imported=_read_imported(item, event_type, sender),
        trusted=not sender.public,
    )


def _unknown_key(given: Mapping[str, Any], known: frozenset[str], path: str) -> ItemRefused:
    key = next(key for key in given if key not in known)
    near = get_close_matches(key[:60], known, n=1)
    mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    place = f"{path}.{key}" if path else key
    hint = "" if path else "; your own data belongs in traits, company, answers or properties"
    return ItemRefused("unknown_key", quoted(place).strip('"'), f"is not a key of the envelope: {mend}{hint}")


def _read_text(item: Mapping[str, Any], key: str, example: str) -> str:
    value = item.get(key)
    if value is None:
        raise ItemRefused("missing", key, f"is missing: give {example}")
    if type(value) is not str:
        raise ItemRefused("wrong_type", key, f"must be text: give {example}")
    return value


def _read_id(item: Mapping[str, Any]) -> str:
    text = _read_text(item, "id", f"a text of 1 to {MAX_ID} characters, unique in your system")
    if not text.strip() or len(text) > MAX_ID:
        length = "is empty" if not text.strip() else f"has {len(text)} characters"
        raise ItemRefused("bad_id", "id", f"{length}: give 1 to {MAX_ID} characters, unique in your system")
    return text


def _read_type(item: Mapping[str, Any], sender: Sender) -> str:
    text = _read_text(item, "type", "an event key such as content.downloaded")
    if TYPE.fullmatch(text) is None or len(text) > MAX_TYPE:
        raise ItemRefused(
            "bad_type",
            "type",
            f"{quoted(text)} is no event key: two or three words of a-z, 0-9 and _ joined by dots, "
            f"such as content.downloaded, {MAX_TYPE} characters at most",
        )
    check_type_allowed(text, sender)
    return text


def check_type_allowed(event_type: str, sender: Sender) -> None:
    """Raise Refused unless this sender may send events of this type."""
    if event_type.startswith(EVENT_PREFIXES):
        _check_own_event(event_type, sender)
    elif "events:write" not in sender.scopes:
        raise ItemRefused("scope_missing", "type", f"{event_type} needs a key with the scope events:write")


def _check_own_event(event_type: str, sender: Sender) -> None:
    """Baton's own events: some are the engine's, some are people's work, and all must exist."""
    if event_type in ENGINE_EVENTS:
        raise ItemRefused("engine_only", "type", f"{event_type} is made by Baton alone: leave it out")
    if event_type not in WORK_EVENTS:
        near = get_close_matches(event_type, WORK_EVENTS, n=1)
        mend = f"did you mean {near[0]}? " if near else ""
        raise ItemRefused(
            "unknown_type", "type", f"{event_type} is none of Baton's own events: {mend}Take another prefix"
        )
    if event_type == "lead.identified":
        if not sender.scopes & {"events:write", "leads:write"}:
            raise ItemRefused("scope_missing", "type", "lead.identified needs a key with the scope events:write")
        return
    if sender.public:
        raise ItemRefused("not_for_public_keys", "type", f"{event_type} may not come from a public key")
    if "leads:write" not in sender.scopes:
        raise ItemRefused("scope_missing", "type", f"{event_type} needs a key with the scope leads:write")
    if event_type == "lead.erased" and not sender.erases:
        raise ItemRefused(
            "scope_missing", "type", f"lead.erased is for managers and systems: {sender.person} may not erase a person"
        )


def _read_moment(item: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    example = "a moment with its zone such as 2026-11-21T10:00:00Z"
    return place_in_time(parse_moment(_read_text(item, "occurred_at", example), "occurred_at"), now, "occurred_at")


def place_in_time(moment: datetime, now: datetime, path: str) -> tuple[datetime, datetime]:
    """When it happened and when it may be decided: (occurred_at, due_at), both UTC. Raises Refused."""
    if moment <= now:
        return moment, now
    if moment <= now + TAKEN_AS_NOW:
        return now, now
    if moment <= now + WAITS:
        return moment, moment
    raise ItemRefused("too_far_ahead", path, "is more than 24 hours ahead: check clock and zone")


def parse_moment(text: str, path: str) -> datetime:
    """An RFC 3339 moment as UTC; raises Refused when it has no zone, lies before 1970, or is none."""
    shape = MOMENT.fullmatch(text)
    if shape is None:
        raise ItemRefused("bad_moment", path, f"{quoted(text)} is no RFC 3339 moment: write 2026-11-21T10:00:00Z")
    if shape[1] is None:
        raise ItemRefused("no_zone", path, f"{quoted(text)} has no zone: add Z or an offset such as +08:00")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ItemRefused("bad_moment", path, f"{quoted(text)} is not in the calendar: mend it") from None
    if moment < EARLIEST:
        raise ItemRefused("too_early", path, f"{quoted(text)} lies before 1970: check the clock of the sender")
    return moment


def _read_lead(item: Mapping[str, Any], sender: Sender) -> ReadIdentifiers:
    given = item.get("lead")
    if given is None:
        raise ItemRefused("missing", "lead", f"is missing: name the lead by at least one of {', '.join(READERS)}")
    if type(given) is not dict:
        raise ItemRefused("wrong_type", "lead", f"must be an object with at least one of {', '.join(READERS)}")
    if not given.keys() <= READERS.keys():
        raise _unknown_key(given, frozenset(READERS), "lead")
    for kind, value in given.items():
        if value is not None and type(value) is not str:
            raise ItemRefused("wrong_type", f"lead.{kind}", "must be text: put it in quotes, or leave it out")
    found = read_identifiers({kind: value for kind, value in given.items() if value is not None}, sender.nobody)
    if found.fault and not found.usable:
        kind, why = found.fault
        raise ItemRefused("bad_identifier", f"lead.{kind}", why)
    if not found.usable:
        raise ItemRefused("no_identifier", "lead", f"names nobody: give at least one of {', '.join(READERS)}")
    return found


def _read_group(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = item.get(name)
    if group is None:
        return NOTHING
    if type(group) is not dict:
        raise ItemRefused("wrong_type", name, "must be an object of names and values: {…}, or left out")
    return group


def _read_actor(item: Mapping[str, Any], event_type: str, sender: Sender) -> str | None:
    """The person who acted: the one the key is bound to, never another."""
    claimed = item.get("actor")
    if claimed is None:
        return sender.person if event_type in WORK_EVENTS else None
    if type(claimed) is not str:
        raise ItemRefused("wrong_type", "actor", "must be the e-mail address of a person, or left out")
    if sender.person is None or claimed.strip().lower() != sender.person:
        raise ItemRefused("actor_not_allowed", "actor", "may only be the person the key is bound to: leave it out")
    return sender.person


def _read_imported(item: Mapping[str, Any], event_type: str, sender: Sender) -> bool:
    flag = item.get("imported")
    if flag is None or flag is False:
        return False
    if flag is not True:
        raise ItemRefused("wrong_type", "imported", "must be true or false, or left out")
    if "leads:write" not in sender.scopes or sender.public:
        raise ItemRefused("scope_missing", "imported", "needs a key with the scope leads:write")
    if event_type in WORK_EVENTS and not sender.oversees:
        raise ItemRefused(
            "scope_missing", "imported", f"work is imported by a manager or a system, not by {sender.person}"
        )
    return True
