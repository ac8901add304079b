"""Signature schemes: each proves that the holder of a secret sent exactly these bytes.

A scheme is a function of request, secret, options and moment; it raises `BadSignature`. All comparisons take the same
time wherever the texts differ. Where the scheme signs a timestamp, requests older or newer than `WINDOW` are refused.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from admin.hooks import wecom
from admin.hooks.options import SignatureOptions
from admin.hooks.received import BadSignature, Received, halves
from admin.web.proxies import is_within, read_address

WINDOW = timedelta(minutes=5)
"""How far a signed timestamp may lie from now: the Standard Webhooks specification's and HubSpot's."""
HUBSPOT_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
"""What HubSpot decodes in the address before it signs (v3)."""
LONGEST_SECRET = 500
Check = Callable[[Received, str, SignatureOptions, datetime], None]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign: ``secret`` is an example of what to give as secret, empty for none."""

    check: Check
    secret: str


def verify(received: Received, secrets: Iterable[str], options: SignatureOptions, now: datetime) -> str:
    """The secret that signed the request, of those that are valid; raises BadSignature."""
    _check_address(received.address, options.addresses)
    scheme = SCHEMES[options.scheme]
    if not scheme.secret:
        return ""
    why = BadSignature("no secret is set for this source")
    for secret in filter(None, secrets):
        try:
            scheme.check(received, secret, options, now)
        except BadSignature as refused:
            why = refused
        else:
            return secret
    raise why


def _check_address(address: str, allowed: Iterable[str]) -> None:
    networks = [ip_network(text, strict=False) for text in allowed]
    client = read_address(address)
    if networks and (client is None or not is_within(client, networks)):
        raise BadSignature("the address it came from is not on the list of this source")


def _same(given: str, right: str) -> None:
    if not hmac.compare_digest(given.encode("utf-8", "replace"), right.encode()):
        raise BadSignature("the signature does not belong to this body and secret")


def _header(received: Received, name: str) -> str:
    value = received.headers.get(name.lower(), "")
    if not value:
        raise BadSignature(f"the header {name} is missing")
    return value


def check_fresh(text: str, now: datetime, *, unit: timedelta = timedelta(seconds=1)) -> None:
    """Refuse a signed timestamp that is no number of ``unit`` since 1970, or too far from now."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadSignature("the timestamp is no number")
    if abs(int(text) * unit - timedelta(seconds=now.timestamp())) > WINDOW:
        raise BadSignature("the timestamp is more than 5 minutes away: an old request, or a clock is wrong")


def _key(secret: str) -> bytes:
    return secret.encode()


def _mac(key: bytes, message: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(key, message, algorithm).digest()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def check_hmac(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - no time
    """HMAC of the raw body in one header: GitHub, Facebook, Typeform, Mautic and most others."""
    mac = _mac(_key(secret), received.body, options.algorithm)
    right = mac.hex() if options.encoding == "hex" else _base64(mac)
    _same(_header(received, options.header), options.prefix + right)


def check_hub(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:
    """As `check_hmac`; the secret is ``app secret:verify token``, and the token is for the GET only."""
    check_hmac(received, halves(secret)[0], options, now)


def check_hubspot_v1(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - no time
    """SHA-256 of secret and body."""
    _same(_header(received, "X-HubSpot-Signature"), hashlib.sha256(_key(secret) + received.body).hexdigest())


def check_hubspot_v2(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - no time
    """SHA-256 of secret, method, address and body."""
    message = f"{secret}{received.method}{options.url or received.url}".encode() + received.body
    _same(_header(received, "X-HubSpot-Signature"), hashlib.sha256(message).hexdigest())


def check_hubspot_v3(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:
    """HMAC of method, address with some characters decoded, body and timestamp in milliseconds."""
    moment = _header(received, "X-HubSpot-Request-Timestamp")
    address = options.url or received.url
    for coded, plain in HUBSPOT_DECODED.items():
        address = address.replace(coded, plain)
    message = f"{received.method}{address}".encode() + received.body + moment.encode("utf-8", "replace")
    _same(_header(received, "X-HubSpot-Signature-v3"), _base64(_mac(_key(secret), message)))
    check_fresh(moment, now, unit=timedelta(milliseconds=1))


def check_calendly(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - none
    """``t=…,v1=…``: HMAC of timestamp, dot and body."""
    parts = dict(part.partition("=")[::2] for part in _header(received, "Calendly-Webhook-Signature").split(","))
    moment = parts.get("t", "")
    message = moment.encode("utf-8", "replace") + b"." + received.body
    _same(parts.get("v1", ""), _mac(_key(secret), message).hex())
    check_fresh(moment, now)


def check_standard(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - none
    """Standard Webhooks: HMAC of id, timestamp and body; one of several signatures must be right."""
    number, moment = _header(received, "webhook-id"), _header(received, "webhook-timestamp")
    given = _header(received, "webhook-signature").split(" ")
    message = f"{number}.{moment}.".encode("utf-8", "replace") + received.body
    right = f"v1,{_base64(_mac(_standard_key(secret), message))}"
    fits = [hmac.compare_digest(one.encode("utf-8", "replace"), right.encode()) for one in given]
    if not any(fits):
        raise BadSignature("none of the signatures belongs to this body and secret")
    check_fresh(moment, now)


def _standard_key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise BadSignature("the secret of this source is no Standard Webhooks secret (whsec_…)")
    return key


def check_wecom(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - none
    """WeCom: SHA-1 of the sorted token, timestamp, nonce and encrypted text."""
    query = received.query
    text = query.get("echostr", "") if received.method == "GET" else wecom.encrypted(received.body)
    moment = query.get("timestamp", "")
    _same(query.get("msg_signature", ""), wecom.signature(secret, moment, query.get("nonce", ""), text))
    check_fresh(moment, now)


def check_bearer(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - none
    """``Authorization: Bearer`` and the secret; proves the sender, not the body."""
    _same(_header(received, "Authorization"), f"Bearer {secret}")


def check_basic(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:  # noqa: ARG001 - none
    """``https://user:password@…`` as the vendor calls it; the secret is ``user:password``."""
    _same(_header(received, "Authorization"), f"Basic {_base64(_key(secret))}")


