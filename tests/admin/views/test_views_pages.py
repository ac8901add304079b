"""Leads, decisions, events, roster, keys, accounts and languages, as people see them."""

import io
import re

import pytest

from admin.tables.files import read_table
from admin.text.policy.conditions import OPERATORS as PHRASES
from admin.views.system.events import Events
from engine.settings import Settings
from engine.store.access.audit import recent_entries
from engine.store.access.keys import find_key, list_keys
from engine.store.inbox.inbox import accept
from engine.store.roster.roster import export_roster
from rulesets.conditions.conditions import OPERATORS
from tests.admin import world
from tests.admin.pages import Pages


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


@pytest.fixture
def full(pages: Pages) -> Pages:
    world.fill(pages.clock)
    return pages


def test_every_operator_has_a_phrase() -> None:
    assert PHRASES.keys() == OPERATORS.keys()


def test_empty_pages_say_what_to_do_next(pages: Pages) -> None:
    admin = pages.as_role("admin")
    home = admin.text("/admin/")
    assert "No policy yet" in home
    assert "Nobody to give leads to" in home
    for path, told in (
        ("/admin/leads/", "No leads yet"),
        ("/admin/events/", "No events yet"),
        ("/admin/set-aside/", "Nothing is set aside"),
        ("/admin/roster/people/", "Nobody yet"),
        ("/admin/keys/", "No keys yet"),
        ("/admin/versions/", "Nothing is published yet"),
    ):
        assert told in admin.text(path), path


def test_the_overview_counts_what_there_is(full: Pages) -> None:
    home = full.as_role("viewer").text("/admin/")
    assert "Growth, small and medium companies" in home
    assert "events set aside: look at them" in home


def test_a_lead_is_found_by_what_people_have_at_hand(full: Pages) -> None:
    reader = full.as_role("viewer")
    for typed in ("gao@softex.cn", "GAO@soft", "softex.cn", "示例", "例软件"):
        text = reader.text(f"/admin/leads/?search={typed}")
        assert "高敏" in text, typed
    assert "Nothing matches" in reader.text("/admin/leads/?search=nobody%00%25")
    assert "高敏" in reader.text("/admin/leads/?flt0_stage=mql")
    assert "高敏" not in reader.text("/admin/leads/?flt0_stage=won")
    assert reader.get("/admin/leads/?page=99999999999&sort=77").status_code == 200


def test_a_lead_s_page_shows_arithmetic_that_adds_up(full: Pages) -> None:
    reader = full.as_role("viewer")
    lead = re.search(r"/admin/leads/\d+/", reader.text("/admin/leads/?search=gao@"))
    assert lead
    text = reader.text(lead[0])
    counted = re.findall(
        r'<td class="num">([+-][0-9.]+)</td></tr>', text.split("<h3>Engagement")[1].split("</table>")[0]
    )
    total = re.search(r'<td class="num">([0-9.]+)</td></tr></tfoot>', text.split("<h3>Engagement")[1])
    assert total
    assert round(sum(map(float, counted)), 2) == float(total[1]) > 0
    assert "company.<wbr>employees" in text
    decision = re.findall(r"/admin/leads/decision/\d+/", text)[-1]
    told = reader.text(decision)
    assert "was chosen as SDR by policy" in told
    assert "could have received it; another turn came first" in told


def test_a_value_nobody_can_read_is_shown_as_a_note(full: Pages) -> None:
    reader = full.as_role("viewer")
    lead = re.search(r"/admin/leads/\d+/", reader.text("/admin/leads/?search=info.sun"))
    assert lead
    assert "“around forty” is no number" in reader.text(lead[0])


def test_leads_are_exported_without_formulas(full: Pages) -> None:
    now = full.clock.now()
    accept([world.intake("f1", "page.viewed", now, "f@example.net", traits={"name": "=cmd()"})], now)
    world.decide(full.clock)
    text = full.as_role("viewer").get("/admin/leads/export/csv/").text
    assert "高敏" in text
    assert "'=cmd()" in text
    assert ",=cmd()" not in text
    sheet = read_table(full.as_role("viewer").get("/admin/leads/export/xlsx/").data)
    (row,) = (row for row in sheet.rows if "=cmd()" in row.cells)
    assert (type(row.cells[0]), row.cells[-1]) == (int, now)
    assert full.as_role("viewer").get("/admin/leads/export/pdf/").status_code == 404


def test_an_event_set_aside_is_run_again(full: Pages) -> None:
    admin = full.as_role("admin")
    page = "/admin/set-aside/"
    assert "ZeroDivisionError" in admin.text(page)
    number = re.search(r'name="rowid" value="(\d+)"', admin.text(page))
    assert number
    answer = admin.post("/admin/set-aside/action/", {"action": "run_again", "rowid": number[1]}, page=page)
    assert "1 events wait to be decided again" in answer.text
    assert "Nothing is set aside" in admin.text(page)
    world.decide(full.clock)
    assert "waiting" not in admin.text("/admin/events/").split("<tbody>")[1]
    assert recent_entries(1)[0].action == "event.run_again"


