"""Every role opens the pages of the menu in a real browser, in Chinese, and one row of each list, without errors."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, ViewportSize, expect
from werkzeug.exceptions import HTTPException

from admin.app import create_app
from engine.settings import Settings
from tests.admin import world
from tests.admin.api_client import StandingClock
from tests.admin.crawling import wide_world
from tests.admin.live import listening

pytestmark = [pytest.mark.browser, pytest.mark.walk]
SCREEN: ViewportSize = {"width": 1366, "height": 900}
LINKS = "anchors => anchors.map(anchor => anchor.getAttribute('href'))"


class Walk:
    """One reader's way through the pages, and what the browser complained about on the way."""

    def __init__(self, page: Page, app: Flask) -> None:
        self.complaints: list[str] = []
        self.opened: dict[str, str] = {}
        self._page = page
        self._urls = app.url_map.bind("localhost")
        page.on("console", lambda said: self._note(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._note(str(error)))

    def sign_in(self, email: str) -> None:
        self._page.goto("/login")
        self._page.locator("input[name=email]").fill(email)
        self._page.locator("input[name=password]").fill(world.PASSWORD)
        self._page.locator("form:has(input[name=password]) button").click()
        expect(self._page.locator("nav.side")).to_be_visible()

    def everywhere(self) -> None:
        """The pages of the menu, and one page of each kind that they link."""
        menu = self._links("nav.side a")
        behind = [link for address in menu for link in self._open(address)]
        for address in behind:
            if self._route(address) not in self.opened:
                self._open(address)

    def _open(self, address: str) -> list[str]:
        """Open a page; what it links."""
        answer = self._page.goto(address)
        if answer is None or not answer.ok:
            self._note(f"answers {answer and answer.status}")
        expect(self._page.get_by_role("heading", level=1)).to_be_visible()
        self.opened[self._route(address)] = address
        files = "".join(f":not([href$='.{ending}'])" for ending in ("csv", "xlsx", "yaml", "json"))
        return self._links(f"#content a:not([href*='export']){files}")

    def _links(self, selector: str) -> list[str]:
        found: list[str] = self._page.locator(selector).evaluate_all(LINKS)
        return [link for link in found if link.startswith("/")]

    def _route(self, address: str) -> str:
        try:
            return str(self._urls.match(urlsplit(address).path)[0])
        except HTTPException:
            return address

    def _note(self, text: str) -> None:
        self.complaints.append(f"{urlsplit(self._page.url).path}: {text}")


def test_everybody_walks_through_the_menu_and_no_page_complains(
    browser: Browser, servers: Settings, database: str, redis_url: str
) -> None:
    clock = StandingClock()
    app = create_app(replace(servers, database_url=database, redis_url=redis_url), clock)
    wide_world.fill(clock)
    complaints: dict[str, list[str]] = {}
    with listening(app) as url:
        for role, email in world.ROLES.items():
            context = browser.new_context(base_url=url, locale="zh-CN", viewport=SCREEN)
            walk = Walk(context.new_page(), app)
            walk.sign_in(email)
            walk.everywhere()
            context.close()
            complaints[role] = walk.complaints
            assert {"leads.index_view", "leads.lead", "notifications.index"} <= walk.opened.keys(), role
    assert {role: several for role, several in complaints.items() if several} == {}
