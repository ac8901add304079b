"""Reports over HTTP, on their page and in the terminal are the same tables."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from admin.api.leads.reports import HANDLERS
from admin.cli import baton
from admin.tables.files import read_table
from admin.text.report_terms import LABELS, SAYS, TABLES, TITLES, shown
from admin.text.reporting import plain
from engine.core.reports.tables import COLUMNS, REPORTS, SIMULATED, ColumnKind
from engine.settings import Settings
from rulesets.document.tables import text_of
from tests.admin.api_client import Api, event, zulu
from tests.admin.deciding import REPS, decide_all, start_with_policy
from tests.admin.pages import Pages

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]
SATURDAY = datetime(2026, 11, 21, 10, tzinfo=UTC)
"""18:00 in Shanghai; periods are told by the calendar, and reports of this one are the same on every day."""


@pytest.fixture
def reader(api: Api) -> dict[str, str]:
    """An installation in which three leads were assigned, and a key that reads."""
    api.clock.moment = SATURDAY
    start_with_policy(now=SATURDAY - timedelta(days=1))
    about: dict[str, Any] = {"company": {"employees": "120"}, "traits": {"source": "web"}}
    sent = [event(n, occurred_at=zulu(SATURDAY - timedelta(hours=1)), **about) for n in (1, 2, 3)]
    assert api.send(sent, api.key()).status_code == 202
    assert decide_all(api.clock) == 3
    api.clock.moment += timedelta(hours=1)
    return api.key("reader", ["leads:read"])


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command against this test's own servers."""
    for name in ("database_url", "redis_url", "secret_key", "home"):
        monkeypatch.setenv(f"BATON_{name.upper()}", str(getattr(settings, name)))
    return lambda *arguments: CliRunner().invoke(baton, arguments)


def test_every_report_table_and_column_has_its_address_words_and_line_in_the_docs() -> None:
    assert set(HANDLERS) == set(TITLES) == set(SAYS) == set(REPORTS)
    assert set(TABLES) == {(name, table) for name, tables in REPORTS.items() for table in tables}
    page = (ROOT / "docs" / "reports.md").read_text()
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []
    assert {column for tables in REPORTS.values() for columns in tables.values() for column in columns} <= set(LABELS)
    assert [name for name in (*REPORTS, *SIMULATED) if f"`{name}`" not in page] == []