def test_events_are_filtered_by_type_and_source(full: Pages) -> None:
    reader = full.as_role("viewer")
    rows = reader.text("/admin/events/?flt0_type=demo.requested&flt0_source=web").split("<tbody>")[1]
    assert "demo.requested" in rows
    assert "page.viewed" not in rows


def test_filters_look_at_the_latest_events_only(full: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = full.as_role("viewer")
    monkeypatch.setattr(Events, "recent", 0)
    assert "Nothing matches" in reader.text("/admin/events/?flt0_type=demo.requested")
    assert "demo.requested" in reader.text("/admin/events/")


def test_a_person_is_added_edited_and_deactivated(pages: Pages) -> None:
    reader, page = pages.as_role("sdr_manager"), "/admin/roster/people/new/"
    person = {"email": "New@example.com", "role": "sdr", "team": "", "tier": "2", "weight": "3", "active": "y"}
    reader.post(page, {**person, "territories": "华东, 华南"}, page=page)
    edit = reader.link("/admin/roster/people/", "new@example.com")
    reader.post(edit, {**person, "active": "", "tier": "1", "territories": "华东"}, page=edit)
    expected = {"email": "new@example.com", "role": "sdr", "tier": 1, "weight": 3, "active": False}
    assert export_roster()["people"] == [{**expected, "territories": ["华东"]}]
    assert recent_entries(1)[0].subject == "person/new@example.com"


def test_a_roster_is_imported_and_exported_and_a_wrong_one_refused(pages: Pages) -> None:
    reader, page = pages.as_role("sdr_manager"), "/admin/roster/document/"
    rows = b"email,role,team\nli@example.com,sdr,nowhere\n"
    wrong = reader.post(page, {"file": (io.BytesIO(rows), "p.csv")}, page=page, content_type="multipart/form-data")
    assert "there is no team" in wrong.text
    good = b"email,role,weight,active\nli@example.com,sdr,2,yes\n"
    reader.post(page, {"file": (io.BytesIO(good), "p.csv")}, page=page, content_type="multipart/form-data")
    assert "li@example.com" in reader.get("/admin/roster/document/roster.yaml").text
    assert "li@example.com,,sdr" in reader.get("/admin/roster/document/people.csv").text


def test_the_secret_of_a_key_is_shown_once_and_revoking_shuts_it(pages: Pages) -> None:
    admin, page = pages.as_role("admin"), "/admin/keys/new/"
    answer = admin.post(page, {"name": "website", "scopes": ["events:write"]}, page=page)
    secret = re.search(r"baton_[0-9a-f]{8}_[\w-]{43}", answer.text)
    assert secret
    assert find_key(secret[0]) is not None
    assert secret[0] not in admin.text("/admin/keys/")
    admin.post("/admin/keys/revoke", {"name": "website"}, page="/admin/keys/")
    assert find_key(secret[0]) is None
    assert [key.name for key in list_keys()] == ["website"]
    assert "there is a key named" in admin.post(page, {"name": "website", "scopes": ["events:write"]}, page=page).text


def test_an_account_is_added_with_roles_and_its_hash_never_shown(pages: Pages) -> None:
    admin, page = pages.as_role("admin"), "/admin/users/new/"
    fields = {"email": "new@example.com", "roles": ["sdr", "viewer"], "password": world.PASSWORD}
    admin.post(page, fields, page=page)
    text = admin.text("/admin/users/")
    assert "SDR, Viewer" in text
    assert "argon2" not in text + admin.text(admin.link("/admin/users/", "new@example.com"))
    assert pages.anonymous().sign_in("new@example.com").get("/admin/leads/").status_code == 200


@pytest.mark.parametrize(
    ("wish", "html", "word"),
    [("zh-CN", "zh-Hans", "登录"), ("zh-TW", "zh-Hant", "登入"), ("en-GB", "en", "Sign in"), ("fr", "en", "Sign in")],
)
def test_the_browser_s_language_is_spoken(pages: Pages, wish: str, html: str, word: str) -> None:
    text = pages.anonymous().get("/login", headers={"Accept-Language": wish}).text
    assert f'<html lang="{html}">' in text
    assert word in text


def test_a_chosen_language_stays_and_all_pages_speak_it(full: Pages) -> None:
    reader = full.as_role("admin")
    reader.post("/language", {"language": "zh_Hans", "next": "/admin/leads/"})
    text = reader.text("/admin/leads/")
    assert "市场认可线索" in text
    assert "线索池" in text
    assert "Export" not in text
