"""Edits of the roster while leads are owned and clocks run: notifications, and the new due moments (R5.11, R6.2)."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core.calendar.roster_changes import Handover
from engine.store.due.clocks import fire_due_clocks
from engine.store.roster.roster import (
    RosterRefused,
    export_roster,
    import_roster,
    preview_roster,
    remove_calendar,
    remove_team,
    save_calendar,
    save_person,
)
from engine.store.roster.roster_lock import read_roster_lock
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from rulesets.roster.roster import FORMAT
from tests import patience
from tests.factories import CTO, HandClock, column, decide_all, event, policy_document, put_in_force, rows, take_in

pytestmark = pytest.mark.usefixtures("database")
LI, ZHAO, WANG, CHIEF = "li@example.com", "zhao@example.com", "wang@example.com", "chief@example.com"
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
WEEK = ("mon", "tue", "wed", "thu", "fri")
FIRST_TOUCH = {
    "key": "first_touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"],
    "window": {"hours": 4}, "clock": "business", "warn_at": [25, 50], "on_breach": [{"do": "reassign"}],
}  # fmt: skip
PATIENCE = {**FIRST_TOUCH, "key": "patience", "window": {"days": 3}, "clock": "elapsed", "warn_at": []}


def office(*spans: str, **more: Any) -> dict[str, Any]:
    return {"key": "office", "timezone": "UTC", "hours": {day: list(spans) for day in WEEK}, **more}


def staffed(**parts: Any) -> None:
    """Two SDRs of one office, their manager, and a policy whose clocks count their working time."""
    put_in_force(policy_document(sla=[FIRST_TOUCH, PATIENCE], **parts), MONDAY - timedelta(days=9))
    people = [
        {"email": WANG, "role": "manager"},
        {"email": LI, "role": "sdr", "calendar": "office", "manager": WANG},
        {"email": ZHAO, "role": "sdr", "calendar": "office", "active": False},
    ]
    calendars = [office("09:00-18:00")]
    import_roster({"format": FORMAT, "calendars": calendars, "people": people}, by=WANG, now=MONDAY - timedelta(days=9))


def owned(*names: str, at: datetime = MONDAY) -> None:
    """Leads that somebody owns since then."""
    take_in(*(event(external_id=name, traits=CTO, at=at) for name in names or ("x",)), now=at)
    decide_all(HandClock(at))


def due(key: str = "first_touch") -> datetime:
    (found,) = column("SELECT due_at FROM clock WHERE key = %s AND state = 'running'", key)
    assert isinstance(found, datetime)
    return found


def told() -> list[tuple[Any, ...]]:
    return rows(
        "SELECT body->'properties'->>'person', body->'properties'->>'cause', body->'properties'->>'give' FROM event "
        "WHERE source = 'baton' AND type = 'roster.changed' ORDER BY id"
    )


# ------------------------------------------------------------------------------------------------ clocks
def test_shorter_hours_move_a_running_clock_and_its_warnings() -> None:
    staffed()
    owned()
    assert due() == MONDAY.replace(hour=14)
    save_calendar(office("09:00-12:00"), WANG, MONDAY + timedelta(minutes=30))
    assert due() == MONDAY.replace(day=24, hour=11)
    ((next_at, warnings),) = rows("SELECT next_at, warnings FROM clock WHERE key = 'first_touch'")
    assert [(part, datetime.fromisoformat(at)) for part, at in warnings] == [
        (25, MONDAY.replace(hour=11)),
        (50, MONDAY.replace(hour=12)),
    ]
    assert next_at == MONDAY.replace(hour=11)
    assert verify().differences == ()


def test_longer_hours_never_make_a_clock_due_before_the_edit() -> None:
    staffed()
    owned(at=MONDAY.replace(hour=17))
    assert due() == MONDAY.replace(day=24, hour=12)
    edit = MONDAY.replace(hour=23)
    save_calendar(office("00:00-24:00"), WANG, edit)
    assert due() == edit
    fire_due_clocks(edit)
    decide_all(HandClock(edit))
    assert rows("SELECT state, ended_at FROM clock WHERE key = 'first_touch' ORDER BY id")[0] == ("breached", edit)
    assert verify().differences == ()


def test_a_warning_that_was_sent_is_not_sent_again_and_one_that_is_late_comes_at_once() -> None:
    staffed()
    owned(at=MONDAY.replace(hour=17))
    fire_due_clocks(MONDAY.replace(hour=18))
    edit = MONDAY.replace(hour=18, minute=30)
    save_calendar(office("09:00-18:30"), WANG, edit)
    ((warnings, next_at),) = rows("SELECT warnings, next_at FROM clock WHERE key = 'first_touch'")
    assert [part for part, _ in warnings] == [50]
    assert next_at == MONDAY.replace(day=24, hour=9, minute=30)


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"absences": [{"from": "2026-11-24", "to": "2026-11-25"}]}, MONDAY.replace(day=26, hour=12)),
        ({"calendar": None}, datetime(2026, 11, 23, 21, tzinfo=UTC)),
        ({"name": "Li Na", "weight": 3}, MONDAY.replace(day=24, hour=12)),
    ],
)
def test_absences_and_another_calendar_move_only_business_clocks(change: dict[str, Any], moved: datetime) -> None:
    staffed()
    owned(at=MONDAY.replace(hour=17))
    save_person({"email": LI, **change}, WANG, now=MONDAY.replace(hour=17, minute=30))
    assert due() == moved
    assert due("patience") == MONDAY.replace(hour=17, day=26)
    assert verify().differences == ()


def test_an_edited_zone_moves_clocks() -> None:
    staffed()
    owned(at=MONDAY.replace(hour=17))
    save_calendar({**office("09:00-18:00"), "timezone": "Asia/Shanghai"}, WANG, MONDAY.replace(hour=17, minute=1))
    assert due() == datetime(2026, 11, 24, 5, tzinfo=UTC)


def test_clocks_that_ended_or_whose_time_is_full_stay_as_they_are() -> None:
    staffed()
    owned("met", "full")
    met, full = column("SELECT lead_id FROM clock WHERE key = 'first_touch' ORDER BY id")
    touch = event("lead.touched", external_id="met", at=MONDAY + timedelta(hours=1), actor=LI)
    take_in(touch, now=MONDAY + timedelta(hours=1))
    decide_all(HandClock(MONDAY + timedelta(hours=1)))
    save_calendar(office("09:00-12:00"), WANG, MONDAY.replace(hour=14, minute=1))
    assert rows("SELECT lead_id, due_at FROM clock WHERE key = 'first_touch' ORDER BY id") == [
        (met, MONDAY.replace(hour=14)),
        (full, MONDAY.replace(hour=14)),
    ]
    assert verify().differences == ()


def test_the_moved_clock_is_met_and_missed_by_its_new_moment() -> None:
    staffed()
    owned()
    save_calendar(office("09:00-12:00"), WANG, MONDAY + timedelta(minutes=30))
    late = MONDAY.replace(day=24, hour=10, minute=59)
    assert fire_due_clocks(MONDAY.replace(hour=15)) != []
    take_in(event("lead.touched", external_id="x", at=late, actor=LI), now=late)
    decide_all(HandClock(late))
    assert column("SELECT state FROM clock WHERE key = 'first_touch'") == ["met"]
    assert verify().differences == ()


def test_an_edit_waits_for_batches_at_work_and_they_for_the_edit() -> None:
    staffed()
    owned()
    done = threading.Event()
    with transaction() as connection:
        read_roster_lock(raw(connection))

        def save() -> None:
            save_calendar(office("09:00-12:00"), WANG, MONDAY)
            done.set()

        edit = threading.Thread(target=save, daemon=True)
        edit.start()
        assert not done.wait(0.5)
    assert done.wait(patience.PATIENCE)
    edit.join(patience.PATIENCE)
    assert due() == MONDAY.replace(day=24, hour=11)


def test_a_calendar_of_many_people_is_edited_with_thousands_of_clocks_running() -> None:
    staffed()
    owned()
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO clock (lead_id, key, kind, owner, policy_number, started_at, due_at, state, next_at, "
            "warnings, met_late) SELECT 1000 + n, key, kind, owner, policy_number, started_at + n * interval '1 s', "
            "due_at, state, next_at, warnings, met_late FROM clock, generate_series(1, 3000) n "
            "WHERE key = 'first_touch'"
        )
    save_calendar(office("09:00-12:00"), WANG, MONDAY)
    dues = column("SELECT due_at - started_at FROM clock WHERE key = 'first_touch'")
    assert set(dues) == {timedelta(hours=25)}


# ------------------------------------------------------------------------------------------------ leads
@pytest.mark.parametrize(
    ("change", "cause"),
    [({"active": False}, "inactive"), ({"role": "sales"}, "role")],
)
@pytest.mark.parametrize("give", ["policy", "manager"])
def test_who_leaves_or_changes_role_parts_with_open_leads(change: dict[str, Any], cause: str, give: Any) -> None:
    staffed()
    owned("a", "b")
    done = save_person({"email": LI, **change}, WANG, Handover(give), MONDAY)
    assert sorted(done.told) == sorted(column("SELECT id FROM lead"))
    assert told() == [(LI, cause, give)] * 2
    assert len(set(column("SELECT external_id FROM event WHERE type = 'roster.changed'"))) == 2
    assert column("SELECT count(*) FROM inbox WHERE set_aside_at IS NULL") == [2]


@pytest.mark.parametrize(
    ("change", "give", "owner"),
    [
        ({"active": False}, "policy", ZHAO),
        ({"active": False}, "manager", WANG),
        ({"role": "sales"}, "policy", ZHAO),
        ({"absences": [{"from": "2026-11-23", "to": "2026-11-27"}]}, "policy", ZHAO),
        ({"active": False, "manager": None}, "manager", ZHAO),
    ],
)
def test_their_clocks_end_without_a_miss_and_somebody_else_gets_the_leads(
    change: dict[str, Any], give: Any, owner: str
) -> None:
    staffed()
    owned("a", "b")
    save_person({"email": ZHAO, "active": True}, WANG, now=MONDAY)
    save_person({"email": LI, **change}, WANG, Handover(give, give), MONDAY + timedelta(minutes=20))
    decide_all(HandClock(MONDAY + timedelta(minutes=20)))
    assert column("SELECT owner FROM lead") == [owner, owner]
    assert set(rows("SELECT owner, state FROM clock WHERE key = 'first_touch'")) == {
        (LI, "cancelled"), (owner, "running"),
    }  # fmt: skip
    assert column("SELECT kind FROM track_record WHERE kind = 'missed'") == []
    assert verify().differences == ()


def test_nobody_left_means_the_queue_until_somebody_comes() -> None:
    staffed()
    owned("a")
    save_person({"email": LI, "active": False}, WANG, now=MONDAY)
    decide_all(HandClock(MONDAY))
    assert rows("SELECT owner, queued_role FROM lead") == [(None, "sdr")]
    assert set(column("SELECT state FROM clock")) == {"cancelled"}


def test_replacing_the_roster_without_somebody_tells_their_leads_too() -> None:
    staffed()
    owned()
    import_roster({"format": FORMAT, "people": [{"email": WANG, "role": "manager"}]}, replace=True, by=WANG, now=MONDAY)
    assert told() == [(LI, "inactive", "policy")]


def test_the_same_person_leaving_twice_is_two_edits() -> None:
    staffed()
    owned()
    for active in (False, True, False):
        save_person({"email": LI, "active": active}, WANG, now=MONDAY)
    assert len(told()) == 2


@pytest.mark.parametrize(("absent", "expected"), [(None, []), ("policy", [(LI, "absence", "policy")])])
def test_an_absence_keeps_leads_unless_the_editor_says_otherwise(absent: Any, expected: list[Any]) -> None:
    staffed()
    owned()
    away = {"email": LI, "absences": [{"from": "2026-11-23", "to": "2026-11-27"}]}
    save_person(away, WANG, Handover(absent=absent), MONDAY)
    assert told() == expected


def test_a_preview_tells_what_would_follow_and_changes_nothing() -> None:
    staffed()
    owned("a", "b")
    document = {"format": FORMAT, "people": [{"email": LI, "role": "sdr", "active": False, "manager": WANG}]}
    before = export_roster()
    shown = preview_roster(document, now=MONDAY)
    (one,) = shown.affected
    assert (one.person, one.cause, one.manager, one.stages, one.leads, one.clocks) == (
        LI, "inactive", WANG, {"ready": 2}, 2, 4,
    )  # fmt: skip
    assert shown.change.updated == (LI,)
    assert (export_roster(), told()) == (before, [])
    assert preview_roster(before, now=MONDAY).affected == ()


# ------------------------------------------------------------------------------------------------ taking away
def test_a_calendar_or_team_is_taken_away_only_when_nobody_has_it() -> None:
    staffed()
    import_roster(
        {"format": FORMAT, "teams": [{"key": "east"}], "calendars": [{"key": "spare", "timezone": "UTC"}]}, by=WANG
    )
    save_person({"email": LI, "team": "east"}, WANG)
    for remove, key in ((remove_calendar, "office"), (remove_team, "east")):
        with pytest.raises(RosterRefused, match=r"people\[0\]"):
            remove(key, WANG)
    save_person({"email": LI, "team": None}, WANG)
    for remove, key in ((remove_calendar, "spare"), (remove_team, "east"), (remove_team, "nowhere")):
        remove(key, WANG)
    assert [calendar["key"] for calendar in export_roster()["calendars"]] == ["office"]
    assert "teams" not in export_roster()
    taken = "SELECT before->>'key' FROM audit_entry WHERE jsonb_typeof(after) = 'null' OR after IS NULL ORDER BY id"
    assert column(taken) == ["spare", "east"]
