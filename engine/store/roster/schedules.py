"""Everybody's working calendar and absences in the current roster (R8.1–R8.3). Reads only."""

from datetime import date

from engine.core.calendar.schedules import Schedules
from engine.store.session import Driver
from rulesets.policy.policy import Policy


def read_schedules(driver: Driver, policy: Policy) -> Schedules:
    """The schedules of the roster. People without a calendar have the policy's."""
    calendars = dict(driver.execute("SELECT key, body FROM calendar"))
    people = driver.execute("SELECT email, calendar, details->'absences' FROM person")
    return Schedules.of(
        policy,
        calendars,
        (
            (
                email,
                calendar,
                tuple((date.fromisoformat(a["from"]), date.fromisoformat(a["to"])) for a in absences or ()),
            )
            for email, calendar, absences in people
        ),
    )
