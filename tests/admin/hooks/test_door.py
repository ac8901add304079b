"""`/hooks/{source}` as vendors call it: verified, mapped, taken in once; what cannot be taken waits."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from admin.hooks.keeping import complete, replay, sealed
from admin.hooks.options import SignatureOptions
from engine.errors import NotFound
from engine.store.hooks import quarantine, sources
from tests.admin.api_client import NOW, Api, told
from tests.admin.hooks.signing import SECRETS, signed, wecom_message
from tests.factories import column

BODY: dict[str, Any] = {
    "id": "a-1", "type": "page.viewed", "occurred_at": "2026-11-21T08:00:00Z", "lead": {"email": "gao@softex.cn"},
}  # fmt: skip
BOSS = "boss@example.com"
JSON = "application/json"


def add(api: Api, use: str, key: str = "demo", secrets: tuple[str, ...] | None = None, **changes: Any) -> None:
    definition = complete({"use": use, **changes})
    chosen = SECRETS.get(definition["signature"]["scheme"], ())[:1] if secrets is None else secrets
    closed = sealed(chosen, definition, api.app.config["SECRET_KEY"])
    sources.add_source(key, definition, closed, NOW, BOSS)


def post(api: Api, body: Any, *, content_type: str = JSON, key: str = "demo", **headers: str) -> TestResponse:
    """Send with the bearer secret."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    chosen = {"Authorization": "Bearer one", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return api.client.post(f"/hooks/{key}", data=data, content_type=content_type, headers=chosen)


def arrived() -> list[str]:
    return column("SELECT external_id FROM event ORDER BY external_id")


@pytest.mark.parametrize(
    "name",
    ["hubspot_v1", "hubspot_v2", "hubspot_v3", "typeform", "facebook_lead_ads", "calendly", "mautic", "jinshuju"],
)
def test_a_signed_sample_is_taken_once_and_a_retry_is_a_duplicate(api: Api, name: str) -> None:
    """HubSpot signs the address as it was called, query included."""
    add(api, name)
    row = sources.find_source("demo")
    assert row is not None
    text = json.dumps(row.definition["sample"]).encode()
    scheme = row.definition["signature"]["scheme"]
    where = "http://localhost/hooks/demo?a=%E9%AB%98%3A"
    options = complete({"use": name})["signature"]
    plain = where.replace("%3A", ":") if scheme == "hubspot_v3" else where
    received, _ = signed(scheme, text, url=plain, options=SignatureOptions.model_validate(options))
    for round_ in (1, 2):
        answer = api.client.post(where, data=text, content_type=JSON, headers=dict(received.headers))
        assert answer.status_code == row.definition.get("status", 202), answer.text
        if answer.status_code == 202:
            assert (told(answer)["accepted"] == 0) is (round_ == 2)
            assert told(answer)["quarantined"] == 0
    assert arrived()
    assert column("SELECT DISTINCT source FROM event") == ["demo"]


def test_wecom_gets_its_echo_and_its_message_is_opened(api: Api) -> None:
    add(api, "wecom", signature={"scheme": "wecom", "receive_id": "ww-demo"})
    body, query = wecom_message(b"<xml><Event>x</Event></xml>")
    echo = body.decode().partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    answer = api.client.get("/hooks/demo", query_string={**query, "echostr": echo})
    assert (answer.status_code, answer.text) == (200, "<xml><Event>x</Event></xml>")
    assert api.client.get("/hooks/demo", query_string={**query, "nonce": "n-2", "echostr": echo}).status_code == 401
    row = sources.find_source("demo")
    assert row is not None
    body, query = wecom_message(row.definition["sample"].encode())
    for _ in range(2):
        answer = api.client.post("/hooks/demo", data=body, query_string=query, content_type="text/xml")
        assert (answer.status_code, answer.text) == (200, "success")
    assert column("SELECT type FROM event") == ["wecom.contact_added"]
    assert column("SELECT kind || value FROM identity") == ["wechatwmDemoExternal0001"]


def test_facebook_gets_its_challenge_for_the_right_token_only(api: Api) -> None:
    add(api, "facebook_lead_ads")
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "<b>1158"}
    answer = api.client.get("/hooks/demo", query_string=query)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "<b>1158", "text/plain")
    for wrong in ({"hub.verify_token": "x"}, {"hub.mode": "x"}, {"hub.verify_token": "é"}):
        assert api.client.get("/hooks/demo", query_string=query | wrong).status_code == 401


