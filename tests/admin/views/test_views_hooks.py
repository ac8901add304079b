"""Incoming webhooks as administrators see and use them: sources, trials, secrets, quarantine."""

import json
from typing import Any

import pytest

from admin.hooks.keeping import complete
from admin.hooks.ready_made import ready_made
from admin.hooks.sealing import unseal
from engine.settings import Settings
from engine.store.access.audit import recent_entries
from engine.store.hooks import quarantine, sources
from rulesets.document.yaml_text import write_yaml
from tests.admin.api_client import NOW
from tests.admin.pages import Pages, Reader
from tests.admin.world import WANG
from tests.factories import column

TYPEFORM = write_yaml(ready_made("typeform"))
BODY = {"id": "a-1", "type": "page.viewed", "occurred_at": "2026-11-21T08:00:00Z", "lead": {"email": "nobody"}}


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


@pytest.fixture
def admin(pages: Pages) -> Reader:
    return pages.as_role("admin")


def secrets(pages: Pages) -> list[str]:
    row = sources.find_source("forms")
    assert row is not None
    return [unseal(one, pages.app.config["SECRET_KEY"]) for one in row.secrets]


def number() -> int:
    row = sources.find_source("forms")
    assert row is not None
    return row.id or 0


def hold(source: str = "own", **changes: Any) -> int:
    body = json.dumps(BODY | changes).encode()
    quarantine.keep_body(quarantine.Held(source, "bad_identifier", "lead.email is no address", body, {}), NOW)
    return quarantine.list_quarantined()[0].id or 0


def test_nothing_yet_says_what_can_be_added(admin: Reader) -> None:
    assert "No sources yet" in admin.text("/admin/hooks/")
    assert "Nothing waits" in admin.text("/admin/quarantine/")
    begun = admin.text("/admin/hooks/new/?ready=typeform")
    assert "Typeform-Signature" in begun
    assert 'value="typeform"' in begun
    assert admin.get("/admin/hooks/new/?ready=nothing").status_code == 200


def test_a_source_is_made_of_a_ready_made_one_and_tried(pages: Pages, admin: Reader) -> None:
    made = admin.post("/admin/hooks/new/", {"key": "forms", "secret": "first-secret", "definition": TYPEFORM})
    assert "Its address is /hooks/forms" in made.text
    assert "Try with this body" in made.text
    assert secrets(pages) == ["first-secret"]
    assert "first-secret" not in admin.text("/admin/hooks/") + admin.text(f"/admin/hooks/edit/?id={number()}")
    body = json.dumps(ready_made("typeform")["sample"])
    tried = admin.post("/admin/hooks/forms/try", {"body": body}).text
    assert "gao.min@softex.cn" in tried
    assert "form.submitted" in tried
    assert column("SELECT count(*) FROM event") == [0]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "Not mapped"),
        ('{"event_type": "invented"}', "is neither in table nor in ignore"),
        ('{"event_type": "form_response_partial"}', "This body makes no events"),
        ('{"event_type": "form_response", "event_id": "1"}', "Envelope 1 is refused"),
        ("", "Please fill this in"),
    ],
)
def test_a_trial_says_what_would_wait_and_why(admin: Reader, body: str, told: str) -> None:
    admin.post("/admin/hooks/new/", {"key": "forms", "secret": "s", "definition": TYPEFORM})
    assert told in admin.post("/admin/hooks/forms/try", {"body": body}).text
    assert quarantine.count_quarantined() == 0


