"""Segment's calls as lead events: identify, track, page, screen, group and alias, each one `Intake` (R1.8).

* `userId` is the external id, `anonymousId` the anonymous id; e-mail and phone of the traits identify, too. One that
  cannot be read or stands for nobody becomes a note, as at any door; alias joins `previousId` and `userId`.
* identify, group and alias are `lead.identified`; page and screen are `page.viewed` and `screen.viewed`; a track call
  keeps its own name as its type, so that the aliases of whatever policy is in force find it, also later.
* Names of traits are written as fields are (`jobTitle` is `job_title`); a company's traits go to the company.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from admin.intake.envelope import MAX_ID, ItemRefused, Sender, check_type_allowed, parse_moment, place_in_time
from admin.intake.identifiers import ReadIdentifiers, read_identifiers
from admin.intake.json_text import fault_in
from engine.store.inbox.inbox import Intake

Call = Mapping[str, Any]
MAX_NAME = 200
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
LEAD_TRAITS = {"title": "job_title", "position": "job_title", "username": "name", "state": "region"}
COMPANY_TRAITS = {"employee_count": "employees", "size": "employees", "revenue": "annual_revenue"}
CHANGED_BY_RETRIES = frozenset(
    {"messageId", "sentAt", "receivedAt", "attempt", "attempts", "retryCount", "metadata", "_metadata"}
)
"""Keys of a call and of its context that libraries set anew whenever they send it."""
KEPT_CONTEXT = ("page", "campaign", "referrer")
"""What a policy may ask of a call's context; addresses and devices of people are not kept."""


def read_call(call: Any, kind: str | None, sender: Sender, now: datetime, *, suspect: bool) -> Intake:
    """One call as an event; ``kind`` is the address it came to, None inside a batch. Raises Refused."""
    fault = fault_in(call, suspect=suspect)
    if fault is not None:
        raise ItemRefused(fault.code, fault.path, fault.message)
    if not isinstance(call, dict):
        raise ItemRefused("not_an_object", "", "must be an object such as a Segment library sends")
    named = kind or call.get("type")
    if not isinstance(named, str) or named not in KINDS:
        raise ItemRefused("unknown_type", "type", f"must be one of {', '.join(KINDS)}")
    event_type, properties = KINDS[named](call)
    check_type_allowed(event_type, sender)
    occurred_at, due_at = _moment(call, now)
    traits, company = _profile(call, named)
    identities = _identities(call, traits, sender.nobody)
    return Intake(
        source=sender.source,
        id=_id(call),
        type=event_type,
        occurred_at=occurred_at,
        due_at=due_at,
        identities=identities.usable,
        unreadable=identities.unreadable,
        traits=traits,
        company=company,
        properties=properties,
        actor=None,
        trusted=not sender.public,
    )


def _track(call: Call) -> tuple[str, dict[str, Any]]:
    name = " ".join(_text(call, "event").split())
    if not name or len(name) > MAX_NAME:
        raise ItemRefused("bad_type", "event", f"must be a name of 1 to {MAX_NAME} characters")
    return name, _properties(call)


def _page(call: Call) -> tuple[str, dict[str, Any]]:
    properties = _viewed(call)
    where = properties.get("path") or properties.get("url") or properties.get("name")
    return "page.viewed", {**({"page": where} if where else {}), **properties}


def _screen(call: Call) -> tuple[str, dict[str, Any]]:
    return "screen.viewed", _viewed(call)


def _identified(_: Call) -> tuple[str, dict[str, Any]]:
    return "lead.identified", {}


KINDS: dict[str, Callable[[Call], tuple[str, dict[str, Any]]]] = {
    "identify": _identified,
    "track": _track,
    "page": _page,
    "screen": _screen,
    "group": _identified,
    "alias": _identified,
}
"""Kinds of calls: each gives the type and the properties of its event."""


def _viewed(call: Call) -> dict[str, Any]:
    named = {key: call[key] for key in ("name", "category") if isinstance(call.get(key), str)}
    return {**named, **_properties(call)}


def _properties(call: Call) -> dict[str, Any]:
    context = _object(call, "context")
    kept = {key: context[key] for key in KEPT_CONTEXT if context.get(key)}
    return {**_object(call, "properties"), **({"context": kept} if kept else {})}


def _object(call: Call, key: str) -> dict[str, Any]:
    value = call.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ItemRefused("wrong_type", key, "must be an object, or left out")
    return value


