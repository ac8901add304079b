"""Olist's files become lead events; oddities of the files are kept."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examples import olist

REAL = Path(__file__).parents[3] / "shared" / "data" / "olist"
LEADS = """\
mql_id,first_contact_date,landing_page_id,origin
m1,2018-02-01,page1,social
m2,2018-02-01,page2,unknown
m3,2018-03-08,page1,
"""
DEALS = """\
mql_id,seller_id,sdr_id,sr_id,won_date,business_segment,lead_type,lead_behaviour_profile,has_company,has_gtin,\
average_stock,business_type,declared_product_catalog_size,declared_monthly_revenue
m1,s1,d1,r1,2018-02-26 19:58:54,pet,online_medium,"cat, wolf",True,,unknown,reseller,100.0,0.0
m3,s3,d1,r2,2018-03-06 03:00:00,toys,,,,,,,,0.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "marketing_qualified_leads.csv").write_text(LEADS)
    (tmp_path / "closed_deals.csv").write_text(DEALS)
    return tmp_path


def test_a_lead_is_identified_and_submits_its_landing_page_at_the_start_of_the_day_in_sao_paulo(folder: Path) -> None:
    by_id = {event["id"]: event for event in olist.convert(folder)}
    assert by_id["m1:identified"] == {
        "id": "m1:identified",
        "type": "lead.identified",
        "occurred_at": "2018-02-01T02:00:00Z",  # summer time, two hours behind UTC
        "lead": {"external_id": "m1"},
        "traits": {"source": "social", "landing_page": "page1"},
    }
    assert by_id["m1:landing"]["type"] == "landing_page.submitted"
    assert by_id["m1:landing"]["properties"] == {"asset_id": "page1"}
    assert by_id["m3:identified"]["occurred_at"] == "2018-03-08T03:00:00Z"


def test_the_origin_unknown_is_a_value_and_a_blank_one_is_not_sent(folder: Path) -> None:
    traits = {event["id"]: event["traits"] for event in olist.convert(folder) if "traits" in event}
    assert traits["m2:identified"]["source"] == "unknown"
    assert "source" not in traits["m3:identified"]


def test_a_closed_deal_is_an_imported_win_with_its_people_as_properties(folder: Path) -> None:
    won = next(event for event in olist.convert(folder) if event["id"] == "m1:won")
    assert won["imported"] is True
    assert won["occurred_at"] == "2018-02-26T19:58:54Z"
    assert won["properties"] == {
        "seller": "s1",
        "sdr": "d1",
        "rep": "r1",
        "won_date": "2018-02-26 19:58:54",
        "segment": "pet",
        "lead_type": "online_medium",
        "behaviour_profile": "cat, wolf",
        "has_company": "True",
        "average_stock": "unknown",
        "business_type": "reseller",
        "catalog_size": "100.0",
        "monthly_revenue": "0.0",
    }


def test_a_deal_won_before_the_first_contact_stays_before_it(folder: Path) -> None:
    ids = [event["id"] for event in olist.convert(folder)]
    assert ids.index("m3:won") < ids.index("m3:identified")


def test_events_come_in_the_order_in_which_they_happened(folder: Path) -> None:
    moments = [datetime.fromisoformat(event["occurred_at"]) for event in olist.convert(folder)]
    assert moments == sorted(moments)
    assert all(moment.tzinfo == UTC for moment in moments)


def test_the_command_writes_one_event_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "events.ndjson"
    assert olist.main([str(folder), "-o", str(output)]) == 0
    assert olist.main([str(folder)]) == 0
    printed = capsys.readouterr()
    assert printed.out == output.read_text(encoding="utf-8")
    assert printed.err.splitlines() == ["8 events of 3 leads"] * 2
    assert [json.loads(line) for line in printed.out.splitlines()] == olist.convert(folder)


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        ("closed_deals.csv", None, "No such file or directory; give the folder that holds the CSV files"),
        ("closed_deals.csv", ("won_date", "won"), "no column won_date; is this the original export?"),
        ("closed_deals.csv", ("2018-02-26 19:58:54", "26/02/2018"), "line 2: won_date is '26/02/2018'; write it like"),
        ("marketing_qualified_leads.csv", ("2018-03-08", ""), "line 4: first_contact_date is ''; write it like"),
        ("marketing_qualified_leads.csv", (",page2,unknown", ""), "line 3: more or fewer values than the header has"),
        ("marketing_qualified_leads.csv", ("social", "\udcff"), "not UTF-8 text; save it as CSV UTF-8"),
    ],
)
def test_an_export_that_cannot_be_read_is_refused_with_the_place_and_the_mend(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, spoil: tuple[str, str] | None, message: str
) -> None:
    file = folder / name
    if spoil is None:
        file.unlink()
    else:
        file.write_bytes(file.read_text().replace(*spoil).encode("utf-8", "surrogateescape"))
    assert olist.main([str(folder)]) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert str(file) in printed.err
    assert printed.out == ""


@pytest.mark.skipif(not REAL.exists(), reason="Olist's files are not in ../shared/data/olist")
def test_the_real_files_give_every_lead_and_every_win_with_its_origin() -> None:
    events = olist.convert(REAL)
    source = {event["lead"]["external_id"]: event["traits"].get("source", "") for event in events if "traits" in event}
    won = Counter(source[event["lead"]["external_id"]] for event in events if event["type"] == "opportunity.won")
    assert len(source) == 5345
    assert sum(won.values()) == 529
    assert won == wins_per_origin_in_the_files()
    assert len({event["id"] for event in events}) == len(events) == 2 * 5345 + 529


def wins_per_origin_in_the_files() -> Counter[str]:
    with (REAL / "marketing_qualified_leads.csv").open() as leads, (REAL / "closed_deals.csv").open() as deals:
        origin = {row["mql_id"]: row["origin"] for row in csv.DictReader(leads)}
        return Counter(origin[row["mql_id"]] for row in csv.DictReader(deals))
