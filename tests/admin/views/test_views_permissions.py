"""The server checks permissions: every page for every role, owner, colleague, stranger, anonymous."""

import re

import pytest

from admin.permissions import PERMISSIONS, May, granted
from admin.views.policy.entries import PAGES
from engine.settings import Settings
from engine.store.access import audit
from engine.store.access.accounts import ROLES as ACCOUNT_ROLES
from engine.store.access.accounts import add_user
from engine.store.orm import unit_of_work
from engine.store.policy.drafts import load_draft
from engine.store.schema.lead_tables import Lead
from tests.admin import world
from tests.admin.pages import Pages, Reader

LIST_PAGES = {
    "/admin/": May.SEE_ALL_LEADS,
    "/admin/pool/": May.ENTER,
    "/admin/queue/": May.SEE_ALL_LEADS,
    "/admin/events/": May.SEE_EVENTS,
    "/admin/set-aside/": May.SEE_EVENTS,
    "/admin/draft/models/": May.SEE_POLICY,
    "/admin/draft/groups/": May.SEE_POLICY,
    "/admin/draft/rules/": May.SEE_POLICY,
    "/admin/draft/signals/": May.SEE_POLICY,
    "/admin/draft/matrix/": May.SEE_POLICY,
    "/admin/draft/clocks/": May.SEE_POLICY,
    **{f"/admin/draft/{url}/": May.SEE_POLICY for _, _, url in PAGES},
    "/admin/draft/document/": May.SEE_POLICY,
    "/admin/draft/publish/": May.SEE_POLICY,
    "/admin/versions/": May.SEE_POLICY,
    "/admin/roster/people/": May.SEE_ROSTER,
    "/admin/roster/teams/": May.SEE_ROSTER,
    "/admin/roster/calendars/": May.SEE_ROSTER,
    "/admin/roster/eligibility/": May.SEE_ROSTER,
    "/admin/roster/document/": May.SEE_ROSTER,
    "/admin/notifications/": May.ENTER,
    "/admin/notifications/settings/": May.ENTER,
    "/admin/keys/": May.EDIT_KEYS,
    "/admin/webhooks/": May.EDIT_KEYS,
    "/admin/deliveries/": May.EDIT_KEYS,
    "/admin/hooks/": May.EDIT_KEYS,
    "/admin/quarantine/": May.EDIT_KEYS,
    "/admin/imports/": May.IMPORT_LEADS,
    "/admin/users/": May.EDIT_USERS,
    "/admin/audit/": May.SEE_AUDIT,
}
WRITES = [
    ("/admin/draft/rules/new/", May.EDIT_SCORING),
    ("/admin/draft/rules/delete/", May.EDIT_SCORING),
    ("/admin/draft/clocks/move", May.EDIT_CLOCKS),
    ("/admin/draft/routes/new/", May.EDIT_QUALIFICATION),
    ("/admin/draft/document/", May.EDIT_DOCUMENT),
    ("/admin/draft/publish/review", May.EDIT_DOCUMENT),
    ("/admin/draft/publish/plans/1/cancel", May.PUBLISH),
    ("/admin/versions/1/restore", May.EDIT_DOCUMENT),
    ("/admin/draft/publish/publish", May.PUBLISH),
    ("/admin/draft/publish/sign/marketing", May.SIGN_MARKETING),
    ("/admin/draft/publish/sign/sales", May.SIGN_SALES),
    ("/admin/draft/publish/withdraw/sales", May.SIGN_SALES),
    ("/admin/queue/1/assign", May.WORK_ANY_LEAD),
    ("/admin/roster/document/", May.EDIT_ROSTER),
    ("/admin/roster/document/confirm", May.EDIT_ROSTER),
    ("/admin/roster/calendars/delete/", May.EDIT_ROSTER),
    ("/admin/roster/eligibility/", May.EDIT_ROSTER),
    ("/admin/roster/people/lift", May.EDIT_ROSTER),
    ("/admin/keys/revoke", May.EDIT_KEYS),
    ("/admin/webhooks/new/", May.EDIT_KEYS),
    ("/admin/webhooks/1/secret", May.EDIT_KEYS),
    ("/admin/webhooks/1/remove", May.EDIT_KEYS),
    ("/admin/deliveries/action/", May.EDIT_KEYS),
    ("/admin/hooks/new/", May.EDIT_KEYS),
    ("/admin/hooks/demo/try", May.EDIT_KEYS),
    ("/admin/hooks/demo/remove", May.EDIT_KEYS),
    ("/admin/hooks/demo/drop-old", May.EDIT_KEYS),
    ("/admin/quarantine/action/", May.EDIT_KEYS),
    ("/admin/users/new/", May.EDIT_USERS),
    ("/admin/imports/templates/remove", May.IMPORT_LEADS),
]


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def lead_of(reader: Reader, email: str) -> int:
    found = re.search(r'href="/admin/leads/(\d+)/"', reader.text(f"/admin/leads/?search={email}"))
    assert found
    return int(found[1])


