"""`baton import` on real servers: rows become leads once, whatever interrupts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text

from admin.importing import running
from admin.tables.files import read_table, written
from engine.store.inbox.inbox import accept
from engine.store.session import transaction
from tests.admin.cli.test_cli import run

__all__ = ["run"]
Run = Callable[..., Result]
ROWS = [["Email", "Company"], *([f"p{n}@example.com", f"C{n}"] for n in range(25)), ["nobody", "X"]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    path.write_bytes(written(ROWS, "csv"))
    return path


def stored() -> list[Any]:
    with transaction() as connection:
        rows = connection.execute(
            text("SELECT source, type, body FROM event WHERE type = 'lead.identified' ORDER BY id")
        )
        return [tuple(row) for row in rows]


def test_a_file_is_imported_once_and_its_rejected_rows_come_out(run: Run, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "rejected.xlsx"
    done = run("import", str(table), "--source", "list", "--tag", "fair", "--rejected", str(out), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["rows"], told["accepted"], told["duplicates"]) == (1, 26, 25, 0)
    assert [one["line"] for one in told["rejected"]] == [27]
    assert read_table(out.read_bytes()).rows[0].cells[3:] == ("nobody", "X")
    events = stored()
    assert {(source, body["traits"]["tags"][0]) for source, _, body in events} == {("list", "fair")}
    again = json.loads(run("import", str(table), "--source", "list", "--json").stdout)
    assert (again["accepted"], again["duplicates"], len(stored())) == (0, 25, 25)


def test_an_import_that_was_killed_goes_on_and_loses_nothing(
    run: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LIST_ROWS", 10)
    taken = accept
    calls: list[int] = []

    def killed(intakes: Any, now: Any) -> Any:
        calls.append(len(intakes))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return taken(intakes, now)

    monkeypatch.setattr(running, "accept", killed)
    assert run("import", str(table)).exit_code != 0
    assert len(stored()) == 10
    told = json.loads(run("import", str(table), "--json").stdout)
    assert (told["accepted"], told["duplicates"], len(stored())) == (15, 10, 25)


def test_a_dry_run_shows_rows_as_they_are_read_and_stores_nothing(run: Run, table: Path, tmp_path: Path) -> None:
    shown = run("import", str(table), "--dry-run")
    assert 'line 2: {"id": "…"' in shown.stdout
    assert "rows 26   rejected 1" in shown.stdout
    assert stored() == []
    template = tmp_path / "map.yaml"
    template.write_text(run("import", str(table), "--suggest").stdout)
    assert "Company: company.name" in template.read_text()
    assert run("import", str(table), "--map", str(template), "--json").exit_code == 1
    assert len(stored()) == 25


def test_a_file_or_template_that_cannot_be_used_is_one_sentence(run: Run, table: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "map.yaml"
    for template, told in (("columns: {Email: lead.fax}", "no target"), ("columns: [", "line 2"), ("- x", "object")):
        wrong.write_text(template)
        refused = run("import", str(table), "--map", str(wrong))
        assert (refused.exit_code, told in refused.output) == (1, True), refused.output
    table.write_bytes(b"\xff\xfe\n")
    assert "CSV UTF-8" in run("import", str(table)).output