# ----------------------------------------------------------------------------------------------------------- HTTP
def asked(api: Api, headers: dict[str, str], address: str) -> Any:
    answer = api.client.get(f"/v1/reports/{address}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_its_tables_with_exactly_their_columns(api: Api, reader: dict[str, str], name: str) -> None:
    told = asked(api, reader, name)
    assert (told["report"], told["from"], told["to"]) == (name, "2026-10-31T16:00:00Z", "2026-11-21T11:00:00Z")
    found = {key: set(rows[0]) for key, rows in told["tables"].items() if rows}
    assert found == {key: set(columns) for key, columns in REPORTS[name].items() if told["tables"][key]}
    assert set(told["tables"]) == set(REPORTS[name])


def test_the_turns_of_a_live_road_are_fair(api: Api, reader: dict[str, str]) -> None:
    people = asked(api, reader, "fairness?to=2026-11-21")["tables"]["people"]
    assert {row["person"] for row in people} == {REPS[0]}
    assert sum(row["assigned"] for row in people) == 3
    assert max(abs(row["deviation"]) for row in people) <= 1


def test_a_day_given_as_the_end_belongs_to_the_period(api: Api, reader: dict[str, str]) -> None:
    def leads(period: str) -> int:
        return int(asked(api, reader, f"conversion?{period}")["tables"]["all"][0]["leads"])

    assert leads("from=2026-11-21&to=2026-11-21") == 3
    assert leads("from=2026-11-20&to=2026-11-20") == 0
    assert leads("from=2026-11-21T09:00:00Z&to=2026-11-21T09:00:01Z") == 3
    assert leads("from=2026-11-21T09:00:01Z") == 0


def test_origins_are_the_values_of_a_field(api: Api, reader: dict[str, str]) -> None:
    by_source = asked(api, reader, "conversion")
    assert by_source["by"] == "lead.source"
    assert [(row["origin"], row["leads"]) for row in by_source["tables"]["origins"]] == [("web", 3)]
    by_size = asked(api, reader, "speed?by=company.employees&to=2026-11-21")["tables"]["origins"]
    assert [(row["origin"], row["became_ready"]) for row in by_size] == [("120", 3)]


@pytest.mark.parametrize(
    ("query", "parameter", "told"),
    [
        ("speed?from=yesterday", "from", "no RFC 3339 moment"),
        ("speed?from=2026-11-21T10:00:00", "from", "no zone"),
        ("speed?from=0001-01-01", "from", "no calendar"),
        ("speed?from=2026-11-22", "to", "later than"),
        ("speed?by=lead.sorce", "by", "did you mean lead.source?"),
        ("speed?by=lead.email", "by", "no personal data"),
        ("fairness?by=lead.source", "by", "no parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_mend(
    api: Api, reader: dict[str, str], query: str, parameter: str, told: str
) -> None:
    answer = api.client.get(f"/v1/reports/{query}", headers=reader)
    assert answer.status_code == 422
    assert answer.json is not None
    assert (answer.json["parameter"], answer.json["code"]) == (parameter, "invalid")
    assert told in answer.json["detail"]


# ----------------------------------------------------------------------------------------------------------- pages
@pytest.fixture
def pages(settings: Settings, reader: dict[str, str]) -> Pages:
    pages = Pages(settings)
    pages.clock.moment = SATURDAY + timedelta(hours=1)
    return pages


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_a_page_in_every_language(pages: Pages, name: str) -> None:
    viewer = pages.as_role("viewer")
    text = viewer.text(f"/admin/reports/{name}/")
    for table in REPORTS[name]:
        assert str(TABLES[name, table]) in text
    assert "2026-11-01 00:00" in text
    viewer.post("/admin/language", {"language": "zh_Hans"})


def test_the_page_shows_names_and_no_codes(pages: Pages) -> None:
    text = pages.as_role("sdr_manager").text("/admin/reports/conversion/")
    assert "100.0%" in text
    assert "→ MQL" in text
    assert "ready_rate" not in text
    assert pages.as_role("viewer").get("/admin/reports/").headers["Location"].endswith("/admin/reports/fairness/")


def test_an_empty_report_says_what_to_do(pages: Pages) -> None:
    assert "Nothing in this period" in pages.as_role("viewer").text("/admin/reports/sla/?from=2020-01-01&to=2020-02-01")


def test_a_wrong_period_is_told_on_the_page(pages: Pages) -> None:
    answer = pages.as_role("viewer").get("/admin/reports/load/?from=2027-01-01")
    assert answer.status_code == 422
    assert "later than" in answer.text


def test_a_table_is_a_file_with_every_row_and_column(pages: Pages) -> None:
    viewer = pages.as_role("viewer")
    answer = viewer.get("/admin/reports/fairness/people.csv?to=2026-11-21")
    assert answer.headers["Content-Disposition"] == "attachment; filename=fairness-people.csv"
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert tuple(rows[0]) == REPORTS["fairness"]["people"]
    assert {row["person"] for row in rows} == {REPS[0]}
    sheet = read_table(viewer.get("/admin/reports/fairness/people.xlsx?to=2026-11-21").data)
    assert sheet.names == tuple(rows[0])
    assert [text_of(cell) for cell in sheet.rows[0].cells] == list(rows[0].values())
    for missing in (
        "fairness/people.pdf",
        "fairness/nothing.csv",
        "nothing/people.csv",
        "nothing/",
        "load/owners.csv?from=x",
    ):
        assert viewer.get(f"/admin/reports/{missing}").status_code == 404


def test_who_sees_only_their_own_leads_sees_no_report(pages: Pages) -> None:
    assert pages.as_role("sdr").get("/admin/reports/load/").status_code == 403


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.4, "0.4 s"), (59, "59 s"), (90, "1.5 min"), (7200, "2 h"), (200_000, "2.3 d")]
)
def test_spans_are_told_in_one_unit(pages: Pages, seconds: float, told: str) -> None:
    assert plain(ColumnKind.SECONDS, seconds) == told
    with pages.app.test_request_context():
        assert shown("median", seconds) == told


# -------------------------------------------------------------------------------------------------------- terminal
def test_the_terminal_shows_the_same_tables(run: Run, api: Api, reader: dict[str, str]) -> None:
    shown_ = run("report", "conversion", "--from", "2026-11-21", "--to", "2026-11-21")
    assert shown_.exit_code == 0, shown_.output
    assert re.search(r"^origin +leads +ready", shown_.stdout, re.MULTILINE)
    assert re.search(r"^web +3 +3 .*100\.0 %", shown_.stdout, re.MULTILINE)
    told = run("report", "speed", "--by", "company.employees", "--from", "2026-11-01", "--to", "2026-11-30", "--json")
    assert '"by": "company.employees"' in told.stdout


def test_the_terminal_says_when_there_is_nothing(run: Run, api: Api) -> None:
    assert "nothing in this period" in run("report", "sla").stdout


def test_the_terminal_refuses_what_cannot_be_asked(run: Run, api: Api) -> None:
    assert run("report", "load", "--by", "lead.source").exit_code == 2
    refused = run("report", "load", "--from", "tomorrow")
    assert (refused.exit_code, "no RFC 3339 moment" in refused.stderr) == (1, True)