@pytest.mark.parametrize("name", ["structured", "binary", "batch", "mark"])
def test_cloudevents_come_in_three_ways(api: Api, name: str) -> None:
    add(api, "cloudevents")
    data = {"email": "gao@softex.cn"}
    event = {"specversion": "1.0", "type": "com.example.page.viewed", "source": "/网", "id": "1 %", "data": data}
    match name:
        case "binary":
            body, kind = json.dumps(data).encode(), JSON
            headers = {"ce_specversion": "1.0", "ce_type": event["type"], "ce_source": "/%E7%BD%91", "ce_id": "1%20%25"}
        case "batch":
            body, kind, headers = json.dumps([event]).encode(), "application/cloudevents-batch+json", {}
        case _:
            body, kind, headers = json.dumps(event).encode(), "application/cloudevents+json; charset=utf-8", {}
            body = b"\xef\xbb\xbf" + body if name == "mark" else body
    answer = post(api, body, content_type=kind, **{key: str(value) for key, value in headers.items()})
    assert told(answer) == {"accepted": 1, "duplicates": 0, "quarantined": 0}, answer.text
    assert told(post(api, event, content_type="application/cloudevents+json"))["duplicates"] == 1, "the same event"


def test_a_wrong_or_missing_signature_is_refused_before_anything_is_read(api: Api) -> None:
    add(api, "github_style")
    received, _ = signed("hmac", json.dumps(BODY).encode())
    right = received.headers["x-hub-signature-256"]
    for body, headers in (
        (json.dumps(BODY).encode(), {}),
        (json.dumps(BODY).encode(), {"X-Hub-Signature-256": right[:-1] + ("0" if right[-1] != "0" else "1")}),
        (json.dumps(BODY).encode() + b" ", {"X-Hub-Signature-256": right}),
        (b"{", {"X-Hub-Signature-256": right}),
    ):
        answer = api.client.post("/hooks/demo", data=body, content_type=JSON, headers=headers)
        assert (answer.status_code, told(answer)["code"]) == (401, "bad_signature")
        assert answer.headers["WWW-Authenticate"]
        assert "one" not in answer.text.split()
    assert arrived() == []
    assert quarantine.count_quarantined() == 0


def test_two_secrets_are_valid_while_one_takes_over_from_the_other(api: Api) -> None:
    add(api, "bearer", secrets=("new", "one"))
    assert post(api, BODY).status_code == 202
    assert post(api, BODY, Authorization="Bearer new").status_code == 202
    sources.drop_old_secret("demo", BOSS)
    assert (post(api, BODY).status_code, post(api, BODY, Authorization="Bearer new").status_code) == (401, 202)


def test_secrets_are_not_readable_in_the_database_and_a_changed_key_is_said(api: Api) -> None:
    add(api, "bearer", secrets=("a-long-secret",))
    assert "a-long-secret" not in str(column("SELECT row_to_json(hook_source)::text FROM hook_source"))
    assert "a-long-secret" not in str(column("SELECT row_to_json(audit_entry)::text FROM audit_entry"))
    kept = api.app.config["SECRET_KEY"]
    try:
        api.app.config["SECRET_KEY"] = "another"
        answer = post(api, BODY)
    finally:
        api.app.config["SECRET_KEY"] = kept
    assert (answer.status_code, "enter it again" in answer.text) == (503, True)


def test_a_source_that_is_not_there_or_paused_is_not_found(api: Api) -> None:
    add(api, "bearer")
    row = sources.find_source("demo")
    assert row is not None
    sources.change_source("demo", row.definition, active=False, by=BOSS)
    for key in ("demo", "other", "%00"):
        assert post(api, BODY, key=key).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", JSON, 400, "malformed_json"),
        (b"\xff", JSON, 400, "not_utf8"),
        (json.dumps(BODY).encode(), "text/html", 415, "wrong_media_type"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, JSON, 422, "invalid"),
        (b"[" * 100_000, JSON, 422, "invalid"),
        (b" " * 5_000_000, JSON, 413, "body_too_large"),
    ],
    ids=["json", "utf8", "type", "deep", "bottomless", "large"],
)
def test_a_body_that_cannot_be_read_is_answered_with_what_to_mend(
    api: Api, body: bytes, kind: str, status: int, code: str
) -> None:
    add(api, "bearer")
    answer = post(api, body, content_type=kind)
    assert (answer.status_code, told(answer)["code"]) == (status, code)
    assert quarantine.count_quarantined() == 0


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><Event>&b;</Event></xml>'


