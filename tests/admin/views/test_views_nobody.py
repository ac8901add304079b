"""The company's own list of values that name nobody, as people see and edit it (R1.15)."""

import pytest

from engine.settings import Settings
from engine.store.access.audit import recent_entries
from engine.store.inbox.nobody_list import nobody_values
from tests.admin.pages import Pages

PAGE = "/admin/nobody/"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def test_marketing_edits_the_list_and_the_audit_log_says_so(pages: Pages) -> None:
    editor = pages.as_role("marketing")
    editor.post(PAGE, {"values": "walk-in\n\nWalk-In\r\ncustomer@shop.example"})
    assert nobody_values() == ["customer@shop.example", "walk-in"]
    assert "customer@shop.example\nwalk-in</textarea>" in editor.text(PAGE)
    (entry,) = recent_entries(subject="identity")
    assert (entry.action, entry.after) == ("nobody.changed", {"values": ["customer@shop.example", "walk-in"]})


def test_who_may_not_edit_reads_the_list_and_changes_nothing(pages: Pages) -> None:
    reader = pages.as_role("viewer")
    assert "readonly" in reader.text(PAGE)
    assert reader.post(PAGE, {"values": "x"}).status_code == 403
    assert nobody_values() == []
