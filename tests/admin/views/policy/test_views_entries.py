"""Every part of a policy is edited on pages, by the roles that may; an unchanged form saves unchanged values."""

import copy
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from admin.permissions import granted
from admin.policy_rights import PARTS, forbidden
from admin.views.policy.entries import PAGES
from engine.settings import Settings
from engine.store.policy.drafts import load_draft, save_draft
from rulesets.policy.diff import POLICY, diff
from rulesets.policy.policy import Policy
from tests.admin import world
from tests.admin.documents import SMB
from tests.admin.pages import Pages, Reader

WHEN = {"field": "company.employees", "op": "gte", "value": 10}
FULL: dict[str, Any] = copy.deepcopy(SMB) | {
    "fields": [{"key": "answers.budget_x", "type": "choice", "options": ["a", "b"], "label": "Budget"}],
    "events": [*SMB.get("events", []), {"key": "trial.started", "kind": "direct", "aliases": ["Trial Started"]}],
    "segments": [{"key": "big", "when": WHEN, "label": {"en": "Big", "zh_Hans": "大"}}, {"key": "two", "when": WHEN}],
    "qualification": {
        "exclusions": [{"key": "rival", "when": WHEN, "reason": "rival"}],
        "red_flags": [{"key": "bought", "when": WHEN}],
        "checklists": [
            {"key": "bant", "items": [{"key": "need", "when": WHEN}, {"key": "money", "when": WHEN, "label": "Money"}],
             "require": {"fraction": "1/2"}},
        ],
        "mql": [{"key": "fit", "cells": ["A.hot"], "min_fit": 10.5, "confirm": "sdr"}],
    },
    "assignment": [
        {"key": "inbound", "role": "sdr", "otherwise": "pool",
         "match": [{"rep": "territories", "field": "lead.region"}]},
        {"key": "closing", "role": "sales", "avoid_previous": False, "otherwise": {"policy": "late"}},
        {"key": "late", "role": "sales"},
    ],
    "strikes": [{"role": "sdr", "sla": ["first_touch"], "consecutive": 2, "suspend": {"days": 30}}],
    "reasons": {"reject": [{"key": "no_need", "justified": True}], "disqualify": [{"key": "rival"}]},
    "pool": {"protection": {"days": 10, "extend": {"days": 3}}, "warn_before": [{"days": 2}], "claim": {"per_day": 3}},
    "calendar": {"country": "CN", "hours": {"mon": ["09:00-12:00", "13:00-18:00"]}},
    "feedback": {"on_reject": "nurture", "compensate": ["no_need"]},
    "tests": [
        {"key": "fits", "facts": {"company.employees": 60}, "events": [{"type": "trial.started", "days_ago": 0}],
         "expect": {"route": None}},
    ],
    "acknowledged": [{"code": "silent-event", "path": "events[0]", "reason": "sent from January"}],
}  # fmt: skip
LISTS = ["models", "groups", "rules", "signals", "matrix", "clocks", *(url for _, _, url in PAGES)]