@pytest.mark.parametrize(
    "body", [BOMB, b"<xml>", b"<a>" * 40 + b"</a>" * 40, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>']
)
def test_xml_with_entities_or_without_end_is_refused(api: Api, body: bytes) -> None:
    add(api, "bearer", format="xml")
    answer = post(api, body, content_type="text/xml")
    assert (answer.status_code, told(answer)["code"]) == (400, "malformed_xml")
    add(api, "wecom", key="wecom")
    _, query = wecom_message(b"")
    assert api.client.post("/hooks/wecom", data=BOMB, query_string=query).status_code == 401


def test_a_mark_and_gzip_are_taken(api: Api) -> None:
    add(api, "bearer")
    assert told(post(api, b"\xef\xbb\xbf" + json.dumps(BODY).encode()))["accepted"] == 1
    packed = gzip.compress(json.dumps(BODY | {"id": "a-2"}).encode())
    assert told(post(api, packed, Content_Encoding="gzip"))["accepted"] == 1


def test_an_unsigned_source_takes_listed_addresses_and_is_trusted_as_a_public_key(api: Api) -> None:
    add(api, "addresses")
    work = BODY | {"id": "w", "type": "opportunity.won"}
    assert told(post(api, [BODY, work])) == {"accepted": 1, "duplicates": 0, "quarantined": 1}
    assert column("SELECT trusted FROM identity") == [False]
    definition = complete({"use": "addresses", "signature": {"scheme": "none", "addresses": ["192.0.2.0/24"]}})
    sources.change_source("demo", definition, active=True, by=BOSS)
    assert post(api, BODY).status_code == 401


# ------------------------------------------------------------------------------------------------------- quarantine
def test_what_cannot_be_mapped_waits_and_is_taken_after_the_mapping_was_mended(api: Api) -> None:
    add(api, "bearer", type={"from": "item.kind", "table": {"visit": "page.viewed"}})
    body = BODY | {"kind": "visits"}
    for _ in range(3):
        assert told(post(api, body)) == {"accepted": 0, "duplicates": 0, "quarantined": 1}
    (row,) = quarantine.list_quarantined()
    assert (row.reason, row.times, json.loads(row.body)) == ("mapping_failed", 3, body)
    assert "'visits'" in row.message
    number = row.id or 0
    with pytest.raises(sources.HookRefused, match="visits"):
        replay(number, NOW, BOSS)
    mended = complete({"use": "bearer", "type": {"from": "item.kind", "table": {"visits": "page.viewed"}}})
    sources.change_source("demo", mended, active=True, by=BOSS)
    assert replay(number, NOW + timedelta(hours=1), BOSS).accepted == 1
    assert arrived() == ["a-1"]
    assert quarantine.list_quarantined() == []
    with pytest.raises(NotFound):
        replay(number, NOW, BOSS)
    assert column("SELECT action FROM audit_entry ORDER BY id DESC LIMIT 1") == ["hook.replayed"]


def test_the_good_events_of_a_body_are_taken_and_the_refused_ones_keep_it_waiting(api: Api) -> None:
    add(api, "bearer")
    bad = BODY | {"id": "a-2", "lead": {"email": "nobody"}}
    assert told(post(api, [BODY, bad, BODY | {"id": "a-3"}])) == {"accepted": 2, "duplicates": 0, "quarantined": 1}
    (row,) = quarantine.list_quarantined("demo")
    assert (row.reason, row.message.startswith("lead.email")) == ("bad_identifier", True)
    with pytest.raises(sources.HookRefused):
        replay(row.id or 0, NOW, BOSS)
    assert arrived() == ["a-1", "a-3"]


def test_only_256_kib_of_a_body_are_kept_and_such_a_body_is_not_replayed(api: Api) -> None:
    add(api, "bearer")
    post(api, {"padding": "x" * 300_000})
    (row,) = quarantine.list_quarantined()
    assert (len(row.body), row.size > 300_000) == (256 * 1024, True)
    with pytest.raises(sources.HookRefused, match="too large"):
        replay(row.id or 0, NOW, BOSS)


def test_text_that_no_database_holds_waits_like_any_other(api: Api) -> None:
    add(api, "bearer", type={"from": "item.kind", "table": {}})
    answer = post(api, b'{"kind": "\\u0000\\ud800"}')
    assert told(answer)["quarantined"] == 1
    assert quarantine.count_quarantined() == 1


def test_a_body_with_more_items_than_one_request_may_hold_waits(api: Api) -> None:
    add(api, "bearer")
    assert told(post(api, [BODY | {"id": str(n)} for n in range(1_001)])) == {
        "accepted": 0, "duplicates": 0, "quarantined": 1,
    }  # fmt: skip
