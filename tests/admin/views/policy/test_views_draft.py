"""Editing the draft, signing and publishing, through the pages."""

import io
import re
from datetime import UTC, datetime

import pytest

from admin.publishing import publish_draft, read_draft
from engine.errors import PolicyRefused
from engine.policy import activation
from engine.policy.draft_check import check_draft
from engine.settings import Settings
from engine.store.access import audit
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.versions import active_number, list_versions, read_version
from tests.admin import world
from tests.admin.documents import SMB
from tests.admin.pages import Pages, Reader
from tests.factories import column, decide_all, event, take_in

CONDITION = "{field: company.employees, op: between, value: [50, 200]}"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    pages = Pages(settings)
    save_draft(SMB, None, world.OPERATOR)
    return pages


def rule(reader: Reader) -> str:
    return reader.link("/admin/draft/rules/", "smb › size › s50")


def version_of(reader: Reader, path: str = "") -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', reader.text(path or rule(reader)))
    assert found
    return found[1]


def edit(reader: Reader, version: str, points: str, when: str = CONDITION) -> str:
    fields = {"version": version, "points": points, "enabled": "y", "when": when}
    path = rule(reader)
    return reader.post(path, fields, page=path).text


def points_of_rule() -> float:
    value: float = load_draft().document["models"][0]["fit"]["groups"][0]["rules"][0]["points"]
    return value


def sign(pages: Pages, role: str) -> Reader:
    reader = pages.as_role(role)
    side = "marketing" if role == "marketing" else "sales"
    reader.post(f"/admin/draft/publish/sign/{side}", {"digest": load_draft().digest}, page="/admin/draft/publish/")
    return reader


def publish(reader: Reader, **more: str) -> str:
    data = {"digest": load_draft().digest, "reason": "employees matter more", **more}
    return reader.post("/admin/draft/publish/publish", data, page="/admin/draft/publish/").text


def test_a_weight_is_edited_and_the_editor_named(pages: Pages) -> None:
    reader = pages.as_role("marketing")
    edit(reader, version_of(reader), "35.5")
    assert points_of_rule() == 35.5
    assert audit.recent_entries(1)[0].actor == world.ROLES["marketing"]


def test_the_second_editor_sees_both_values_and_nothing_is_lost(pages: Pages) -> None:
    first, second = pages.as_role("marketing"), pages.as_role("admin")
    opened = version_of(first)
    edit(first, opened, "35")
    answer = edit(second, opened, "20")
    assert "changed this row while you were editing it" in answer
    assert "Points: there 35 — yours 20" in answer
    assert points_of_rule() == 35
    again = re.search(r'name="version"[^>]*value="(\d+)"', answer)
    assert again
    edit(second, again[1], "20")
    assert points_of_rule() == 20


@pytest.mark.parametrize(
    ("points", "when", "told"),
    [
        ("many", CONDITION, "Give a number"),
        ("1.234", CONDITION, "at most two decimals"),
        ("", CONDITION, "Please fill this in"),
        ("5", "{field: [", "Line "),
        ("5", "{any: []}", "models"),
        ("5", "just text", "models"),
    ],
)
def test_what_cannot_be_is_told_beside_the_field_and_not_kept(pages: Pages, points: str, when: str, told: str) -> None:
    reader = pages.as_role("marketing")
    assert told in edit(reader, version_of(reader), points, when)
    assert points_of_rule() == 30


def test_a_rule_is_added_and_removed(pages: Pages) -> None:
    reader = pages.as_role("marketing")
    new = {"key": "tiny", "parent": "smb/fit/size", "points": "-5", "when": "{all: []}", "enabled": "y"}
    reader.post("/admin/draft/rules/new/", new, page="/admin/draft/rules/new/")
    assert "smb › size › tiny" in reader.text("/admin/draft/rules/")
    reader.post("/admin/draft/rules/delete/", {"id": "smb/fit/size/tiny"}, page="/admin/draft/rules/")
    assert "tiny" not in reader.text("/admin/draft/rules/")


def test_deleting_asks_first_and_no_handler_stands_in_the_page(pages: Pages) -> None:
    text = pages.as_role("marketing").text("/admin/draft/rules/")
    assert 'data-confirm="Delete this row?' in text
    assert not re.search(r"\son[a-z]+=|javascript:|<script(?![^>]*nonce=)|\sstyle=", text)


