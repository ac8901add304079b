"""Every list with good and hostile addresses: filters, order, search, pages, keys of rows."""

import itertools
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask_admin.contrib.sqla import ModelView

from admin.views.lists import Filter
from admin.views.menu import pages as all_pages
from engine.core.reports.tables import REPORTS
from engine.settings import Settings
from engine.store.policy.drafts import save_draft
from engine.store.roster.roster import export_roster, import_roster
from engine.store.schema.lead_tables import Lead
from rulesets.roster.roster import FORMAT
from tests.admin import world
from tests.admin.pages import Pages, Reader
from tests.admin.views.policy.test_views_entries import FULL, form_of

LISTS: list[Any] = [page for page in all_pages() if isinstance(page, ModelView)]
EACH_KIND = [view for view in LISTS if not view.url.startswith("draft/") or view.endpoint in {"rules", "draft_reasons"}]
"""Every list, and of the many that are made alike two."""
EACH_KEY = [
    view
    for view in LISTS
    if view.endpoint in {"people", "teams", "draft_segments", "rules", "users", "webhooks", "hooks"}
]
"""Lists whose rows are reached by text, by a path, by a number; those that delete rows, too."""
HOSTILE = ("\x00", "a\x00b", "1e999", "９" * 30, "9" * 400, "2026-02-30", "no", "-1", "'\"\\", "=\\", "^%_", "😀", " ")
KEYS = (*HOSTILE, "", "0", "9" * 18, "a..b", "a,b", "smb/size/s50", "fields:x", "http://[")
ODD = {
    "teams": [{"key": "east", "head": "a.b,c+d@x.example.com"}],
    "people": [{"email": "a.b,c+d@x.example.com", "role": "sdr"}, {"email": "sdr-3@example.com", "role": "sdr"}],
}


@pytest.fixture
def admin(settings: Settings) -> Reader:
    pages = Pages(settings)
    world.fill(pages.clock)
    save_draft(FULL, None, world.OPERATOR)
    return pages.as_role("admin")


def address(view: Any, page: str = "") -> str:
    return f"/admin/{view.url}/{page}/" if page else f"/admin/{view.url}/"


def get(reader: Reader, path: str, query: dict[str, Any], *, follow_redirects: bool = True) -> int:
    return reader.get(path, query_string=query, follow_redirects=follow_redirects).status_code


def rows(reader: Reader, view: Any, **asked: Any) -> str:
    """The body of the list's table."""
    answer = reader.get(address(view), query_string=asked)
    assert answer.status_code == 200, (view.url, asked)
    return answer.text.split("<tbody>")[1].split("</tbody>")[0]


