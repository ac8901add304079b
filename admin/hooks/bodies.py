"""The payload of a verified request: decrypted, unwrapped, and read as a value."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from admin.hooks import wecom
from admin.hooks.definition import HookDefinition
from admin.hooks.received import Received
from admin.hooks.xml_text import parse_xml
from admin.intake.json_text import TOO_DEEP, BadValue, Parsed, fault_in, parse_json

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TYPES = {
    "json": frozenset({"application/json", "text/json"}),
    "xml": frozenset({"application/xml", "text/xml", ""}),  # WeCom sends no type at times
}


class WrongMediaType(ValueError):
    """The body is declared as something else than the source's format."""


class TooDeep(ValueError):
    """The body is nested deeper than the API takes."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What is mapped: a text in the definition's format, and the headers that the mapping reads."""

    text: bytes
    headers: Mapping[str, str]


def check_media_type(declared: str, definition: HookDefinition) -> None:
    """Raise WrongMediaType unless the body is declared in the source's format; CloudEvents may carry anything."""
    kind = definition.format
    if kind == "cloudevents" or declared in TYPES[kind] or declared.endswith(f"+{kind}"):
        return
    wanted = "application/json" if kind == "json" else "text/xml"
    raise WrongMediaType(f"Content-Type is {declared or 'missing'}: this source takes {wanted}")


def payload_of(received: Received, secret: str, definition: HookDefinition) -> Payload:
    """What is inside a verified request. Raises BadSignature for what was encrypted with another key."""
    headers = {name: received.headers[name] for name in map(str.lower, definition.headers) if name in received.headers}
    if definition.signature.scheme == "wecom":
        text = wecom.opened(secret, wecom.encrypted(received.body), definition.signature)
        return Payload(text, headers)
    media_type = received.headers.get("content-type", "").partition(";")[0].strip().lower()
    if definition.format == "cloudevents" and media_type not in {STRUCTURED, BATCH}:
        return Payload(_from_binary(received, media_type), headers)
    return Payload(received.body, headers)


def _from_binary(received: Received, media_type: str) -> bytes:
    """A CloudEvent in binary mode as in structured mode: attributes in percent-encoded ``ce-`` headers."""
    event: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value) for name, value in received.headers.items() if name.startswith("ce-")
    }
    event["datacontenttype"] = media_type
    if received.body:
        event["data_base64"] = base64.b64encode(received.body).decode()
    return json.dumps(event).encode()


def read_payload(text: bytes, definition: HookDefinition) -> Parsed:
    """The value of a payload. Raises UnreadableJson, UnreadableXml or TooDeep."""
    if definition.format == "xml":
        return Parsed(parse_xml(text), suspect=True)
    parsed = parse_json(text)
    value = _with_data(parsed.value) if definition.format == "cloudevents" else parsed.value
    fault = fault_in(value, suspect=False)
    if fault is not None and fault.code == TOO_DEEP.code:
        raise TooDeep(TOO_DEEP.message)
    return Parsed(value, parsed.suspect)


def _with_data(value: Any) -> Any:
    """CloudEvents with ``data`` in place of ``data_base64``, where that is JSON."""
    if isinstance(value, list):
        return [_with_data(event) for event in value]
    if not isinstance(value, dict) or not isinstance(value.get("data_base64"), str):
        return value
    try:
        inner = parse_json(base64.b64decode(value["data_base64"], validate=True)).value
    except ValueError:
        return value
    return value if isinstance(inner, BadValue) else {**value, "data": inner}