class Inputs(HTMLParser):
    """What a browser would send of a page's big form, untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.area: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "input" and name:
            ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            if ticked:
                self.sent[name] = given.get("value") or ""
        elif tag == "textarea":
            self.area, self.sent[name] = name, ""
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in given or self.select not in self.sent):
            self.sent[self.select] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.sent[self.area] += data

    def handle_endtag(self, tag: str) -> None:
        self.area = None if tag == "textarea" else self.area
        self.select = None if tag == "select" else self.select


@pytest.fixture
def pages(settings: Settings) -> Pages:
    pages = Pages(settings)
    save_draft(FULL, None, world.OPERATOR)
    return pages


def form_of(reader: Reader, path: str) -> dict[str, str]:
    text = reader.text(path)
    found = Inputs()
    found.feed(text[text.index('class="card form"') :].split("</form>")[0])
    return {
        name: value.removeprefix("\n").replace("\r", "") for name, value in found.sent.items() if name != "csrf_token"
    }


def rows_of(reader: Reader, url: str) -> list[str]:
    return sorted(set(re.findall(rf'href="(/admin/draft/{url}/edit/\?id=[^"]+)"', reader.text(f"/admin/draft/{url}/"))))


def edit(reader: Reader, path: str, **changes: str) -> str:
    return reader.post(path, {**form_of(reader, path), **changes}, page=path).text


@pytest.mark.parametrize("url", LISTS)
def test_a_form_saved_as_it_is_changes_nothing(pages: Pages, url: str) -> None:
    reader, before = pages.as_role("admin"), load_draft()
    paths = rows_of(reader, url)
    assert paths
    for path in paths:
        answer = edit(reader, path)
        assert ('class="error"' in answer, 'role="alert"' in answer) == (False, False), (path, answer[-3000:])
        assert load_draft() == before, path


def test_every_part_of_the_document_has_its_people_and_a_page() -> None:
    assert set(PARTS) == {name for name in Policy.model_fields if name != "format"}
    assert {name for view, _, _ in PAGES for name in view.lists if "." not in name} >= {
        "fields", "events", "segments", "assignment", "strikes", "tests", "acknowledged", "settings",
    }  # fmt: skip
    assert set(POLICY.known) <= set(PARTS)


def test_parts_of_parts_are_edited(pages: Pages) -> None:
    reader = pages.as_role("sdr_manager")
    edit(
        reader, "/admin/draft/settings/edit/?id=settings:pool", protection__days="12", **{"claim__cooldown-amount": "7"}
    )
    edit(reader, "/admin/draft/checklists/edit/?id=qualification.checklists:bant", **{
        "items-2-key": "time", "items-2-when": "{field: lead.region, op: known}", "items-0-label-en": "Need",
    })  # fmt: skip
    document = load_draft().document
    assert (document["pool"]["protection"]["days"], document["pool"]["claim"]["cooldown"]) == (12, {"days": 7})
    items = document["qualification"]["checklists"][0]["items"]
    assert [(item["key"], item.get("label")) for item in items] == [
        ("need", {"en": "Need"}), ("money", "Money"), ("time", None),
    ]  # fmt: skip


def test_rows_are_added_moved_and_removed(pages: Pages) -> None:
    reader = pages.as_role("admin")
    page = "/admin/draft/segments/new/"
    reader.post(page, {"key": "late", "when": "{all: []}"}, page=page)
    move = {"id": "segments:late", "to": "up"}
    reader.post("/admin/draft/segments/move", move, page="/admin/draft/segments/")
    assert [row["key"] for row in load_draft().document["segments"]] == ["big", "late", "two"]
    delete = {"id": "segments:late"}
    reader.post("/admin/draft/segments/delete/", delete, page="/admin/draft/segments/")
    assert [row["key"] for row in load_draft().document["segments"]] == ["big", "two"]
    page = "/admin/draft/acknowledged/new/"
    reader.post(page, {"code": "band-gap", "path": "x", "reason": "so"}, page=page)
    page = "/admin/draft/reasons/new/"
    reader.post(page, {"parent": "reasons.lost", "key": "price"}, page=page)
    page = "/admin/draft/models/new/"
    reader.post(page, {"key": "other", "scores": "account", "priority": "7", "when": ""}, page=page)
    document = load_draft().document
    assert [row["code"] for row in document["acknowledged"]] == ["silent-event", "band-gap"]
    assert document["reasons"]["lost"] == [{"key": "price"}]
    assert document["models"][1] == {"key": "other", "priority": 7, "scores": "account"}


def test_a_part_that_may_be_absent_is_removed_and_added_again(pages: Pages) -> None:
    reader = pages.as_role("admin")
    reader.post("/admin/draft/settings/delete/", {"id": "settings:pool"}, page="/admin/draft/settings/")
    assert "pool" not in load_draft().document
    page = "/admin/draft/settings/new/"
    reader.post(page, {"key": "pool"}, page=page)
    assert load_draft().document["pool"] == {}


def test_what_cannot_be_is_said_beside_the_field(pages: Pages) -> None:
    reader, before = pages.as_role("admin"), load_draft()
    pool = "/admin/draft/settings/edit/?id=settings:pool"
    assert "Give a number above 0" in edit(reader, pool, **{"protection__extend-amount": "soon"})
    assert "Give a number, such as" in edit(reader, pool, protection__days="many")
    assert "suspend" in edit(reader, "/admin/draft/strikes/edit/?id=strikes:1", **{"suspend-amount": ""})
    assert load_draft() == before


@pytest.mark.parametrize(
    ("role", "mine", "theirs"),
    [
        ("marketing", "fields:answers.budget_x", "qualification.mql:fit"),
        ("sdr_manager", "assignment:inbound", "assignment:closing"),
        ("sales_manager", "assignment:closing", "assignment:inbound"),
    ],
)
def test_each_role_edits_its_own_parts(pages: Pages, role: str, mine: str, theirs: str) -> None:
    urls = {name: url for view, _, url in PAGES for name in view.lists}
    reader = pages.as_role(role)
    edit(reader, f"/admin/draft/{urls[mine.partition(':')[0]]}/edit/?id={mine}", **{"label-en": "Mine"})
    assert "Mine" in str(load_draft().document)
    page = f"/admin/draft/{urls[theirs.partition(':')[0]]}/"
    token = reader.token(page)
    sent = {"csrf_token": token, "label-en": "Theirs", "role": "sdr", "version": str(load_draft().revision)}
    reader.client.post(f"{page}edit/?id={theirs}", data=sent)
    reader.client.post(f"{page}delete/", data={"csrf_token": token, "id": theirs})
    assert reader.client.post(f"{page}move", data={"csrf_token": token, "id": theirs}).status_code == 403
    assert theirs.partition(":")[2] in str(load_draft().document)
    assert "Theirs" not in str(load_draft().document)


def test_a_whole_document_may_change_only_what_its_editor_may(pages: Pages) -> None:
    reader, page = pages.as_role("marketing"), "/admin/draft/document/"
    document = load_draft().document
    revision = str(load_draft().revision)
    without = {"text": json.dumps(document | {"feedback": {}}), "revision": revision}
    assert "Your role may not change these parts: feedback" in reader.post(page, without, page=page).text
    assert load_draft().document == document
    reader.post(page, {"text": json.dumps(document | {"name": "Renamed"}), "revision": revision}, page=page)
    assert load_draft().document["name"] == "Renamed"


def test_an_assignment_policy_that_changes_sides_needs_both() -> None:
    old = {"assignment": [{"key": "a", "role": "sdr"}]}
    new = {"assignment": [{"key": "a", "role": "sales"}]}
    changes = diff(old, new)
    refused = {role: len(forbidden(changes, old, new, granted([role]))) for role in ("sdr_manager", "admin")}
    assert refused == {"sdr_manager": 1, "admin": 0}
