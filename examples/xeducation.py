"""X Education's leads (one CSV file) as lead events: `python -m examples.xeducation FOLDER -o xeducation.ndjson`.

A lead is identified with what its form said, text for text: `Select` (nothing chosen), `google` beside `Google` and
the source `testone` are for the policy and its data-quality notes. What it did on the website, and asking for the
free copy, is behaviour. `Converted` is the outcome: an imported `opportunity.won`.

Left out are the columns that sales filled in afterwards (`Tags`, `Lead Quality`, `Lead Profile`, the four
`Asymmetrique …`, `Last Activity`, `Last Notable Activity`): they know the outcome and would only seem to predict it.

The file has no dates. Its lead numbers were given in order of arrival, so a lead arrives that many minutes after the
start of 2018, and converts a day later: an order to replay in, not a measurement.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from examples.ndjson import ConversionError, Event, Row, in_order, read_rows, run, timestamp

START = datetime(2018, 1, 1, tzinfo=UTC)
UNTIL_CONVERTED = timedelta(days=1)
TRAITS = {
    "Lead Origin": "form",
    "Lead Source": "source",
    "Country": "country",
    "City": "city",
    "Do Not Email": "do_not_email",
    "Do Not Call": "do_not_call",
}
ANSWERS = {
    "Specialization": "specialization",
    "How did you hear about X Education": "heard_from",
    "What is your current occupation": "occupation",
    "What matters most to you in choosing a course": "motive",
}
SEEN_IN = (
    "Search",
    "Magazine",
    "Newspaper Article",
    "X Education Forums",
    "Newspaper",
    "Digital Advertisement",
    "Through Recommendations",
)
VISITS = {
    "TotalVisits": "visits",
    "Total Time Spent on Website": "seconds",
    "Page Views Per Visit": "pages_per_visit",
}
FREE_COPY = "A free copy of Mastering The Interview"
COLUMNS = ("Prospect ID", "Lead Number", "Converted", FREE_COPY, *TRAITS, *ANSWERS, *SEEN_IN, *VISITS)


def convert(folder: Path) -> list[Event]:
    """Every event of the file, in order of arrival."""
    return in_order(event for lead in read_rows(folder / "leads.csv", COLUMNS) for event in events_of(lead))


def events_of(lead: Row) -> Iterator[Event]:
    """What one line says: who it is, what it did, how it ended."""
    arrived = arrival(lead)
    yield event(lead, "identified", "lead.identified", arrived) | profile(lead)
    if has_visited(lead):
        visits = {VISITS[column]: value for column, value in lead.given(*VISITS).items()}
        yield event(lead, "visited", "website.visited", arrived) | {"properties": visits}
    if lead[FREE_COPY] == "Yes":
        asset = {"asset_id": "mastering_the_interview"}
        yield event(lead, "requested", "content.requested", arrived) | {"properties": asset}
    if lead["Converted"] == "1":
        yield event(lead, "won", "opportunity.won", arrived + UNTIL_CONVERTED) | {"imported": True}


def event(lead: Row, name: str, kind: str, at: datetime) -> Event:
    """The part of the envelope that every event has; its id is the lead's with a ``name``."""
    key = lead["Prospect ID"]
    return {"id": f"{key}:{name}", "type": kind, "occurred_at": timestamp(at), "lead": {"external_id": key}}


def profile(lead: Row) -> Event:
    """Traits and answers, as written in the form."""
    answers: dict[str, str | list[str]] = {ANSWERS[column]: value for column, value in lead.given(*ANSWERS).items()}
    seen_in = [column for column in SEEN_IN if lead[column] == "Yes"]
    if seen_in:
        answers["seen_in"] = seen_in
    return {"traits": {TRAITS[column]: value for column, value in lead.given(*TRAITS).items()}, "answers": answers}


def has_visited(lead: Row) -> bool:
    """A lead that came by telephone or import has 0 or blank visits."""
    return any(lead[column].strip() not in ("", "0") for column in VISITS)


def arrival(lead: Row) -> datetime:
    """The lead's place in the order of arrival; raises `ConversionError` for a number that is none."""
    number = lead["Lead Number"].strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 7):
        raise ConversionError(f"{lead.where}: Lead Number is {number!r}; it has to be a whole number such as 660737")
    return START + timedelta(minutes=int(number))


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return run(convert, "X Education's leads and their outcome as lead events.", argv)


if __name__ == "__main__":
    raise SystemExit(main())