def test_a_window_is_edited_by_the_sdr_manager_and_not_by_marketing(pages: Pages) -> None:
    reader = pages.as_role("sdr_manager")
    path = reader.link("/admin/draft/clocks/", "first_touch")
    values = {
        "version": version_of(reader, path),
        "window_amount": "2",
        "window_unit": "hours",
        "clock": "business",
        "role": "sdr",
        "kind": "deadline",
        "by": "owner",
        "starts_on__stage": "ready",
        "starts_on__assigned": "",
        "met_by-0-event": "lead.touched",
        "on_breach-0-do": "reassign",
    }
    pages.as_role("marketing").post(path, values, page="/admin/draft/clocks/")
    assert load_draft().document["sla"][0]["window"] == {"minutes": 30}
    reader.post(path, values, page=path)
    assert load_draft().document["sla"][0]["window"] == {"hours": 2}


def test_a_document_takes_the_draft_s_place_and_a_wrong_one_comes_back_with_its_faults(pages: Pages) -> None:
    reader, path = pages.as_role("marketing"), "/admin/draft/document/"
    text = reader.get("/admin/draft/document/draft.yaml").text
    revision = str(load_draft().revision)
    wrong = reader.post(path, {"revision": revision, "text": text.replace("timezone:", "timezonne:")}, page=path)
    assert "timezonne" in wrong.text
    upload = (io.BytesIO(text.replace("SaaS inbound", "SaaS 入站").encode()), "draft.yaml")
    reader.post(path, {"revision": revision, "file": upload}, page=path, content_type="multipart/form-data")
    assert load_draft().document["name"] == "SaaS 入站"
    late = reader.post(path, {"revision": revision, "text": text}, page=path)
    assert "changed the draft while you were editing it" in late.text


def test_both_sides_sign_and_an_edit_voids_it(pages: Pages) -> None:
    sign(pages, "marketing")
    reader = sign(pages, "sales_manager")
    assert reader.text("/admin/draft/publish/").count("✓ signed") == 2
    marketing = pages.as_role("marketing")
    edit(marketing, version_of(marketing), "31")
    assert "✓ signed" not in reader.text("/admin/draft/publish/")
    assert "not signed by" in publish(marketing)
    assert active_number() is None


def test_signed_by_both_the_draft_is_published_and_its_version_shown(pages: Pages) -> None:
    sign(pages, "marketing")
    reader = sign(pages, "sales_manager")
    assert "Version 1 is in force" in publish(reader)
    assert [(v["number"], v["reason"], v["bypassed"]) for v in list_versions()] == [(1, "employees matter more", False)]
    assert load_draft().authors == ()
    assert "first_touch" in reader.text(reader.link("/admin/versions/", "Version 1"))
    assert reader.get("/admin/versions/99/").status_code == 404


def test_a_bypass_is_recorded_with_name_and_reason(pages: Pages) -> None:
    admin = pages.as_role("admin")
    assert "Version 1 is in force" in publish(admin, bypass="1")
    entry = audit.recent_entries(1)[0]
    assert (entry.action, entry.actor, entry.reason) == (
        "policy.published_without_signatures",
        world.ROLES["admin"],
        "employees matter more",
    )
    assert "without signatures" in admin.text("/admin/versions/")


def test_a_draft_with_errors_is_not_published_and_they_are_listed(pages: Pages) -> None:
    cells = {"A.hot": {"action": "sdr", "sla": ["no_such_clock"]}}
    save_draft({**SMB, "models": [{**SMB["models"][0], "matrix": {"cells": cells}}]}, None, world.OPERATOR)
    check_draft()
    admin = pages.as_role("admin")
    assert "no_such_clock" in admin.text("/admin/draft/publish/")
    publish(admin, bypass="1")
    assert active_number() is None


def test_changes_since_the_version_in_force_are_listed(pages: Pages) -> None:
    admin = pages.as_role("admin")
    publish(admin, bypass="1")
    edit(admin, version_of(admin), "35")
    text = admin.text("/admin/draft/publish/")
    assert "models[smb].fit.groups[size].rules[s50].points" in text
    assert "Fit rule smb › size › s50: points 30 → 35" in text


