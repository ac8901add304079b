"""Olist's seller acquisition (two CSV files) as lead events: `python -m examples.olist FOLDER -o olist.ndjson`.

A lead is identified at its first contact, with its origin and landing page, and submits the form of that page. A closed
deal is an imported `opportunity.won`. Its SDR, its sales rep and their findings are properties of that event, because
these people belong to the history and receive no leads from Baton.

Notes on the data:

- `first_contact_date` is a calendar day in São Paulo; the event happens at its first moment.
- `won_date` is UTC, without saying so (deals with a day only have São Paulo's midnight, 02:00 or 03:00).
- The origin `unknown` is a value, a channel of its own. A blank origin is not sent.
- One deal is won before its first contact. It is not corrected: the events repeat the files.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from examples.ndjson import ConversionError, Event, Row, in_order, read_rows, run, timestamp

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
LEAD_COLUMNS = ("mql_id", "first_contact_date", "landing_page_id", "origin")
DEAL_PROPERTIES = {
    "seller_id": "seller",
    "sdr_id": "sdr",
    "sr_id": "rep",
    "won_date": "won_date",
    "business_segment": "segment",
    "lead_type": "lead_type",
    "lead_behaviour_profile": "behaviour_profile",
    "has_company": "has_company",
    "has_gtin": "has_gtin",
    "average_stock": "average_stock",
    "business_type": "business_type",
    "declared_product_catalog_size": "catalog_size",
    "declared_monthly_revenue": "monthly_revenue",
}


def convert(folder: Path) -> list[Event]:
    """All events of the two files, in the order in which they happened."""
    leads = read_rows(folder / "marketing_qualified_leads.csv", LEAD_COLUMNS)
    deals = read_rows(folder / "closed_deals.csv", ("mql_id", *DEAL_PROPERTIES))
    events = [event for lead in leads for event in first_contact(lead)]
    events.extend(won(deal) for deal in deals)
    return in_order(events)


def first_contact(lead: Row) -> Iterator[Event]:
    """The identification of a lead, and its submitted form."""
    at = timestamp(moment(lead, "first_contact_date", "%Y-%m-%d", SAO_PAULO))
    who = {"external_id": lead["mql_id"]}
    traits = {"origin": "source", "landing_page_id": "landing_page"}
    yield {
        "id": f"{lead['mql_id']}:identified",
        "type": "lead.identified",
        "occurred_at": at,
        "lead": who,
        "traits": {traits[column]: value for column, value in lead.given(*traits).items()},
    }
    yield {
        "id": f"{lead['mql_id']}:landing",
        "type": "landing_page.submitted",
        "occurred_at": at,
        "lead": who,
        "properties": {"asset_id": lead["landing_page_id"]},
    }


def won(deal: Row) -> Event:
    """The closed deal, as imported history."""
    return {
        "id": f"{deal['mql_id']}:won",
        "type": "opportunity.won",
        "occurred_at": timestamp(moment(deal, "won_date", "%Y-%m-%d %H:%M:%S", UTC)),
        "lead": {"external_id": deal["mql_id"]},
        "properties": {DEAL_PROPERTIES[column]: value for column, value in deal.given(*DEAL_PROPERTIES).items()},
        "imported": True,
    }


def moment(row: Row, column: str, form: str, zone: tzinfo) -> datetime:
    """The moment in a cell. Raises `ConversionError` with line, column and value."""
    try:
        return datetime.strptime(row[column], form).replace(tzinfo=zone)
    except ValueError as error:
        example = datetime(2018, 2, 1, 13, 30, tzinfo=zone).strftime(form)
        raise ConversionError(f"{row.where}: {column} is {row[column]!r}; write it like {example}") from error


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return run(convert, "Olist's marketing-qualified leads and closed deals as lead events.", argv)


if __name__ == "__main__":
    raise SystemExit(main())
