"""Ready-made sources: their samples become the envelopes of the golden files, signed and mapped as a vendor's request.

The golden files hold made-up bodies. What vendors document themselves is read beside the repository, where it is there.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from admin.hooks.bodies import Payload, payload_of
from admin.hooks.definition import HookDefinition, read_definition
from admin.hooks.keeping import sample_text
from admin.hooks.mapping import Mapped, map_payload
from admin.hooks.ready_made import ready_made, ready_texts
from admin.hooks.received import Received
from admin.hooks.signatures import verify
from tests.admin.hooks.signing import NOW, SECRETS, signed
from tests.admin.hooks.vectors import ABSENT, BODIES, load

GOLDEN = Path(__file__).with_name("golden")
RETRY = timedelta(minutes=3)
needs_bodies = pytest.mark.skipif(not BODIES.is_dir(), reason=ABSENT)


def golden(name: str) -> list[dict[str, Any]]:
    """Bodies of a source with the envelopes that they become."""
    cases: list[dict[str, Any]] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return cases


def text_of(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)


def mapped(name: str, body: Any, headers: dict[str, str] | None = None) -> Mapped:
    definition = read_definition(ready_made(name))
    return map_payload(name, definition, Payload(text_of(body).encode(), headers or {}), NOW, NOW)


def request_of(definition: HookDefinition, text: str) -> Received:
    if definition.signature.scheme == "none":
        return Received(text.encode(), address=definition.signature.addresses[0])
    received, _ = signed(definition.signature.scheme, text.encode(), options=definition.signature)
    kind = "application/cloudevents+json" if definition.format == "cloudevents" else "application/json"
    return replace(received, headers={**received.headers, "content-type": kind})


@pytest.mark.parametrize("name", ready_texts())
def test_a_ready_made_source_maps_its_golden_bodies(name: str) -> None:
    cases = golden(name)
    assert cases[0]["body"] == ready_made(name)["sample"], "the first golden body is the sample"
    for case in cases:
        found = mapped(name, case["body"], case.get("headers"))
        assert list(found.envelopes) == case["envelopes"]
        assert (found.reason, found.failure) == (case.get("reason", ""), "")


@pytest.mark.parametrize("name", ready_texts())
def test_a_ready_made_source_takes_its_signed_sample(name: str) -> None:
    definition = read_definition(ready_made(name))
    secrets = SECRETS.get(definition.signature.scheme, ("",))
    received = request_of(definition, sample_text(definition))
    payload = payload_of(received, verify(received, secrets, definition.signature, NOW), definition)
    found = map_payload(name, definition, payload, NOW, NOW)
    assert found.intakes
    assert found.reason == ""


@pytest.mark.parametrize("name", ready_texts())
def test_a_vendors_retry_has_the_same_ids(name: str) -> None:
    """What is mapped later from the same body are the same events: nothing of the moment of arrival is in an id."""
    definition = read_definition(ready_made(name))
    payload = Payload(sample_text(definition).encode(), {})
    first = map_payload(name, definition, payload, NOW, NOW)
    again = map_payload(name, definition, payload, NOW + RETRY, NOW + RETRY)
    ids = [one.id for one in first.intakes]
    assert [one.id for one in again.intakes] == ids
    assert len(set(ids)) == len(ids)


def test_hubspots_next_attempt_is_the_same_event() -> None:
    body = ready_made("hubspot_v3")["sample"]
    later = [{**one, "attemptNumber": 4} for one in body]
    assert [one.id for one in mapped("hubspot_v3", later).intakes] == [
        one.id for one in mapped("hubspot_v3", body).intakes
    ]


def documented() -> Iterator[tuple[str, Any, int]]:
    """Source, body and number of events of what vendors document."""
    if not BODIES.is_dir():
        return
    for name in ("contact_events_live_shape", "contact_events_doc", "sensitive_property_change_doc"):
        body = load(f"hubspot/{name}.json")
        yield "hubspot_v3", body, len(body)
    yield "typeform", load("typeform/form_response_doc.json"), 1
    yield "facebook_lead_ads", load("facebook_leadads/leadgen_doc.json"), 2
    for body in load("calendly/doc_shape_created_canceled.json"):
        yield "calendly", body, 1
    for name in ("form_on_submit", "lead_post_save_new", "lead_post_save_update", "page_on_hit", "email_on_open"):
        yield "mautic", _mautic(name), 1
    yield "mautic", _mautic("lead_points_change"), 0
    yield "wecom", (BODIES / "wecom/internal_add_external_contact.xml").read_text(encoding="utf-8"), 1
    yield "jinshuju", {"form": "f", "entry": load("jinshuju/entry_doc.json")}, 1


def _mautic(trigger: str) -> dict[str, Any]:
    """A body as Mautic sends it; its documents show what stands below the trigger's name."""
    found = load(f"mautic/{trigger}.json")
    return {f"mautic.{trigger}": found if isinstance(found, list) else [found]}


@needs_bodies
@pytest.mark.parametrize(("name", "body", "events"), list(documented()))
def test_what_a_vendor_documents_is_mapped(name: str, body: Any, events: int) -> None:
    found = mapped(name, body)
    assert (found.reason, found.message, len(found.intakes)) == ("", "", events)


@needs_bodies
def test_an_entry_that_names_nobody_waits_with_its_reason() -> None:
    assert mapped("jinshuju", load("jinshuju/push_captured.json")).reason == "no_identifier"


@needs_bodies
def test_every_cloudevent_of_the_specification_is_read() -> None:
    for one in load("cloudevents/spec_examples.json"):
        if isinstance(one.get("value"), dict | list):
            found = mapped("cloudevents", one["value"])
            assert found.failure == "" or "neither in table" in found.failure, one