def _text(call: Call, key: str) -> str:
    value = call.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ItemRefused("wrong_type", key, "must be text")
    return str(value)


def _id(call: Call) -> str:
    """The message's id. Without one, its content names it, so that sending it again changes nothing.

    What a retry changes does not count. A message that says neither its id nor its moment is one of its own: nothing
    tells a retry from the same thing done again.
    """
    if call.get("messageId") is None:
        if _said_when(call) is None:
            return f"call-{uuid4().hex}"
        content = json.dumps(_without(call, CHANGED_BY_RETRIES), sort_keys=True)
        return f"content-{sha256(content.encode()).hexdigest()}"
    text = _text(call, "messageId")
    if not text.strip() or len(text) > MAX_ID:
        raise ItemRefused("bad_id", "messageId", f"must have 1 to {MAX_ID} characters")
    return text


def _without(call: Call, names: frozenset[str]) -> dict[str, Any]:
    """A call without what a retry changes, in the call and its context."""
    context = call.get("context")
    rest = {name: value for name, value in call.items() if name not in names}
    if isinstance(context, dict):
        rest["context"] = {name: value for name, value in context.items() if name not in names} or None
    return {name: value for name, value in rest.items() if value is not None}


def _said_when(call: Call) -> str | None:
    """The key under which the call says when it happened."""
    return next((key for key in ("timestamp", "originalTimestamp") if call.get(key) is not None), None)


def _moment(call: Call, now: datetime) -> tuple[datetime, datetime]:
    """When it happened; a sender whose clock is fast is set right by the moment it says it sent the call."""
    key = _said_when(call)
    if key is None:
        return now, now
    moment = parse_moment(_text(call, key), key)
    if moment > now and call.get("sentAt") is not None:
        sent = parse_moment(_text(call, "sentAt"), "sentAt")
        moment = min(moment, now - (sent - moment)) if sent > now else moment
    return place_in_time(moment, now, key)


def _identities(call: Call, traits: Mapping[str, Any], nobody: frozenset[str]) -> ReadIdentifiers:
    """Whom the call names: by its ids, and by e-mail and phone of its traits where these are text."""
    named = {"external_id": "userId", "anonymous_id": "anonymousId" if "previousId" not in call else "previousId"}
    given = {kind: _text(call, key) for kind, key in named.items() if call.get(key) is not None}
    found = read_identifiers({**given, **_addresses(traits)}, nobody)
    if found.usable:
        return found
    if found.fault and found.fault[0] in named:
        kind, why = found.fault
        raise ItemRefused("bad_identifier", named[kind], why)
    raise ItemRefused("no_identifier", "userId", "is missing, and so is anonymousId: give one of them")


def _addresses(traits: Mapping[str, Any]) -> dict[str, str]:
    return {kind: value for kind in ("email", "phone") if isinstance(value := traits.get(kind), str)}


def _profile(call: Call, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Traits of the person, and of the company."""
    given = {**_object(_object(call, "context"), "traits"), **_object(call, "traits")}
    if kind == "group":
        group = {"group_id": call["groupId"]} if call.get("groupId") is not None else {}
        return {}, {**group, **_company(given)}
    company = given.pop("company", None)
    address = given.pop("address", None)
    traits = _named(given, LEAD_TRAITS)
    if isinstance(address, dict):
        traits = {**_named(address, LEAD_TRAITS), **traits}
    if "name" not in traits:
        full = " ".join(str(traits[key]) for key in ("first_name", "last_name") if traits.get(key))
        traits |= {"name": full} if full else {}
    if isinstance(company, str):
        return traits, {"name": company}
    return traits, _company(company) if isinstance(company, dict) else {}


def _company(given: Mapping[str, Any]) -> dict[str, Any]:
    company = _named(given, COMPANY_TRAITS)
    website = company.get("website")
    if isinstance(website, str) and "domain" not in company:
        host = urlsplit(website if "//" in website else f"//{website}").hostname if "[" not in website else None
        company |= {"domain": host.removeprefix("www.")} if host else {}
    return company


def _named(given: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Names as fields are written; of two that become one, the one that was written so counts."""
    result: dict[str, Any] = {}
    for name, value in given.items():
        key = NOT_IN_KEYS.sub("_", CAMEL.sub("_", name).lower()).strip("_") or name
        key = renamed.get(key, key)
        if key == name or key not in given:
            result[key] = value
    return result
