"""Segment's calls as lead events: identify, track, page, screen, group and alias, each one `Intake` (R1.8).

* `userId` is the external id, `anonymousId` the anonymous id; e-mail and phone of the traits identify when they can be
  read and stay plain traits when they cannot; alias joins `previousId` and `userId`.
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

from admin.intake.envelope import MAX_ID, ItemRefused, Sender, check_type_allowed, parse_moment, place_in_time
from admin.intake.identifiers import UnusableIdentifier, read_identifier
from admin.intake.json_text import fault_in
from engine.store.inbox.inbox import Intake

Call = Mapping[str, Any]
MAX_NAME = 200
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
LEAD_TRAITS = {"title": "job_title", "position": "job_title", "username": "name", "state": "region"}
COMPANY_TRAITS = {"employee_count": "employees", "size": "employees", "revenue": "annual_revenue"}
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
    return Intake(
        source=sender.source,
        id=_id(call),
        type=event_type,
        occurred_at=occurred_at,
        due_at=due_at,
        identities=_identities(call, traits),
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
    """The message's id; a message without one is named by its content, so that sending it again changes nothing."""
    if call.get("messageId") is None:
        content = json.dumps(call, sort_keys=True)
        return f"content-{sha256(content.encode()).hexdigest()}"
    text = _text(call, "messageId")
    if not text.strip() or len(text) > MAX_ID:
        raise ItemRefused("bad_id", "messageId", f"must have 1 to {MAX_ID} characters")
    return text


def _moment(call: Call, now: datetime) -> tuple[datetime, datetime]:
    """When it happened; a sender whose clock is fast is set right by the moment it says it sent the call."""
    key = next((key for key in ("timestamp", "originalTimestamp") if call.get(key) is not None), None)
    if key is None:
        return now, now
    moment = parse_moment(_text(call, key), key)
    if moment > now and call.get("sentAt") is not None:
        sent = parse_moment(_text(call, "sentAt"), "sentAt")
        moment = min(moment, now - (sent - moment)) if sent > now else moment
    return place_in_time(moment, now, key)


def _identities(call: Call, traits: Mapping[str, Any]) -> dict[str, str]:
    claimed = {"external_id": "userId", "anonymous_id": "anonymousId" if "previousId" not in call else "previousId"}
    found = {kind: _identity(kind, call, key) for kind, key in claimed.items() if call.get(key) is not None}
    for kind in ("email", "phone"):
        found[kind] = _readable(kind, traits.get(kind))
    named = {kind: value for kind, value in found.items() if value is not None}
    if not named:
        raise ItemRefused("no_identifier", "userId", "is missing, and so is anonymousId: give one of them")
    return named


def _identity(kind: str, call: Call, key: str) -> str | None:
    try:
        return read_identifier(kind, _text(call, key))
    except UnusableIdentifier as why:
        raise ItemRefused("bad_identifier", key, str(why)) from None


def _readable(kind: str, value: Any) -> str | None:
    try:
        return read_identifier(kind, value) if isinstance(value, str) else None
    except UnusableIdentifier:
        return None  # it stays a trait, where the lead page shows it


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
