"""Suspensions as their managers see and lift them (R6.6)."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import NotFound
from engine.store.access.audit import recent_entries
from engine.store.roster.suspensions import lift_suspension, read_suspensions
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from tests.factories import (
    CTO,
    HandClock,
    column,
    decide_all,
    event,
    hire,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
LI, WANG = "li@example.com", "wang@example.com"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def suspended(until: datetime) -> int:
    (lead,) = take_in(event(external_id="x", at=NOW - timedelta(days=3)), now=NOW - timedelta(days=3)).lead_ids
    with transaction() as connection:
        raw(connection).execute(
            "INSERT INTO suspension (person, role, rule, from_at, until_at, lead_id, event_id) "
            "VALUES (%s, 'sales', 'sales:accept', %s, %s, %s, 1)",
            [LI, NOW - timedelta(days=2), until, lead],
        )
    return lead


def test_a_suspension_is_lifted_with_a_reason_and_its_end_is_told() -> None:
    lead = suspended(NOW + timedelta(days=28))
    (one,) = read_suspensions(LI)
    assert (one.holds(NOW), one.holds(NOW - timedelta(days=3)), one.lifted_by) == (True, False, None)
    assert lift_suspension(one.id, WANG, "the clock was wrong", NOW) == [lead]
    (over,) = read_suspensions()
    assert (over.ended_at, over.lifted_by, over.holds(NOW)) == (NOW, WANG, False)
    (entry,) = recent_entries(1)
    assert (entry.actor, entry.action, entry.reason) == (WANG, "suspension.lifted", "the clock was wrong")
    assert rows("SELECT external_id, body->'properties'->>'person' FROM event WHERE type = 'suspension.ended'") == [
        (f"suspension:{one.id}:ended", LI)
    ]
    with pytest.raises(NotFound):
        lift_suspension(one.id, WANG, "again", NOW)


def test_what_is_over_is_not_lifted() -> None:
    suspended(NOW)
    (one,) = read_suspensions(LI)
    assert not one.holds(NOW)
    with pytest.raises(NotFound):
        lift_suspension(one.id, WANG, "late", NOW)
    assert read_suspensions("nobody@example.com") == []


def test_whose_suspension_is_lifted_receives_leads_again_and_is_told() -> None:
    put_in_force(policy_document(), NOW - timedelta(days=9))
    hire(LI)
    suspended(NOW + timedelta(days=28))
    with transaction() as connection:
        raw(connection).execute("UPDATE suspension SET role = 'sdr', event_id = 0")
    decide_all(HandClock(NOW))
    assert column("SELECT owner FROM lead") == [None]
    (one,) = read_suspensions(LI)
    lift_suspension(one.id, WANG, "the clock was wrong", NOW)
    take_in(event(external_id="y", traits=CTO, at=NOW), now=NOW)
    decide_all(HandClock(NOW + timedelta(seconds=1)))
    assert column("SELECT owner FROM lead ORDER BY id")[-1] == LI
    assert column("SELECT count(*) FROM notice WHERE kind = 'suspension_ended' AND person = %s", LI) == [1]
    assert [one for one in verify().differences if one.what != "suspension"] == []
