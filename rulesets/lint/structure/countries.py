"""The country of the policy's calendar: without known holidays it takes none off, and nobody would notice."""

from collections.abc import Iterator

from rulesets.document.findings import Finding, quoted
from rulesets.document.wording import says
from rulesets.lint.meaning import Meaning
from rulesets.roster.countries import COUNTRIES

MEND = says("leave the country out and list its holidays under days_off")


def check_countries(meaning: Meaning) -> Iterator[Finding]:
    """A country whose holidays are not known."""
    calendar = meaning.known.policy.calendar
    if calendar is not None and calendar.country is not None and calendar.country not in COUNTRIES:
        message = says(
            "the public holidays of %(country)s are not known, so none is off", country=quoted(calendar.country)
        )
        yield meaning.warning("unknown-country", ("calendar", "country"), message, MEND)
