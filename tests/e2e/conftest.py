"""A real browser against a real server on the loopback; the engine decides in the test's own process."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from admin.app import create_app
from engine.clock import SystemClock
from engine.settings import Settings
from tests.admin import world
from tests.patience import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Site:
    """The address of a running Baton."""

    url: str


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without it the tests are skipped, or fail where BATON_REQUIRE_BROWSER is set."""
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install the package chromium"
        if os.environ.get("BATON_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def site(servers: Settings, database: str, redis_url: str) -> Iterator[Site]:
    """A server with accounts, a roster, a policy in force and decided leads."""
    settings = replace(servers, database_url=database, redis_url=redis_url)
    app = create_app(settings)
    world.add_accounts()
    world.fill(SystemClock())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Page]:
    """A page of a fresh English browser; whatever the content policy forbids or a script breaks fails the test."""
    context = browser.new_context(base_url=site.url, locale="en-GB", viewport={"width": 1360, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
