"""Starters and checklists are taken into the draft on the page of the document, and can be undone."""

import pytest

from engine.settings import Settings
from engine.store.access import audit
from engine.store.policy.drafts import load_draft, save_draft, undoable
from rulesets import starters
from tests.admin import world
from tests.admin.documents import SMB
from tests.admin.pages import Pages, Reader

PAGE = "/admin/draft/document/"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    pages = Pages(settings)
    save_draft(SMB, None, world.OPERATOR)
    return pages


def take(reader: Reader, what: str, name: str, revision: int | None = None) -> str:
    data = {"name": name, "revision": str(load_draft().revision if revision is None else revision)}
    return reader.post(f"{PAGE}{what}", data, page=PAGE).text


def test_a_starter_takes_the_place_of_the_draft_is_audited_and_undone(pages: Pages) -> None:
    reader, before = pages.as_role("admin"), load_draft()
    assert 'data-confirm="Replace the whole draft with this starter?"' in reader.text(PAGE)
    assert "Undo:" not in reader.text(PAGE)
    told = take(reader, "starter", "key_accounts")
    assert "The draft was changed" in told
    assert load_draft().document["name"] == starters.load("key_accounts")["name"]
    entry = audit.recent_entries(1, "draft")[0]
    assert entry.after is not None
    assert (entry.action, entry.after["taken"]) == ("draft.replaced", "key_accounts")
    assert "Undo: key_accounts" in reader.text(PAGE)
    take(reader, "undo", "")
    assert load_draft().digest == before.digest
    assert undoable() is None
    assert "nothing was undone" in take(reader, "undo", "")


def test_a_checklist_is_added_once_with_the_fields_it_asks_about(pages: Pages) -> None:
    reader = pages.as_role("admin")
    take(reader, "checklist", "pact")
    checklists = load_draft().document["qualification"]["checklists"]
    assert [one["key"] for one in checklists][-1] == "pact"
    assert "the field answers.budget is of type one of the options here" in take(reader, "checklist", "bant")
    assert "has a checklist pact already" in take(reader, "checklist", "pact")


def test_who_edits_something_else_meanwhile_loses_nothing(pages: Pages) -> None:
    reader = pages.as_role("admin")
    read = load_draft().revision
    save_draft({**SMB, "name": "Another"}, None, world.OPERATOR)
    assert "while you were editing it" in take(reader, "starter", "growth_smb", read)
    assert load_draft().document["name"] == "Another"


def test_only_who_may_edit_everything_a_starter_changes_may_load_it(pages: Pages) -> None:
    before = load_draft().digest
    assert "Your role may not change these parts" in take(pages.as_role("marketing"), "starter", "key_accounts")
    viewer = pages.as_role("viewer")
    assert "Load the starter" not in viewer.text(PAGE)
    assert viewer.post(f"{PAGE}starter", {"name": "growth_smb"}, page="/admin/").status_code == 403
    assert pages.as_role("admin").post(f"{PAGE}starter", {"name": "x"}, page=PAGE).status_code == 404
    assert load_draft().digest == before


def test_what_a_row_refers_to_is_chosen_among_what_the_draft_has(pages: Pages) -> None:
    reader = pages.as_role("admin")
    take(reader, "starter", "growth_smb")
    document = load_draft().document
    exclusion = document["qualification"]["exclusions"][0]
    page = f"/admin/draft/exclusions/edit/?id=qualification.exclusions:{exclusion['key']}"
    text = reader.text(page)
    assert len(document["reasons"]["disqualify"]) > 1
    for reason in document["reasons"]["disqualify"]:
        assert f'<option{" selected" if reason["key"] == exclusion["reason"] else ""} value="{reason["key"]}">' in text
