"""Signatures: every documented one verifies, and none does after one byte of body, header or secret was changed."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from admin.hooks import wecom
from admin.hooks.options import SignatureOptions
from admin.hooks.received import BadSignature, Received
from admin.hooks.signatures import SCHEMES, check_secret, greeting, verify
from tests.admin.hooks.signing import NOW, SECRETS, signed
from tests.admin.hooks.vectors import ABSENT, BODIES, Vector, load, vectors

VECTORS = list(vectors())
needs_bodies = pytest.mark.skipif(not BODIES.is_dir(), reason=ABSENT)
BODY = '{"id": 1, "name": "高敏"}'.encode()


def changed(text: str, place: int) -> str:
    """The text with one byte replaced by another letter."""
    at = place % len(text)
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def opens(received: Received, secret: str, options: SignatureOptions, now: datetime) -> bool:
    try:
        used = verify(received, [secret], options, now)
        if options.scheme == "wecom":
            text = received.query["echostr"] if received.method == "GET" else wecom.encrypted(received.body)
            wecom.opened(used, text, options)
    except BadSignature:
        return False
    return True


@needs_bodies
def test_there_are_vectors_of_every_scheme_that_vendors_document() -> None:
    schemes = {one.options.scheme for one in VECTORS}
    assert schemes == {"hubspot_v1", "hubspot_v2", "hubspot_v3", "hmac", "hub", "standard_webhooks", "wecom"}


@needs_bodies
@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.name)
def test_a_documented_signature_verifies(vector: Vector) -> None:
    assert opens(vector.received, vector.secret, vector.options, vector.now)


@needs_bodies
@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.name)
@given(place=st.integers(0, 10_000), data=st.data())
def test_a_documented_signature_fails_when_one_byte_of_the_proof_changes(
    vector: Vector, place: int, data: st.DataObject
) -> None:
    """Body, each header, each part of the query, and the secret: any byte of them."""
    received, secret = vector.received, vector.secret
    what = data.draw(st.sampled_from(["secret", *vector.proof, *vector.query, *(["body"] if received.body else [])]))
    if what == "secret":
        secret = changed(secret, place)
        assume(vector.options.scheme != "hub" or place % len(secret) <= vector.secret.index(":"))
        assume(vector.options.scheme != "wecom" or place % len(secret) != len(secret) - 1)  # 2 of its bits are unused
    elif what == "body" and vector.options.scheme == "wecom":
        start, end = received.body.index(b"CDATA[") + 6, received.body.index(b"]]>")
        text = received.body[start:end].decode()
        body = received.body.replace(text.encode(), changed(text, place).encode())
        received = replace(received, body=body)
    elif what == "body":
        at = place % len(received.body)
        body = received.body[:at] + bytes([received.body[at] ^ 1]) + received.body[at + 1 :]
        received = replace(received, body=body)
    elif what in vector.proof:
        headers = {**received.headers, what: changed(received.headers[what], place)}
        received = replace(received, headers=headers)
    else:
        received = replace(received, query={**received.query, what: changed(received.query[what], place)})
    assert not opens(received, secret, vector.options, vector.now)


@needs_bodies
def test_the_wecom_messages_open_to_what_the_vendor_documents() -> None:
    found = load("wecom/crypto_vectors.json")
    echo, message = [one for one in VECTORS if one.options.scheme == "wecom"]
    assert greeting(echo.received, [echo.secret], echo.options, echo.now) == found["url_verification"]["expected_plain"]
    text = wecom.opened(message.secret, found["message"]["encrypt"], message.options)
    assert text.decode() == found["message"]["expected_xml"]
    with pytest.raises(BadSignature, match="another company"):
        wecom.opened(
            message.secret, found["message"]["encrypt"], message.options.model_copy(update={"receive_id": "x"})
        )


@needs_bodies
def test_standard_webhooks_refuses_and_accepts_what_the_specification_says() -> None:
    found = load("standard_webhooks/signature_vectors.json")
    vector = next(one for one in VECTORS if one.options.scheme == "standard_webhooks")
    right = vector.received.headers["webhook-signature"]
    for one in found["must_reject"]:
        headers: dict[str, str] = {
            name: value for name, value in vector.received.headers.items() if name not in one["case"]
        }
        headers |= {name: value for name, value in one.items() if name.startswith("webhook-")}
        now = vector.now + timedelta(seconds=301) * (("too old" in one["case"]) - ("too new" in one["case"]))
        assert not opens(
            replace(vector.received, headers=headers), one.get("secret", vector.secret), vector.options, now
        )
    several = found["must_accept"][0]["webhook-signature"].replace("<valid v1>", right)
    for accepted, secret in (
        ({**vector.received.headers, "webhook-signature": several}, vector.secret),
        (vector.received.headers, vector.secret.removeprefix("whsec_")),
    ):
        assert opens(replace(vector.received, headers=accepted), secret, vector.options, vector.now)


@needs_bodies
def test_facebooks_verification_is_answered_with_the_challenge() -> None:
    found = load("facebook_leadads/signature_vector.json")["get_verification"]
    query = dict(part.split("=") for part in found["query"].split("&"))
    options = SignatureOptions(scheme="hub", header="X-Hub-Signature-256")
    received = Received(b"", query=query, method="GET")
    assert greeting(received, ["fb-test-secret:YOUR_VERIFY_TOKEN"], options, NOW) == found["answer_body"]
    with pytest.raises(BadSignature):
        greeting(received, ["fb-test-secret:ANOTHER"], options, NOW)


# ----------------------------------------------------------------------------- ours, without the vendors' documents
SIGNING = [name for name in SCHEMES if name != "none"]


@pytest.mark.parametrize("scheme", SIGNING)
@given(body=st.binary(max_size=200))
def test_what_is_signed_by_the_rule_opens_and_under_another_secret_does_not(scheme: str, body: bytes) -> None:
    received, options = signed(scheme, body)
    assert opens(received, SECRETS[scheme][0], options, NOW)
    assert verify(received, SECRETS[scheme][::-1], options, NOW) == SECRETS[scheme][0]
    assert not opens(received, SECRETS[scheme][1], options, NOW)


@pytest.mark.parametrize("scheme", SIGNING)
def test_a_request_without_proof_or_with_text_that_is_none_is_refused(scheme: str) -> None:
    received, options = signed(scheme, BODY)
    bare = replace(received, headers={}, query={})
    strange = replace(
        received,
        headers=dict.fromkeys(received.headers, "é\udcff,=,v1=,t=x"),
        query=dict.fromkeys(received.query, "é\udcff"),
    )
    for one in (bare, strange):
        assert not opens(one, SECRETS[scheme][0], options, NOW)


@pytest.mark.parametrize("scheme", SIGNING)
def test_without_a_secret_nothing_opens(scheme: str) -> None:
    received, options = signed(scheme, BODY)
    for secrets in ([], [""], [":"]):
        with pytest.raises(BadSignature):
            verify(received, secrets, options, NOW)


@pytest.mark.parametrize("scheme", ["hubspot_v3", "calendly", "standard_webhooks", "wecom"])
@pytest.mark.parametrize(("seconds", "taken"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_signed_timestamp_may_lie_five_minutes_away(scheme: str, seconds: int, taken: bool) -> None:
    received, options = signed(scheme, BODY)
    assert opens(received, SECRETS[scheme][0], options, NOW + timedelta(seconds=seconds)) is taken


@pytest.mark.parametrize(
    ("address", "taken"),
    [("203.0.113.7", True), ("203.0.114.7", False), ("2001:db8::1", True), ("::ffff:203.0.113.7", True), ("", False)],
)
def test_a_list_of_addresses_lets_only_these_in(address: str, taken: bool) -> None:
    options = SignatureOptions(scheme="none", addresses=("203.0.113.0/24", "2001:db8::/32"))
    assert opens(Received(BODY, address=address), "", options, NOW) is taken


def test_hubspot_signs_the_address_with_some_characters_decoded() -> None:
    secret, moment = "s", str(int(NOW.timestamp() * 1000))
    message = f"POSThttps://x.example.com/hooks/a?b=c:d{moment}"
    headers = {
        "x-hubspot-signature-v3": base64.b64encode(hmac.new(b"s", message.encode(), "sha256").digest()).decode(),
        "x-hubspot-request-timestamp": moment,
    }
    received = Received(b"", headers, url="https://x.example.com/hooks/a?b=c%3Ad")
    assert opens(received, secret, SignatureOptions(scheme="hubspot_v3"), NOW)
    told = SignatureOptions(scheme="hubspot_v3", url="https://x.example.com/hooks/a?b=c%3Ad")
    assert opens(replace(received, url="http://10.0.0.1/hooks/a"), secret, told, NOW)


@pytest.mark.parametrize(
    ("scheme", "secret"),
    [("hmac", " "), ("hmac", "x" * 501), ("hub", "only-one"), ("basic", "user:"), ("wecom", "token:short"),
     ("standard_webhooks", "whsec_"), ("standard_webhooks", "whsec_!!")],
)  # fmt: skip
def test_a_text_that_cannot_be_a_secret_is_refused_when_it_is_typed(scheme: str, secret: str) -> None:
    with pytest.raises(BadSignature):
        check_secret(scheme, secret)


@pytest.mark.parametrize("scheme", SIGNING)
def test_secrets_that_fit_are_taken(scheme: str) -> None:
    for secret in SECRETS[scheme]:
        check_secret(scheme, secret)


def test_a_source_without_a_greeting_refuses_one() -> None:
    query: Mapping[str, Any] = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    for options in (SignatureOptions(scheme="bearer"), SignatureOptions(scheme="hub", header="X")):
        with pytest.raises(BadSignature):
            greeting(Received(b"", query=query, method="GET"), ["a:b"], options, NOW)
