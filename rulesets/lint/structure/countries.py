"""The country of the policy's calendar: if its holidays are unknown, no holiday is a day off, without any notice."""

from collections.abc import Iterator

from rulesets.document.findings import Finding, quoted
from rulesets.document.wording import says
from rulesets.lint.meaning import Meaning
from rulesets.roster.countries import COUNTRIES

MEND = says("leave the country out and list its holidays under days_off")


def check_countries(meaning: Meaning) -> Iterator[Finding]:
    """Warns of a country whose holidays are unknown."""
    calendar = meaning.known.policy.calendar
    if calendar is not None and calendar.country is not None and calendar.country not in COUNTRIES:
        message = says(
            "the public holidays of %(country)s are not known, so none is off", country=quoted(calendar.country)
        )
        yield meaning.warning("unknown-country", ("calendar", "country"), message, MEND)
