"""Daily work in a real browser: edit a weight, publish, read a trace, run again, change language."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from engine.clock import SystemClock
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.versions import active_number
from tests.admin import world
from tests.admin.documents import SMB

pytestmark = pytest.mark.browser


def sign_in(page: Page, role: str) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail").fill(world.ROLES[role])
    page.get_by_label("Password").fill(world.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_weight_is_edited_signed_by_both_sides_and_published(page: Page) -> None:
    save_draft(SMB, None, world.OPERATOR)
    sign_in(page, "marketing")
    page.get_by_role("link", name="Fit rules").click()
    page.get_by_role("link", name="smb › size › s50", exact=True).click()
    page.get_by_label("Points").fill("31")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("size › s50 "))).to_contain_text("31")
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Sign for Marketing").click()
    expect(page.get_by_text("✓ signed")).to_have_count(1)
    sign_out(page)
    sign_in(page, "sales_manager")
    page.get_by_role("link", name="Publish").click()
    expect(page.get_by_role("main")).to_contain_text("smb")
    page.get_by_role("button", name="Sign for Sales").click()
    expect(page.get_by_text("✓ signed")).to_have_count(2)
    page.get_by_label("Reason").fill("the middle is worth more")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 2 is in force")).to_be_visible()
    assert active_number() == 2


def test_deleting_a_rule_asks_and_no_means_no(page: Page) -> None:
    sign_in(page, "marketing")
    page.goto("/admin/draft/rules/")
    questions: list[str] = []

    def refuse(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    before = load_draft().digest
    page.get_by_role("button", name="Delete growth/fit/size/from_15", exact=True).click()
    assert questions == ["Delete this row? Nothing else is changed."]
    assert load_draft().digest == before


def test_a_lead_s_trace_leads_from_the_list_to_the_reason_for_its_owner(page: Page) -> None:
    sign_in(page, "viewer")
    page.goto("/admin/leads/")
    page.get_by_role("searchbox", name="Search").fill("softex")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name=re.compile(r"^#\d+$")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("高敏")
    expect(page.get_by_text("Asked for a demo")).to_be_visible()
    page.get_by_role("link", name="why content.downloaded").click()
    expect(page.get_by_text("was chosen as SDR by policy")).to_be_visible()


def test_an_event_set_aside_is_run_again_after_a_question(page: Page) -> None:
    sign_in(page, "sdr_manager")
    page.get_by_role("link", name="Set aside", exact=True).click()
    page.get_by_role("checkbox").check()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_text("1 events wait to be decided again")).to_be_visible()
    world.decide(SystemClock())
    page.get_by_role("link", name="Events", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("broken"))).to_contain_text("decided")


def test_the_language_is_changed_by_keyboard_alone(page: Page) -> None:
    page.goto("/login")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.get_by_role("button", name="繁體中文").click()
    expect(page.get_by_role("heading", name="登入")).to_be_visible()
