"""Pages of the roster: all properties of people, calendars, monthly lists, leads of people who leave."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest

from engine.settings import Settings
from engine.store.access.audit import recent_entries
from engine.store.roster.roster import export_roster, import_roster
from engine.store.session import raw, transaction
from rulesets.roster.eligibility import eligible
from tests.admin import world
from tests.admin.pages import Pages, Reader
from tests.factories import column

LI, WANG, CHEN = world.LI, world.WANG, world.CHEN
PERSON = {
    "name": "Li",
    "role": "sdr",
    "team": "east",
    "calendar": "",
    "tier": "3",
    "weight": "1",
    "active": "y",
    "manager": WANG,
}
PEOPLE = "/admin/roster/people/"
DOCUMENT, LISTS = "/admin/roster/document/", "/admin/roster/eligibility/"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


@pytest.fixture
def manager(pages: Pages) -> Reader:
    import_roster(world.ROSTER, by=WANG)
    return pages.as_role("sdr_manager")


def person(email: str = LI) -> dict[str, Any]:
    return next(one for one in export_roster()["people"] if one["email"] == email)


def events() -> list[tuple[Any, ...]]:
    with transaction() as connection:
        query = (
            "SELECT body->'properties'->>'cause', body->'properties'->>'give' FROM event WHERE type = 'roster.changed'"
        )
        return raw(connection).execute(query).fetchall()


def test_everything_of_a_person_is_edited_on_one_page(manager: Reader) -> None:
    edit = manager.link(PEOPLE, LI)
    calendar = {"key": "cn", "timezone": "Asia/Shanghai", "country": "cn", "mon": "9:00-12:00, 13:00–18:00"}
    manager.post("/admin/roster/calendars/new/", calendar, page="/admin/roster/calendars/new/")
    more = {
        "calendar": "cn", "cap_day": "10", "cap_month": "0", "absences": "2027-01-04/2027-01-08 leave\n\n2027-02-01",
        "eligible_months": "2026-12\n2027-01", "territories": "华东, 华南",
    }  # fmt: skip
    manager.post(edit, {**PERSON, **more}, page=edit)
    kept = {
        "calendar": "cn", "caps": {"day": 10, "month": 0}, "eligible_months": ["2026-12", "2027-01"],
        "territories": ["华东", "华南"],
        "absences": [
            {"from": "2027-01-04", "to": "2027-01-08", "reason": "leave"}, {"from": "2027-02-01", "to": "2027-02-01"},
        ],
    }  # fmt: skip
    assert {name: person()[name] for name in kept} == kept
    shown = manager.text(edit)
    assert "2027-01-04/2027-01-08 leave\n2027-02-01" in shown
    assert "Never suspended" in shown
    manager.post(edit, PERSON, page=edit)
    assert not kept.keys() & person().keys()


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("absences", "next week", "2026-11-23"),
        ("absences", "2026-02-30", "is no day"),
        ("absences", "2026-02-02/2026-02-01", "ends before it begins"),
        ("eligible_months", "december", "eligible_months"),
        ("manager", LI, "above themselves"),
        ("cap_day", "-1", "Give a number from 0 to"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_saved(manager: Reader, field: str, typed: str, told: str) -> None:
    edit = manager.link(PEOPLE, LI)
    before = export_roster()
    answer = manager.post(edit, {**PERSON, field: typed}, page=edit)
    assert told in answer.text
    assert "Their open leads" not in answer.text
    assert export_roster() == before


def test_a_calendar_is_edited_and_taken_away_when_nobody_has_it(manager: Reader) -> None:
    edit = manager.link(PEOPLE, LI)
    page = "/admin/roster/calendars/"
    assert "No calendars yet" in manager.text(page)
    fields = {"key": "cn", "timezone": "Asia/Shanghai", "country": "CN", "mon": "09:00-18:00", "days_off": "2026-05-04"}
    manager.post(f"{page}new/", fields, page=f"{page}new/")
    assert "already" in manager.post(f"{page}new/", fields, page=f"{page}new/").text
    shown = manager.text(f"{page}edit/?id=cn")
    assert "09:00-18:00" in shown
    assert "2026-05-04" in shown
    manager.post(f"{page}edit/?id=cn", {**fields, "mon": "", "workdays": "2026-05-09"}, page=page)
    expected = {
        "key": "cn",
        "timezone": "Asia/Shanghai",
        "country": "CN",
        "days_off": ["2026-05-04"],
        "workdays": ["2026-05-09"],
    }
    assert export_roster()["calendars"] == [expected]
    for wrong, told in (
        ({"timezone": "Mars/Base"}, "time zone"),
        ({"tue": "9 to 5"}, "09:00-12:00"),
        ({"tue": "09:00-09:00"}, "rite working hours as"),
    ):
        assert told in manager.post(f"{page}edit/?id=cn", {**fields, **wrong}, page=page).text
    manager.post(edit, {**PERSON, "calendar": "cn"}, page=edit)
    assert "there is no calendar" in manager.post(f"{page}delete/", {"id": "cn"}, page=page).text
    manager.post(edit, PERSON, page=edit)
    manager.post(f"{page}delete/", {"id": "cn"}, page=page)
    assert "calendars" not in export_roster()
    manager.post("/admin/roster/teams/delete/", {"id": "east"}, page="/admin/roster/teams/")
    assert export_roster()["teams"] != []


def test_somebody_who_leaves_has_their_leads_shown_first_and_given_on_as_chosen(pages: Pages) -> None:
    world.fill(pages.clock)
    (owner,) = column("SELECT owner FROM lead WHERE owner IS NOT NULL")
    reader = pages.as_role("sdr_manager")
    edit = reader.link(PEOPLE, owner)
    gone = {**PERSON, "role": person(owner)["role"], "team": "", "active": ""}
    assert "Their open leads" not in reader.text(edit)
    asked = reader.post(edit, gone, page=edit).text
    assert "Not saved yet" in asked
    assert "is not active any more" in asked
    assert re.search(r'name="give" value="policy" checked', asked)
    assert 'value="keep"' not in asked
    assert (person(owner).get("active", True), events()) == (True, [])
    reader.post(edit, {**gone, "seen": "1", "give": "manager"}, page=edit)
    assert (person(owner)["active"], events()) == (False, [("inactive", "manager")])
    world.decide(pages.clock)
    assert column("SELECT owner FROM lead WHERE owner IS NOT NULL") == [WANG]


def test_an_import_asks_first_where_open_leads_go(pages: Pages) -> None:
    world.fill(pages.clock)
    (owner,) = column("SELECT owner FROM lead WHERE owner IS NOT NULL")
    reader = pages.as_role("sdr_manager")
    first = pages.clock.now().date()
    last = first + timedelta(days=30)
    table = f"email,role,absences\n{owner},{person(owner)['role']},{first}/{last}\n".encode()
    upload: dict[str, Any] = {"file": (io.BytesIO(table), "p.csv")}
    asked = reader.post(DOCUMENT, upload, page=DOCUMENT, content_type="multipart/form-data").text
    assert "is away from today" in asked
    hidden = dict(re.findall(r'name="(tag|document)" value="([^"]*)"', asked))
    fields = {name: value.replace("&#34;", '"') for name, value in hidden.items()}
    assert "absences" not in person(owner)
    stale = reader.post(f"{DOCUMENT}confirm", {**fields, "tag": "x"}, page=DOCUMENT)
    assert "changed meanwhile" in stale.text
    reader.post(f"{DOCUMENT}confirm", {**fields, "leaving": "policy", "absent": "policy"}, page=DOCUMENT)
    assert (person(owner)["absences"][0]["to"], events()) == (str(last), [("absence", "policy")])


def test_a_monthly_list_is_looked_at_then_saved(manager: Reader) -> None:
    fields: dict[str, Any] = {"role": "sales", "month": "2026-12", "emails": f"{CHEN}\n"}
    shown = manager.post(LISTS, fields, page=LISTS).text
    assert "What this list changes" in shown
    assert eligible(export_roster(), "sales", "2026-12") == []
    manager.post(LISTS, {**fields, "seen": "1"}, page=LISTS)
    assert eligible(export_roster(), "sales", "2026-12") == [CHEN]
    assert CHEN in manager.text(LISTS)
    upload = {"role": "sales", "month": "2026-12", "file": (io.BytesIO(f"email\n{LI}\n".encode()), "list.csv")}
    refused = manager.post(LISTS, upload, page=LISTS, content_type="multipart/form-data").text
    assert "line 2" in refused
    assert "is SDR, not Sales" in refused


def test_a_suspension_is_seen_and_lifted_with_a_reason(manager: Reader, pages: Pages) -> None:
    edit = manager.link(PEOPLE, LI)
    world.publish_starter(pages.clock.now())
    world.add_leads(pages.clock.now())
    now = pages.clock.now()
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO suspension (person, role, rule, from_at, until_at, lead_id, event_id) "
            "SELECT %s, 'sdr', 'first_touch', %s, %s, min(id), 1 FROM lead",
            [LI, now - timedelta(days=1), now + timedelta(days=29)],
        )
    assert "receives no leads" in manager.text(edit)
    (number,) = column("SELECT id FROM suspension")
    lift, about = "/admin/roster/people/lift", {"person": LI, "suspension": str(number)}
    assert "Say why" in manager.post(lift, about, page=edit).text
    assert f"lifted by {WANG}" in manager.post(lift, {**about, "reason": "ill that week"}, page=edit).text
    assert recent_entries(1)[0].reason == "ill that week"
    assert "over already" in manager.post(lift, {**about, "reason": "again"}, page=edit).text
    assert "over already" in manager.post(lift, {**about, "suspension": "x", "reason": "?"}, page=edit).text
