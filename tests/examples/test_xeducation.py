"""X Education's file becomes lead events: dirty text untouched, nothing that knows the outcome."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from examples import xeducation

REAL = Path(__file__).parents[3] / "shared" / "data" / "xeducation"
AFTERWARDS = (
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
)
PLAIN = (
    dict.fromkeys(xeducation.COLUMNS, "")
    | dict.fromkeys(xeducation.SEEN_IN, "No")
    | {
        "Prospect ID": "p1",
        "Lead Number": "579533",
        "Converted": "0",
        xeducation.FREE_COPY: "No",
    }
)


def write_leads(folder: Path, *leads: dict[str, str]) -> Path:
    with (folder / "leads.csv").open("w", newline="", encoding="utf-8-sig") as text:
        writer = csv.DictWriter(text, [*xeducation.COLUMNS, *AFTERWARDS])
        writer.writeheader()
        writer.writerows(PLAIN | dict.fromkeys(AFTERWARDS, "knows the outcome") | lead for lead in leads)
    return folder


def converted(folder: Path, *leads: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {event["id"]: event for event in xeducation.convert(write_leads(folder, *leads))}


def test_what_the_form_said_is_sent_text_for_text(tmp_path: Path) -> None:
    lead = {"Lead Source": "google", "Specialization": "Select", "City": "Select", "Do Not Email": "Yes", "Country": ""}
    identified = converted(tmp_path, lead)["p1:identified"]
    assert identified["type"] == "lead.identified"
    assert identified["traits"] == {"source": "google", "city": "Select", "do_not_email": "Yes"}
    assert identified["answers"] == {"specialization": "Select"}


def test_the_places_where_somebody_saw_us_are_one_set(tmp_path: Path) -> None:
    answers = converted(tmp_path, {"Search": "Yes", "Newspaper": "Yes"})["p1:identified"]["answers"]
    assert answers == {"seen_in": ["Search", "Newspaper"]}


@pytest.mark.parametrize("visits", [{}, {"TotalVisits": "0", "Total Time Spent on Website": "0"}])
def test_nobody_who_was_never_on_the_website_visits_it(tmp_path: Path, visits: dict[str, str]) -> None:
    assert list(converted(tmp_path, visits)) == ["p1:identified"]


def test_visits_and_the_free_copy_are_behaviour(tmp_path: Path) -> None:
    lead = {"TotalVisits": "5", "Total Time Spent on Website": "674", "Page Views Per Visit": "2.5"}
    events = converted(tmp_path, lead | {xeducation.FREE_COPY: "Yes"})
    assert events["p1:visited"]["properties"] == {"visits": "5", "seconds": "674", "pages_per_visit": "2.5"}
    assert events["p1:requested"]["properties"] == {"asset_id": "mastering_the_interview"}


def test_the_outcome_is_an_imported_win_a_day_after_arrival(tmp_path: Path) -> None:
    events = converted(tmp_path, {"Converted": "1"})
    assert events["p1:won"]["imported"] is True
    assert events["p1:identified"]["occurred_at"] == "2019-02-07T10:53:00Z"
    assert events["p1:won"]["occurred_at"] == "2019-02-08T10:53:00Z"


def test_nothing_that_sales_noted_afterwards_is_sent(tmp_path: Path) -> None:
    events = converted(tmp_path, {"Converted": "1", xeducation.FREE_COPY: "Yes", "TotalVisits": "3"})
    assert "knows the outcome" not in json.dumps(events)


def test_leads_arrive_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    later = {"Prospect ID": "p2", "Lead Number": "579534"}
    assert list(converted(tmp_path, later, {})) == ["p1:identified", "p2:identified"]


@pytest.mark.parametrize("number", ["", "12.5", "−3", "12345678"])
def test_a_lead_number_that_is_none_is_refused_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    write_leads(tmp_path, {}, {"Prospect ID": "p2", "Lead Number": number})
    assert xeducation.main([str(tmp_path)]) == 1
    assert f"leads.csv, line 3: Lead Number is {number!r}" in capsys.readouterr().err


@pytest.mark.skipif(not REAL.exists(), reason="X Education's file is not in ../shared/data/xeducation")
def test_the_real_file_gives_every_lead_and_every_conversion() -> None:
    events = xeducation.convert(REAL)
    assert len({event["lead"]["external_id"] for event in events}) == 7360
    assert sum(event["type"] == "opportunity.won" for event in events) == 2832
    assert len({event["id"] for event in events}) == len(events)
    assert max(datetime.fromisoformat(event["occurred_at"]) for event in events).year == 2019
