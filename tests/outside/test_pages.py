"""The fields of the sign-in form, and every address of the pages that a bookmark or a script may hold.

Other tests hold the names of the starters (tests/rulesets/policy/test_starters.py), and the files and arguments of
`examples.olist` and `examples.xeducation` (tests/examples).
"""

import re

import pytest

from engine.settings import Settings
from engine.store.access.accounts import find_account
from tests.admin import world
from tests.admin.cli.test_cli import Run
from tests.admin.pages import TOKEN, Pages

FIELDS = {"email", "password", "csrf_token", "next", "remember"}
LISTS = (
    "leads pool queue notifications notifications/settings events set-aside audit deliveries keys users webhooks "
    "versions reports reports/fairness reports/sla reports/speed reports/conversion reports/load roster/people "
    "roster/teams roster/calendars roster/eligibility roster/document draft/models draft/groups draft/rules "
    "draft/signals draft/matrix draft/clocks draft/fields draft/event-kinds draft/segments draft/exclusions "
    "draft/red-flags draft/checklists draft/routes draft/assignment draft/reasons draft/strikes draft/settings "
    "draft/acknowledged draft/tests draft/document draft/publish leads/1 leads/decision/1 versions/1"
)
FILES = (
    "versions/1/policy.yaml draft/document/draft.yaml roster/document/roster.yaml roster/document/people.csv "
    "leads/export/csv/ pool/export/csv/ reports/fairness/people.csv"
)
OUTSIDE = ("/v1/", "/docs/", "/static/", "/fs-static/", "/hooks/")
"""Where the API, its description and files are; `/fs-static/` is Flask-Security's."""
SINGLE = {
    "/", "/login", "/logout", "/change", "/verify", "/language", "/healthz", "/readyz", "/metrics", "/openapi.json",
}  # fmt: skip


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def test_the_sign_in_form_has_its_fields_and_nothing_else_must_be_sent(pages: Pages) -> None:
    page = pages.anonymous().get("/login").text
    form = page[page.index('<form action="/login') :].partition("</form>")[0]
    assert 'method="post"' in form
    assert set(re.findall(r'<input[^>]* name="(\w+)"', form)) == FIELDS
    assert set(re.findall(r'<input[^>]* name="(\w+)"[^>]* required', form)) == {"email", "password"}


def test_who_got_a_password_in_the_terminal_signs_in_with_the_form_and_goes_on(run: Run, pages: Pages) -> None:
    password = run("user", "add", "li@example.com", "--role", "admin").stdout.strip()
    reader = pages.anonymous()
    asked = reader.get("/admin/leads/")
    assert (asked.status_code, asked.headers["Location"]) == (302, "/login?next=/admin/leads/")
    token = TOKEN.search(reader.get(asked.headers["Location"]).text)
    assert token
    fields = {"email": "li@example.com", "password": password, "csrf_token": token[1], "next": "/admin/leads/"}
    signed_in = reader.client.post("/login", data=fields)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, "/admin/leads/")
    assert find_account("li@example.com") is not None


def test_every_address_of_the_pages_still_leads_to_a_page(pages: Pages) -> None:
    """One that moves redirects to its new address under `/admin/`."""
    world.fill(pages.clock)
    reader = pages.as_role("admin")
    addresses = [
        "/",
        "/admin/",
        *(f"/admin/{name}/" for name in LISTS.split()),
        *(f"/admin/{n}" for n in FILES.split()),
    ]
    answers = {address: reader.get(address, follow_redirects=True) for address in addresses}
    assert {address: one.status_code for address, one in answers.items() if one.status_code != 200} == {}
    assert [address for address, one in answers.items() if not one.request.path.startswith("/admin/")] == []


def test_every_page_stays_under_admin(pages: Pages) -> None:
    rules = {rule.rule for rule in pages.app.url_map.iter_rules()}
    assert {rule for rule in rules if not rule.startswith(("/admin/", *OUTSIDE))} == SINGLE
