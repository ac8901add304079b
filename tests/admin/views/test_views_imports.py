"""The page of imports: a preview first, then rows in steps, and what was rejected as a file."""

import io
import re
from typing import Any

import pytest
from sqlalchemy import text

from admin.importing import running
from admin.tables.files import MEDIA_TYPES, read_table, written
from admin.views.imports import imports
from engine.settings import Settings
from engine.store.imports import runs, templates
from engine.store.session import transaction
from tests.admin.pages import Pages, Reader

PAGE = "/admin/imports/"
ROWS: list[list[Any]] = [
    ["邮箱", "公司名称", "数量"],
    *([f"p{n}@example.com", f"C{n}", n] for n in range(25)),
    ["nobody", "X", 1],
]

FILES = {kind: written(ROWS, kind) for kind in MEDIA_TYPES}


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def stored() -> list[str]:
    with transaction() as connection:
        rows = connection.execute(text("SELECT body -> 'lead' ->> 'email' FROM event WHERE type = 'lead.identified'"))
        return sorted(str(row[0]) for row in rows)


def upload(reader: Reader, kind: Any = "xlsx", **form: Any) -> str:
    """Upload the rows; returns the address of the file's page."""
    answer = reader.post(
        PAGE,
        {"file": (io.BytesIO(FILES[kind]), f"fair.{kind}"), **form},
        page=PAGE,
        content_type="multipart/form-data",
    )
    assert answer.request.path != PAGE, answer.text
    return answer.request.path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_is_shown_as_it_would_be_read_and_then_taken_in(pages: Pages, kind: str) -> None:
    reader = pages.as_role("marketing")
    place = upload(reader, kind)
    shown = reader.text(place)
    assert "<code>lead.email</code>" in shown
    assert "p19@example.com" in shown
    assert "p20@example.com" not in shown
    assert "数量" in shown
    assert stored() == []
    reader.post(f"{place}go", {}, page=place)
    assert len(stored()) == 25
    done = reader.text(place)
    assert "26 of 26" in done
    assert "data-going-on" not in done
    rejected = read_table(reader.get(f"{place}rejected.xlsx").data)
    assert [row.cells[0] for row in rejected.rows] == [27]
    assert rejected.rows[0].cells[3:5] == ("nobody", "X")
    again = upload(reader, kind)
    reader.post(f"{again}go", {}, page=again)
    assert len(stored()) == 25
    assert "<dd>25</dd>" in reader.text(again)


def test_an_import_goes_on_where_it_stood(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LIST_ROWS", 10)
    monkeypatch.setattr(imports, "SECONDS", -1.0)
    reader = pages.as_role("admin")
    place = upload(reader)
    for taken in (10, 20, 25):
        reader.post(f"{place}go", {}, page=place)
        assert len(stored()) == taken
        assert ("data-going-on" in reader.text(place)) == (taken < 25)
    reader.post(f"{place}go", {}, page=place)
    (run,) = runs.list_runs("admin@example.com")
    assert (run.done, run.accepted, run.duplicates, len(run.rejected)) == (26, 25, 0, 1)
    kept = runs.read_run(run.id or 0, "admin@example.com").content
    assert "nobody" in kept
    assert "p1@example.com" not in kept


def test_columns_are_given_another_meaning_and_kept_as_a_template(pages: Pages) -> None:
    reader = pages.as_role("marketing")
    place = upload(reader)
    form = {
        "to-0": "lead.email",
        "to-2": "properties.count",
        "event": "form.submitted",
        "tags": "fair, 2026",
        "name": "Fair",
        "keep": "1",
    }
    reader.post(place, {**form, "constants": "traits.source: fair\n"}, page=place)
    body = templates.read_template_body("Fair")
    assert body["columns"] == {"邮箱": "lead.email", "数量": "properties.count"}
    assert (body["tags"], body["constants"]) == (["fair", "2026"], {"traits.source": "fair"})
    assert "name: Fair" in reader.text(f"{PAGE}templates/file?name=Fair")
    assert "<code>properties.count</code>" in reader.text(upload(reader, template="Fair"))
    refused = reader.post(place, {"to-0": "lead.fax"}, page=place)
    assert "lead.fax is no target" in refused.text
    reader.post(f"{PAGE}templates/remove", {"name": "Fair"}, page=PAGE)
    assert templates.template_names() == []


def test_a_template_comes_in_as_a_file(pages: Pages) -> None:
    reader = pages.as_role("admin")
    for content, told in (
        (b"name: Fair\ncolumns: {Email: lead.email}\n", "is saved"),
        (b"columns: {Email: lead.email}\n", "no name"),
        (b"columns: {Email: lead.fax}\n", "no target"),
        (b"columns: [", "line 2"),
        (b"\xff", "UTF-8"),
    ):
        answer = reader.post(
            f"{PAGE}templates", {"file": (io.BytesIO(content), "t.yaml")}, page=PAGE, content_type="multipart/form-data"
        )
        assert told in answer.text, told
    assert templates.template_names() == ["Fair"]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "the table is empty"), (b'a\n"x\n', "line 2, column 1"), (b"\xd0\xcf\x11\xe0", "without a password")],
)
def test_a_file_that_cannot_be_read_is_told_on_the_page(pages: Pages, content: bytes, told: str) -> None:
    reader = pages.as_role("admin")
    answer = reader.post(PAGE, {"file": (io.BytesIO(content), "x.csv")}, page=PAGE, content_type="multipart/form-data")
    assert (answer.status_code, told in answer.text) == (200, True)


def test_a_table_in_which_nobody_is_named_can_be_given_its_meaning(pages: Pages) -> None:
    reader = pages.as_role("admin")
    answer = reader.post(
        PAGE, {"file": (io.BytesIO(b"who\nli\n"), "x.csv")}, page=PAGE, content_type="multipart/form-data"
    )
    place = answer.request.path
    assert "no column names the lead" in reader.text(place)
    reader.post(f"{place}go", {}, page=place)
    assert "no column names the lead" in reader.text(place)
    reader.post(place, {"to-0": "lead.external_id", "event": "lead.identified"}, page=place)
    assert "no column names the lead" not in reader.text(place)


def test_a_file_is_its_owner_s_alone_and_large_ones_are_taken(pages: Pages) -> None:
    place = upload(pages.as_role("admin"))
    marketing = pages.as_role("marketing")
    assert marketing.get(place).status_code == 404
    assert marketing.get(f"{PAGE}templates/file?name=x").status_code == 404
    raw = b"email\n" + b"".join(b"%d@example.com%s\n" % (n, b" " * 50) for n in range(80_000))
    answer = marketing.post(PAGE, {"file": (io.BytesIO(raw), "big.csv")}, page=PAGE, content_type="multipart/form-data")
    assert (len(raw) > 4_000_000, answer.request.path != PAGE) == (True, True)


def test_the_page_speaks_chinese(pages: Pages) -> None:
    reader = pages.as_role("admin")
    reader.post("/language", {"language": "zh_Hant", "next": PAGE})
    assert not re.search(
        r"[A-Z][a-z]+ [a-z]+", re.sub(r"(?s)<[^>]+>|CSV|XLSX|YAML", "", reader.text(PAGE).split("<h1")[1])
    )