def links(text: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]+/edit/\?[^"]+)"', text)]


def is_empty(body: str) -> bool:
    return 'class="empty"' in body


def asked_of(view: Any) -> Iterator[dict[str, Any]]:
    """What addresses may ask of a list: filters, orders, searches and pages, good and hostile."""
    for one in view.column_filters or ():
        for value in (*(value for value, _ in one.options or ()), *HOSTILE):
            yield {f"flt0_{one.column.key}": value}
    for column in range(-1, len(view.column_list) + 2):
        yield {"sort": column}
        yield {"sort": column, "desc": 1}
    yield {"page": 10**9}
    for value in HOSTILE:
        yield dict.fromkeys(("search", "page", "page_size", "sort", "desc"), value)


def test_no_value_in_the_address_of_a_list_breaks_it(admin: Reader) -> None:
    asked = [(view, query) for view in EACH_KIND for query in asked_of(view)]
    broken = [(view.url, query) for view, query in asked if get(admin, address(view), query) != 200]
    assert broken == []


def test_a_value_that_no_row_can_have_matches_nothing(admin: Reader) -> None:
    for view in LISTS:
        for one in view.column_filters or ():
            for value in ("\x00", "9" * 400, "no"):
                assert is_empty(rows(admin, view, **{f"flt0_{one.column.key}": value})), (view.url, one.column, value)


def test_no_key_of_a_row_breaks_its_page(admin: Reader) -> None:
    token = admin.token()
    broken = []
    for view, key in itertools.product(EACH_KEY, KEYS):
        asked = ({"id": key}, {"id": "x", "url": key})
        answers = [get(admin, address(view, "edit"), query, follow_redirects=False) for query in asked]
        for page, name in (("delete", "id"), ("action", "rowid")):
            answers.append(admin.client.post(address(view, page), data={name: key, "csrf_token": token}).status_code)
        broken += [(view.url, key, answers)] if set(answers) - {200, 302, 404} else []
    assert broken == []


ASKED: dict[str, tuple[str, ...]] = {
    "/admin/pool/": ("stage", "grade", "region", "why", "after"),
    "/admin/queue/": ("role", "page"),
    "/admin/notifications/": ("kind", "unread", "before"),
    "/admin/versions/1/": ("other",),
    "/admin/leads/1/": ("before",),
    **{f"/admin/reports/{name}/": ("from", "to", "by") for name in REPORTS},
}
"""What the pages take that are lists of their own making."""
NUMBERED = ("leads", "leads/decision", "versions")


def test_no_value_in_the_address_of_another_page_breaks_it(admin: Reader) -> None:
    huge = str(2**63)
    asked = [(path, name, value) for path, names in ASKED.items() for name in names for value in (*HOSTILE, huge)]
    answers = {(path, name, value): get(admin, path, {name: value}) for path, name, value in asked}
    assert {one: status for one, status in answers.items() if status not in {200, 422}} == {}


def test_a_number_that_nothing_has_is_answered_as_nothing_found(admin: Reader) -> None:
    asked = [f"/admin/{page}/{number}/" for page in NUMBERED for number in (0, 2**31, 2**63, 10**40)]
    assert {path: get(admin, path, {}) for path in asked} == dict.fromkeys(asked, 404)


def test_a_choice_of_yes_or_no_filters_rules(admin: Reader) -> None:
    view = next(one for one in LISTS if one.endpoint == "rules")
    on, off = (rows(admin, view, flt0_enabled=value) for value in ("1", "0"))
    assert ("s50" in on, "s5000" in on) == (True, False)
    assert ("s5000" in off, len(links(off))) == (True, 1)


def test_people_are_edited_by_the_links_of_their_list_whatever_signs_their_address_has(settings: Settings) -> None:
    import_roster({"format": FORMAT, **ODD}, by=world.OPERATOR)
    reader = Pages(settings).as_role("admin")
    found = links(reader.text("/admin/roster/people/"))
    assert len(found) == 2
    for link in found:
        assert "Suspensions" in reader.text(link)
        reader.post(link, {"role": "sdr", "tier": "1", "weight": "7", "active": "y"}, page=link)
    assert [one["weight"] for one in export_roster()["people"]] == [7, 7]


def test_every_row_of_the_draft_is_reached_by_the_link_of_its_list(admin: Reader) -> None:
    for view in LISTS:
        if view.url.startswith("draft/"):
            found = links(rows(admin, view))
            assert found, view.endpoint
            for link in found:
                assert 'class="card form"' in admin.text(link), link


def test_a_sorted_list_keeps_its_filters_and_a_filtered_one_its_order(admin: Reader) -> None:
    text = admin.text("/admin/leads/?flt0_stage=mql&flt0_cell=A.hot&flt0_owner=&sort=5&desc=1")
    (link,) = {unescape(link) for link in re.findall(r'href="([^"]+sort=0[^"]*)"', text)}
    assert {"flt0_cell=A.hot", "flt0_stage=mql", "sort=0"} <= set(link.split("?")[1].split("&"))
    assert "flt0_owner" not in link
    assert '<input type="hidden" name="sort" value="5"><input type="hidden" name="desc" value="1">' in text


def test_a_form_returns_to_no_other_site(admin: Reader) -> None:
    path = "/admin/draft/segments/edit/?id=segments:big&url=https://evil.example.net/"
    answer = admin.client.post(path, data={**form_of(admin, path), "csrf_token": admin.token(path)})
    assert answer.headers["Location"] == "/admin/draft/segments/"


def test_a_filter_of_values_that_no_address_can_hold_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match=r"no filter reads values of Lead\.state"):
        Filter(Lead.state, "state")
