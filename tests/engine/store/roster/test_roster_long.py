"""Edits of the roster with thousands of leads and clocks: how long they take, and that no lead is lost."""

import time
from datetime import timedelta

import pytest

from engine.core.calendar.roster_changes import Handover
from engine.store.roster.roster import import_roster, save_calendar, save_person
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from rulesets.roster.roster import FORMAT
from tests.engine.store.roster.test_roster_effects import LI, MONDAY, WANG, ZHAO, office, owned, staffed
from tests.factories import HandClock, column, decide_all, rows

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("database")]
CLOCKS, LEADS, PEOPLE = 10_000, 5_000, 5_000


def test_ten_thousand_clocks_follow_an_edited_calendar_within_ten_seconds() -> None:
    staffed()
    owned()
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO clock (lead_id, key, kind, owner, policy_number, started_at, due_at, state, next_at, "
            "warnings, met_late) SELECT 1000 + n, key, kind, owner, policy_number, started_at - n * interval '1 s', "
            "due_at, state, next_at, warnings, met_late FROM clock, generate_series(1, %s) n WHERE key = 'first_touch'",
            [CLOCKS],
        )
    begun = time.monotonic()
    save_calendar(office("09:00-12:00", country="CN"), WANG, MONDAY)
    took = time.monotonic() - begun
    print(f"\n{CLOCKS} clocks timed anew in {took:.2f} s")  # noqa: T201 - the figure is what a long run is for
    assert took < 10
    late = column("SELECT count(*) FROM clock WHERE key = 'first_touch' AND due_at <= %s", MONDAY.replace(hour=14))
    assert late == [0]


def test_thousands_of_leads_of_somebody_who_leaves_go_on() -> None:
    staffed()
    owned(*(f"lead-{number}" for number in range(LEADS)))
    save_person({"email": ZHAO, "active": True}, WANG, now=MONDAY)
    begun = time.monotonic()
    told = save_person({"email": LI, "active": False}, WANG, Handover("policy"), MONDAY).told
    took = time.monotonic() - begun
    begun = time.monotonic()
    decide_all(HandClock(MONDAY + timedelta(seconds=1)))
    print(f"\n{len(told)} leads told in {took:.2f} s, decided in {time.monotonic() - begun:.1f} s")  # noqa: T201 - the figure is what a long run is for
    assert rows("SELECT owner, count(*) FROM lead GROUP BY owner") == [(ZHAO, LEADS)]
    assert column("SELECT count(*) FROM clock WHERE owner = %s AND state <> 'cancelled'", LI) == [0]
    assert verify().differences == ()


def test_thousands_of_people_are_imported_at_once() -> None:
    people = [{"email": f"p{number}@example.com", "role": "sdr", "capacity": 5} for number in range(PEOPLE)]
    begun = time.monotonic()
    assert len(import_roster({"format": FORMAT, "people": people}, by=WANG).added) == PEOPLE
    took = time.monotonic() - begun
    print(f"\n{PEOPLE} people imported in {took:.2f} s")  # noqa: T201 - the figure is what a long run is for
    assert took < 30