def test_versions_are_compared_and_an_old_one_is_loaded_again(pages: Pages) -> None:
    admin = pages.as_role("admin")
    publish(admin, bypass="1")
    assert "There is no earlier version." in admin.text("/admin/versions/1/")
    edit(admin, version_of(admin), "35")
    publish(admin, bypass="1")
    text = admin.text(admin.link("/admin/versions/", "Version 2"))
    assert "Fit rule smb › size › s50: points 30 → 35" in text
    assert "points 35 → 30" in admin.text("/admin/versions/1/?other=2")
    page = admin.link("/admin/versions/", "Version 1")
    late = admin.post(f"{page}restore", {"revision": "0"}, page=page)
    assert ("changed the draft after" in late.text, points_of_rule()) == (True, 35)
    assert admin.post(f"{page}restore", {"revision": str(load_draft().revision)}, page=page).status_code == 200
    assert points_of_rule() == 30
    assert audit.recent_entries(1)[0].action == "draft.restored"
    assert pages.as_role("viewer").post(f"{page}restore", {}, page="/admin/").status_code == 403


def test_a_draft_goes_from_review_to_its_moment_and_is_suspended_when_overtaken(pages: Pages) -> None:
    admin, page = pages.as_role("admin"), "/admin/draft/publish/"
    publish(admin, bypass="1")
    edit(admin, version_of(admin), "35")
    admin.post(f"{page}review", {"digest": load_draft().digest}, page=page)
    assert "asked for by admin@example.com" in admin.text(page)
    assert "Scheduled for" in publish(admin, bypass="1", at="2099-01-01T09:00")
    edit(admin, version_of(admin), "36")
    assert "not asked for" in admin.text(page)
    assert "is in force" in publish(admin, bypass="1")
    assert "it will be suspended" in admin.text(page)
    activation.activate_due(datetime(2099, 1, 2, tzinfo=UTC))
    assert "version 2 came into force after this was scheduled" in admin.text(page)
    assert "no moment" in admin.post(f"{page}plans/1/move", {"at": "soon"}, page=page).text
    assert "is past" in admin.post(f"{page}plans/1/move", {"at": "2000-01-01T09:00"}, page=page).text
    assert "Done." in admin.post(f"{page}plans/1/move", {"at": "2099-02-01T09:00"}, page=page).text
    assert pages.as_role("viewer").post(f"{page}plans/1/cancel", {}, page="/admin/").status_code == 403
    assert "Done." in admin.post(f"{page}plans/1/cancel", {}, page=page).text
    assert "nothing was done" in admin.post(f"{page}plans/1/cancel", {}, page=page).text
    assert admin.post(f"{page}plans/9/cancel", {}, page=page).status_code == 404


def test_an_edit_made_while_somebody_publishes_is_not_published_unread(pages: Pages) -> None:
    save_draft(SMB, None, world.OPERATOR)
    read = read_draft()
    save_draft({**SMB, "name": "Written meanwhile"}, None, world.OPERATOR)
    done = publish_draft("somebody@example.com", "as I read it", pages.clock.now(), signoff="none", read=read)
    assert done.number is not None
    assert read_version(done.number).document["name"] == SMB["name"]
    assert load_draft().document["name"] == "Written meanwhile"


def test_the_publisher_sees_how_many_leads_rest_and_may_publish_the_same_to_promote_them(pages: Pages) -> None:
    """R3.10."""
    admin, page = pages.as_role("admin"), "/admin/draft/publish/"
    publish(admin, bypass="1")
    assert "No lead rests" in admin.text(page)
    take_in(event(external_id="resting"))
    decide_all()
    rested = column("UPDATE lead SET state = state || '{\"rests\": true}' WHERE merged_into IS NULL RETURNING id")
    told = "1 lead rests" if len(rested) == 1 else f"{len(rested)} leads rest"
    assert told in admin.text(page)
    before = list_versions()[0]["number"]
    assert "is in force" in publish(admin, bypass="1", act_on_existing="promote")
    assert list_versions()[0]["number"] == before + 1


def test_a_draft_read_before_another_version_came_into_force_does_not_overtake_it(pages: Pages) -> None:
    save_draft(SMB, None, world.OPERATOR)
    older = read_draft()
    save_draft({**SMB, "name": "With the fix"}, None, world.OPERATOR)
    publish_draft("boss@example.com", "the fix", pages.clock.now(), signoff="none")
    with pytest.raises(PolicyRefused):
        publish_draft("somebody@example.com", "as I read it", pages.clock.now(), signoff="none", read=older)
    (version,) = list_versions()
    assert read_version(version["number"]).document["name"] == "With the fix"
