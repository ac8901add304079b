"""A person's data in the pages: who may erase, what must be typed, and what is shown of what is stored."""

import pytest

from admin.permissions import PERMISSIONS, May
from engine.settings import Settings
from tests.admin import world
from tests.admin.deciding import somebody_deciding
from tests.admin.pages import Pages
from tests.admin.views.test_views_work import lead_of
from tests.engine.searching import places_of


@pytest.fixture
def pages(settings: Settings) -> Pages:
    pages = Pages(settings)
    world.fill(pages.clock)
    return pages


def test_admins_and_managers_may_erase_and_nobody_else() -> None:
    """R4.8."""
    may = {role for role, granted in PERMISSIONS.items() if May.ERASE_LEADS in granted}
    assert may == {"admin", "sdr_manager", "sales_manager"}


def test_a_person_is_erased_only_when_the_leads_number_is_typed(pages: Pages) -> None:
    boss = pages.as_role("sales_manager")
    number = lead_of(boss, "gao@softex.cn")
    path = f"/admin/leads/{number}/"
    assert f"number, {number}, to confirm" in boss.text(path)
    with somebody_deciding(pages.clock):
        refused = boss.post(f"{path}erase", {"number": "0"}, page=path).text
        assert "Nothing was erased" in refused
        assert places_of(["gao@softex.cn"])
        done = boss.post(f"{path}erase", {"number": f"#{number}"}, page=path).text
    assert "data were erased" in done
    assert "erase-number" not in done
    assert places_of(["gao@softex.cn"]) == []


@pytest.mark.parametrize("role", ["marketing", "viewer"])
def test_readers_without_the_permission_are_offered_nothing_and_refused(pages: Pages, role: str) -> None:
    number = lead_of(pages.as_role("admin"), "gao@softex.cn")
    reader, path = pages.as_role(role), f"/admin/leads/{number}/"
    assert "erase-number" not in reader.text(path)
    assert reader.post(f"{path}erase", {"number": str(number)}, page=path).status_code == 403


def test_everything_stored_about_a_person_can_be_read_and_taken_away(pages: Pages) -> None:
    number = lead_of(pages.as_role("admin"), "gao@softex.cn")
    viewer = pages.as_role("viewer")
    text = viewer.text(f"/admin/leads/{number}/data/")
    assert "gao@softex.cn" in text
    for table in ("lead", "identity", "event", "decision"):
        assert f"<h2>{table} " in text
    answer = viewer.get(f"/admin/leads/{number}/data.json")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=lead-{number}.json"
    assert answer.json is not None
    assert [row["value"] for row in answer.json["stored"]["identity"] if row["kind"] == "email"] == ["gao@softex.cn"]


def test_the_data_of_others_leads_are_shown_to_no_owner_of_none(pages: Pages) -> None:
    number = lead_of(pages.as_role("admin"), "gao@softex.cn")
    reader = pages.as_role("sdr")
    for path in (f"/admin/leads/{number}/data/", f"/admin/leads/{number}/data.json"):
        assert reader.get(path).status_code == reader.get(f"/admin/leads/{number}/").status_code