def test_a_new_secret_keeps_the_old_one_until_it_is_ended(pages: Pages, admin: Reader) -> None:
    admin.post("/admin/hooks/new/", {"key": "forms", "secret": "one", "definition": TYPEFORM})
    edit = f"/admin/hooks/edit/?id={number()}"
    admin.post(edit, {"secret": "two", "keep_old": "y", "definition": TYPEFORM, "active": "y"})
    assert secrets(pages) == ["two", "one"]
    admin.post(edit, {"secret": "", "keep_old": "y", "definition": TYPEFORM})
    assert secrets(pages) == ["two", "one"]
    assert "paused" in admin.text("/admin/hooks/")
    assert "Only the newest secret is valid" in admin.post("/admin/hooks/forms/drop-old").text
    assert secrets(pages) == ["two"]
    admin.post(edit, {"secret": "three", "definition": TYPEFORM, "active": "y"})
    assert secrets(pages) == ["three"]
    assert "The source is removed" in admin.post("/admin/hooks/forms/remove").text
    assert sources.list_sources() == []
    assert "two" not in str([(entry.before, entry.after) for entry in recent_entries()])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"key": "A B"}, "Write 1 to 40"),
        ({"definition": "label: ["}, "Line 2"),
        ({"definition": TYPEFORM + "each: '['\n"}, "no JMESPath expression"),
        ({"definition": "use: wecom", "secret": "x"}, "two parts"),
        ({"definition": ""}, "Please fill this in"),
    ],
)
def test_a_source_that_cannot_be_used_is_not_made_and_what_was_typed_stays(
    admin: Reader, fields: dict[str, str], told: str
) -> None:
    whole = {"key": "forms", "secret": "s", "definition": TYPEFORM} | fields
    answer = admin.post("/admin/hooks/new/", whole).text
    assert told in answer
    assert f'value="{whole["key"]}"' in answer
    assert sources.list_sources() == []


def test_a_key_is_taken_once(admin: Reader) -> None:
    fields = {"key": "forms", "secret": "s", "definition": TYPEFORM}
    admin.post("/admin/hooks/new/", fields)
    assert "there is a source forms already" in admin.post("/admin/hooks/new/", fields).text


def test_what_waits_is_shown_and_taken_in_after_the_mapping_was_mended(admin: Reader) -> None:
    sources.add_source("own", complete({"use": "bearer"}), [], NOW, WANG)
    held = hold()
    shown = admin.text("/admin/quarantine/")
    assert "unusable identifier" in shown
    assert "lead.email is no address" in shown
    assert 'class="count">1<' in shown
    assert "page.viewed" in admin.text(f"/admin/quarantine/{held}/")
    refused = admin.post("/admin/quarantine/action/", {"action": "replay", "rowid": str(held)}).text
    assert f"{held}: lead.email" in refused
    mended = complete({"use": "bearer"})
    mended["map"]["lead"] = {"external_id": "item.lead.email"}
    sources.change_source("own", mended, active=True, by=WANG)
    assert (
        "1 bodies were taken in"
        in admin.post("/admin/quarantine/action/", {"action": "replay", "rowid": [str(held), "x", "999"]}).text
    )
    assert column("SELECT external_id FROM event") == ["a-1"]
    assert admin.get(f"/admin/quarantine/{held}/").status_code == 404


def test_what_is_not_wanted_is_deleted_and_the_log_says_by_whom(admin: Reader) -> None:
    held = hold()
    admin.post("/admin/quarantine/action/", {"action": "drop", "rowid": str(held)})
    assert quarantine.count_quarantined() == 0
    assert recent_entries(1)[0].action == "hook.quarantine_deleted"


def test_a_body_of_a_source_that_is_gone_stays(admin: Reader) -> None:
    held = hold("gone")
    answer = admin.post("/admin/quarantine/action/", {"action": "replay", "rowid": str(held)})
    assert "there is no source gone" in answer.text
    assert quarantine.count_quarantined() == 1


@pytest.mark.parametrize("path", ["/admin/hooks/none/try", "/admin/hooks/%00/try", "/admin/quarantine/9/"])
def test_what_is_not_there_is_not_found(admin: Reader, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_a_body_is_shown_as_text_and_never_as_markup(admin: Reader) -> None:
    held = hold(name="<script>alert(1)</script>")
    assert "<script>alert" not in admin.text(f"/admin/quarantine/{held}/")
