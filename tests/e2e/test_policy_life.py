"""The life of a policy in a real browser: a weight and a condition are edited, two people sign, it is scheduled."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine.policy.draft_check import check_draft
from engine.store.policy.drafts import load_draft
from tests.e2e.test_pages import sign_in, sign_out

pytestmark = pytest.mark.browser
RULE = "/admin/draft/rules/edit/?id=growth/fit/size/from_15"


def rule() -> dict[str, object]:
    """The rule that is edited, as it stands in the draft."""
    groups = load_draft().document["models"][0]["fit"]["groups"]
    (found,) = [row for group in groups for row in group["rules"] if row["key"] == "from_15"]
    return dict(found)


def test_a_change_is_read_as_a_sentence_signed_by_two_and_scheduled(page: Page) -> None:
    sign_in(page, "marketing")
    page.goto("/admin/draft/segments/new/")
    page.get_by_label("Key").fill("near_us")
    page.get_by_role("button", name="Add a row").click()
    page.get_by_label("Field", exact=True).select_option("lead.region")
    page.get_by_label("Operator").select_option("known")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("near_us"))).to_contain_text("lead.region is known")
    page.get_by_role("link", name="Publish").click()
    expect(page.get_by_text("Segment near_us added: condition “lead.region is known”")).to_be_visible()
    page.get_by_role("button", name="Sign for Marketing").click()
    expect(page.get_by_text("✓ signed")).to_have_count(1)
    sign_out(page)
    sign_in(page, "sales_manager")
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Sign for Sales").click()
    expect(page.get_by_text("✓ signed")).to_have_count(2)
    page.get_by_label("Reason").fill("regions matter")
    page.get_by_label("When").fill("2099-01-01T09:00")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("regions matter"))).to_contain_text("scheduled")


def test_a_condition_is_edited_in_rows_by_keyboard_and_says_what_unknown_does(page: Page) -> None:
    sign_in(page, "marketing")
    page.goto(RULE)
    before = rule()["when"]
    editor = page.get_by_role("group", name="Condition as rows").first
    add = editor.get_by_role("button", name="Add a row")
    add.focus()
    page.keyboard.press("Enter")
    row = editor.locator(".condition-row").nth(2)
    row.get_by_label("Field", exact=True).select_option("lead.job_title")
    row.get_by_label("Operator").select_option("neq")
    expect(editor.get_by_text("An unknown value does not satisfy this either.")).to_be_visible()
    row.get_by_label("Value").fill("Student")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fit rules")
    added = {"field": "lead.job_title", "op": "neq", "value": "Student"}
    assert rule()["when"] == {"all": [before, added]}, json.dumps(rule())


def counted() -> Any:
    (segment,) = [row for row in load_draft().document["segments"] if row["key"] == "counted"]
    return segment["when"]


def test_which_events_are_counted_is_edited_in_rows_and_broken_text_stays_text(page: Page) -> None:
    sign_in(page, "marketing")
    page.goto("/admin/draft/segments/new/")
    page.get_by_label("Key").fill("counted")
    page.get_by_text("As text (YAML)").click()
    text = page.locator("textarea[name=when]")
    text.fill("{count: {event: ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("the rows cannot show it")).to_be_visible()
    where = {"event": "properties.page", "op": "known"}
    count = {"count": {"event": "pricing.viewed", "days": 30, "where": where}, "op": "gte", "value": 1}
    text.fill(json.dumps(count))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="counted").click()
    editor = page.get_by_role("group", name="Condition as rows").first
    expect(editor.get_by_text("only events for which")).to_be_visible()
    inside = editor.locator(".condition-where")
    inside.get_by_label("Operator").select_option("contains")
    inside.get_by_label("Value").fill("pricing")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Segments")
    where |= {"op": "contains", "value": "pricing"}
    assert counted() == count
    page.get_by_role("link", name="counted").click()
    editor.get_by_role("button", name="Remove: only events for which").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Segments")
    assert counted() == {**count, "count": {"event": "pricing.viewed", "days": 30}}


def test_what_a_worker_finds_appears_in_the_page_without_loading_it_again(page: Page) -> None:
    sign_in(page, "marketing")
    page.goto(RULE)
    page.get_by_label("Points").fill("1")
    page.get_by_role("button", name="Save").click()
    checking = page.get_by_text("Being checked")
    expect(checking).to_be_visible()
    check_draft()
    expect(checking).to_have_count(0)
    expect(page.get_by_text("test cases of the draft are red")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fit rules")