def test_every_role_of_an_account_has_permissions() -> None:
    assert tuple(PERMISSIONS) == ACCOUNT_ROLES


@pytest.mark.parametrize("role", ACCOUNT_ROLES)
def test_a_role_sees_exactly_the_pages_it_may(pages: Pages, role: str) -> None:
    reader = pages.as_role(role)
    for path, needed in LIST_PAGES.items():
        expected = 200 if needed in granted([role]) else 403 if path != "/admin/" else 302
        assert reader.get(path).status_code == expected, path


def test_anonymous_visitors_are_asked_to_sign_in_everywhere(pages: Pages) -> None:
    reader = pages.anonymous()
    for path in [*LIST_PAGES, "/admin/leads/", "/admin/leads/1/", "/admin/leads/decision/1/", "/admin/versions/1/"]:
        answer = reader.get(path)
        assert (answer.status_code, "/login" in answer.headers.get("Location", "")) == (302, True), path


@pytest.mark.parametrize("role", ACCOUNT_ROLES)
def test_a_write_without_the_permission_changes_nothing(pages: Pages, role: str) -> None:
    reader = pages.as_role(role)
    before, token = (load_draft(), audit.recent_entries(1)), reader.token("/admin/leads/")
    for path, needed in WRITES:
        if needed not in granted([role]):
            answer = reader.client.post(path, data={"csrf_token": token, "id": "x", "reason": "r"})
            page = path.removesuffix("new/").removesuffix("delete/")
            back = page != path and (answer.status_code, answer.headers.get("Location")) == (302, page)
            assert answer.status_code == 403 or back, path
    assert (load_draft(), audit.recent_entries(1)) == before


def test_only_administrators_bypass_signatures(pages: Pages) -> None:
    reader = pages.as_role("marketing")
    data = {"bypass": "1", "reason": "now", "digest": load_draft().digest}
    assert reader.post("/admin/draft/publish/publish", data).status_code == 403


def test_every_form_needs_a_token(pages: Pages) -> None:
    client = pages.as_role("admin").client
    paths = [path for path, _ in WRITES] + [
        "/admin/leads/1/work",
        "/admin/pool/1/claim",
        "/admin/set-aside/action/",
        "/language",
        "/logout",
    ]
    assert {path: client.post(path, data={}).status_code for path in paths} == dict.fromkeys(paths, 400)


def test_a_stranger_without_roles_enters_nowhere(pages: Pages) -> None:
    add_user("stranger@example.com", "viewer", world.PASSWORD)
    reader = pages.anonymous().sign_in("stranger@example.com")
    assert reader.get("/admin/leads/").status_code == 200
    assert reader.get("/admin/users/").status_code == 403


def test_the_owner_of_a_lead_sees_it_and_works_on_it_while_a_colleague_does_not(pages: Pages) -> None:
    world.fill(pages.clock)
    add_user(world.ZHAO, "sdr", world.PASSWORD)
    admin = pages.as_role("admin")
    number = lead_of(admin, "gao@softex.cn")
    owner = re.search(r"[a-z]+@example\.com", admin.text(f"/admin/leads/{number}/").split('<b class="small">')[1])
    assert owner
    with unit_of_work() as session:
        holders = {owner[0], session.get_one(Lead, number).sdr}
    colleague = next(email for email in (world.ZHAO, world.LI) if email not in holders)
    for role in ("sdr", "sales"):
        pages.as_role(role)
    mine, theirs = pages.anonymous().sign_in(owner[0]), pages.anonymous().sign_in(colleague)
    assert "Log a touch" in mine.text(f"/admin/leads/{number}/")
    assert theirs.get(f"/admin/leads/{number}/").status_code == 403
    assert "gao@softex.cn" not in theirs.text("/admin/leads/")
    work = {"action": "touch", "channel": "call", "result": "connected"}
    assert theirs.post(f"/admin/leads/{number}/work", work, page="/admin/leads/").status_code == 403
    assert "Accepted" in mine.post(f"/admin/leads/{number}/work", work, page=f"/admin/leads/{number}/").text


def test_a_viewer_reads_a_lead_and_cannot_work_on_it(pages: Pages) -> None:
    world.fill(pages.clock)
    reader = pages.as_role("viewer")
    number = lead_of(reader, "gao@softex.cn")
    assert "Log a touch" not in reader.text(f"/admin/leads/{number}/")
    assert reader.post(f"/admin/leads/{number}/work", {"action": "touch"}, page="/admin/leads/").status_code == 403
