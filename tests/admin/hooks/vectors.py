"""Requests that vendors document with their signatures; the folder beside the repository may be absent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin.hooks.options import SignatureOptions
from admin.hooks.received import Received

BODIES = Path(__file__).parents[4] / "shared" / "data" / "webhooks"
ABSENT = f"the vendors' documented bodies are not at {BODIES}"
HUB_SECRET = "app-secret:verify-token"


@dataclass(frozen=True)
class Vector:
    """A signed request, the secret and moment that go with it, and which headers and query carry the proof."""

    name: str
    received: Received
    secret: str
    options: SignatureOptions
    now: datetime
    proof: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    signs_body: bool = field(default=True)


def load(path: str) -> Any:
    return json.loads((BODIES / path).read_text(encoding="utf-8"))


def vectors() -> Iterator[Vector]:
    if not BODIES.is_dir():
        return
    yield from _hubspot()
    yield _one("typeform", "Typeform-Signature", "tf", {"scheme": "hmac", "encoding": "base64"})
    yield _one("facebook_leadads", "X-Hub-Signature-256", "fb", {"scheme": "hub"})
    yield _standard()
    yield from _wecom()


def _hubspot() -> Iterator[Vector]:
    for number, one in enumerate(load("hubspot/signature_vectors.json")):
        version = one["version"]
        name = "x-hubspot-signature-v3" if version == "v3" else "x-hubspot-signature"
        headers = {name: one["signature"]}
        moment = datetime.fromtimestamp(int(one.get("timestamp", 0)) / 1000, UTC)
        if version == "v3":
            headers["x-hubspot-request-timestamp"] = one["timestamp"]
        received = Received(
            one["body"].encode(), headers, method=one.get("method", "POST"), url=one.get("url", "https://x.example.com")
        )
        options = SignatureOptions.model_validate({"scheme": f"hubspot_{version}"})
        yield Vector(f"hubspot {version} {number}", received, one["client_secret"], options, moment, tuple(headers))


def _one(folder: str, header: str, name: str, options: dict[str, Any]) -> Vector:
    found = load(f"{folder}/signature_vector.json")
    received = Received(found["body_utf8"].encode(), {header.lower(): found["signature"]})
    secret = found["secret"] if "secret" in found else f"{found['app_secret']}:YOUR_VERIFY_TOKEN"
    chosen = SignatureOptions.model_validate({"header": header, "prefix": "sha256=", **options})
    return Vector(name, received, secret, chosen, datetime(2026, 1, 1, tzinfo=UTC), (header.lower(),))


def _standard() -> Vector:
    found = load("standard_webhooks/signature_vectors.json")
    (one,) = found["vectors"]
    headers = {name: one[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    moment = datetime.fromtimestamp(int(one["webhook-timestamp"]), UTC)
    received = Received(one["body"].encode(), headers)
    options = SignatureOptions(scheme="standard_webhooks")
    return Vector("standard webhooks", received, found["secret"], options, moment, tuple(headers))


def _wecom() -> Iterator[Vector]:
    found = load("wecom/crypto_vectors.json")
    secret = f"{found['token']}:{found['encoding_aes_key']}"
    options = SignatureOptions(scheme="wecom", receive_id=found["corp_id"])
    for name, text in (("url_verification", "echostr"), ("message", "encrypt")):
        one = found[name]
        signed = {key: one[key] for key in ("msg_signature", "timestamp", "nonce")}
        moment = datetime.fromtimestamp(int(one["timestamp"]), UTC)
        if text == "echostr":
            received = Received(b"", query=signed | {"echostr": one[text]}, method="GET")
        else:
            received = Received(f"<xml><Encrypt><![CDATA[{one[text]}]]></Encrypt></xml>".encode(), query=signed)
        yield Vector(f"wecom {name}", received, secret, options, moment, query=tuple(received.query))