def check_nothing(received: Received, secret: str, options: SignatureOptions, now: datetime) -> None:
    """Nothing is signed: the list of addresses alone opens the door."""


def check_secret(scheme: str, secret: str) -> None:
    """Raise BadSignature for a text that cannot be a secret of the scheme, so that a slip shows when it is typed."""
    if not secret.strip() or len(secret) > LONGEST_SECRET:
        raise BadSignature(f"a secret has 1 to {LONGEST_SECRET} characters")
    if scheme in {"hub", "wecom", "basic"}:
        halves(secret)
    if scheme == "wecom":
        wecom.key_of(secret)
    if scheme == "standard_webhooks":
        _standard_key(secret)


SCHEMES: Mapping[str, Scheme] = {
    "hmac": Scheme(check_hmac, "the signing secret"),
    "hub": Scheme(check_hub, "app-secret:verify-token"),
    "hubspot_v1": Scheme(check_hubspot_v1, "the client secret of the app"),
    "hubspot_v2": Scheme(check_hubspot_v2, "the client secret of the app"),
    "hubspot_v3": Scheme(check_hubspot_v3, "the client secret of the app"),
    "calendly": Scheme(check_calendly, "the signing key of the subscription"),
    "standard_webhooks": Scheme(check_standard, "whsec_…"),
    "wecom": Scheme(check_wecom, "Token:EncodingAESKey"),
    "bearer": Scheme(check_bearer, "a long random text"),
    "basic": Scheme(check_basic, "user:password"),
    "none": Scheme(check_nothing, ""),
}


def greeting(received: Received, secrets: Iterable[str], options: SignatureOptions, now: datetime) -> str:
    """What a vendor's GET wants back to prove that the address is ours; raises BadSignature."""
    if options.scheme == "wecom":
        secret = verify(received, secrets, options, now)
        return wecom.opened(secret, received.query.get("echostr", ""), options).decode("utf-8", "replace")
    if options.scheme == "hub" and received.query.get("hub.mode") == "subscribe":
        for secret in secrets:
            token = halves(secret)[1]
            if hmac.compare_digest(
                received.query.get("hub.verify_token", "").encode("utf-8", "replace"), token.encode()
            ):
                return received.query.get("hub.challenge", "")
    raise BadSignature("this source answers no verification like this one")
