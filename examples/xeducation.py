"""X Education's leads (one CSV file) as lead events: `python -m examples.xeducation FOLDER -o xeducation.ndjson`.

A lead is identified with the values of its form, unchanged: the policy and its data-quality notes handle `Select`
(nothing chosen), `google` next to `Google`, and the source `testone`. Visits to the website and the request for the
free copy are behaviour. `Converted` is the outcome: an imported `opportunity.won`.

Columns that sales filled in afterwards are left out (`Tags`, `Lead Quality`, `Lead Profile`, the four `Asymmetrique …`,
`Last Activity`, `Last Notable Activity`): they contain the outcome and would only seem to predict it.

The file has no dates. Lead numbers are in order of arrival, so a lead arrives that many minutes after the start of 2018
and converts a day later. This gives an order for replays, not a measurement.
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
    """All events of the file, in order of arrival."""
    return in_order(event for lead in read_rows(folder / "leads.csv", COLUMNS) for event in events_of(lead))


def events_of(lead: Row) -> Iterator[Event]:
    """The events of one line: profile, behaviour, outcome."""
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
    """The envelope that every event has. Its id is the lead's id plus a ``name``."""
    key = lead["Prospect ID"]
    return {"id": f"{key}:{name}", "type": kind, "occurred_at": timestamp(at), "lead": {"external_id": key}}


def profile(lead: Row) -> Event:
    """Traits and answers, as entered in the form."""
    answers: dict[str, str | list[str]] = {ANSWERS[column]: value for column, value in lead.given(*ANSWERS).items()}
    seen_in = [column for column in SEEN_IN if lead[column] == "Yes"]
    if seen_in:
        answers["seen_in"] = seen_in
    return {"traits": {TRAITS[column]: value for column, value in lead.given(*TRAITS).items()}, "answers": answers}


def has_visited(lead: Row) -> bool:
    """Whether the lead visited the website. Leads by telephone or import have 0 or blank visits."""
    return any(lead[column].strip() not in ("", "0") for column in VISITS)


def arrival(lead: Row) -> datetime:
    """The moment of arrival, from the lead number. Raises `ConversionError` if it is not a number."""
    number = lead["Lead Number"].strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 7):
        raise ConversionError(f"{lead.where}: Lead Number is {number!r}; it has to be a whole number such as 660737")
    return START + timedelta(minutes=int(number))


def main(argv: list[str] | None = None) -> int:
    """The command."""
    return run(convert, "X Education's leads and their outcome as lead events.", argv)


if __name__ == "__main__":
    raise SystemExit(main())
