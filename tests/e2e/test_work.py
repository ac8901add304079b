"""Work on leads in a real browser: claim by keyboard, accept, be asked before recycling, assign."""

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from engine.clock import SystemClock
from engine.store.orm import unit_of_work
from engine.store.schema.lead_tables import Lead
from tests.admin import world
from tests.admin.deciding import somebody_deciding
from tests.e2e.test_pages import sign_in

pytestmark = pytest.mark.browser


def put(number: int, stage: str, **columns: Any) -> None:
    with unit_of_work() as session:
        session.add(Lead(id=number, stage=stage, grade="A", engagement=Decimal(60), **columns))


def test_an_sdr_claims_the_best_lead_of_the_pool_by_keyboard(page: Page) -> None:
    put(900, "ready", pool_since=SystemClock().now(), state={"pool_reason": "reclaimed"})
    sign_in(page, "sdr")
    page.get_by_role("link", name="Public pool").click()
    expect(page.get_by_role("row", name=re.compile("#900"))).to_contain_text("protection passed")
    with somebody_deciding(SystemClock()):
        page.get_by_role("button", name="Claim #900").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text(f"owner: — → {world.LI}")
    expect(page.get_by_role("heading", name="Whose it is")).to_be_visible()


def test_recycling_asks_first_and_no_means_no(page: Page) -> None:
    put(900, "mql", owner=world.CHEN, rep=world.CHEN)
    sign_in(page, "sales")
    page.goto("/admin/leads/900/")
    questions: list[str] = []

    def refuse(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.locator("summary", has_text="Recycle").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Recycle").click()
    assert questions == ["Recycle this lead? It loses its owner, its clocks end, and it starts again in nurture."]
    with somebody_deciding(SystemClock()):
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_role("status")).to_contain_text("stage: MQL → SQL")


def test_a_manager_assigns_from_the_queue(page: Page) -> None:
    put(900, "mql", queued_role="sales", queued_at=SystemClock().now(), queue_priority=1)
    sign_in(page, "sales_manager")
    page.get_by_role("link", name="Queue", exact=True).click()
    with somebody_deciding(SystemClock()):
        page.get_by_label("Assign #900 to").select_option(world.CHEN)
        page.get_by_role("button", name="Assign #900").click()
        expect(page.get_by_text("Nobody waits")).to_be_visible()
