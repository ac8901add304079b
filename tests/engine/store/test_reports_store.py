"""Reports read the right rows: of the period, of living leads, as the policy in force reads their origins."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.core.reports.tables import REPORTS, Period, Row
from engine.store.orm import unit_of_work
from engine.store.read.report_origins import origin_fields
from engine.store.read.reports import READERS, Question, read_report, snapshot
from engine.store.schema.clock_tables import ClockRow, StrikeCount, Suspension, TrackRecord
from engine.store.schema.decision_tables import Assignment, Decision
from engine.store.schema.event_tables import Event
from engine.store.schema.lead_tables import Account, Lead
from engine.store.schema.roster_tables import Person, Team
from engine.store.session import DatabaseError
from tests.factories import NOW, policy_document, put_in_force

pytestmark = pytest.mark.usefixtures("database")
ANN, BOB, SAM = "ann@example.com", "bob@example.com", "sam@example.com"
HOUR = timedelta(hours=1)
PERIOD = Period(NOW - 10 * HOUR, NOW + HOUR)


def add(*made: Any) -> None:
    with unit_of_work() as session:
        session.add_all(made)


def found(name: str, period: Period = PERIOD, by: str = "lead.source") -> dict[str, list[Row]]:
    return {table.key: list(table.rows) for table in read_report(name, Question(period, by), NOW)}


def one(rows: list[Row], **where: Any) -> Row:
    (row,) = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return row


def choice(policy: str, **candidates: str) -> dict[str, Any]:
    people = [{"person": f"{name}@example.com", "reason": reason} for name, reason in candidates.items()]
    chosen = next((one["person"] for one in people if one["reason"] == "chosen"), None)
    return {"role": "sdr", "policy": policy, "chosen": chosen, "otherwise": None, "candidates": people}


def decided(number: int, at: datetime, lead: int = 1, **columns: Any) -> Decision:
    """A decision; ``assignment`` and ``type`` belong to its body."""
    type_ = columns.pop("type", "content.downloaded")
    assignment = columns.pop("assignment", None)
    body = {"event": {"type": type_}, **({"assignment": assignment} if assignment else {})}
    return Decision(event_id=number, lead_id=lead, decided_at=at, policy_number=1, body=body, **columns)


def event(number: int, type_: str, at: datetime, lead: int, **columns: Any) -> Event:
    return Event(
        id=number, source="t", external_id=str(number), type=type_, occurred_at=at, lead_id=lead, body={}, **columns
    )


def said(value: Any, public: Any = None) -> list[Any]:
    """The slots of a claim."""
    return [[one, NOW.isoformat(), "t", "1"] if one is not None else None for one in (value, public)]


def lead(number: int, **columns: Any) -> Lead:
    return Lead(id=number, **{"stage": "ready", "first_event_at": NOW - 2 * HOUR, **columns})


def staff(*people: Iterable[Any]) -> list[Any]:
    return [Person(email=email, role=role, details={}, **dict(more)) for email, role, *more in map(tuple, people)]


def test_there_is_a_reader_for_every_report() -> None:
    assert set(READERS) == set(REPORTS)


def test_an_empty_installation_has_every_report() -> None:
    assert {name: [row for table in found(name).values() for row in table if row.get("leads")] for name in REPORTS} == {
        name: [] for name in REPORTS
    }


def test_reports_cannot_change_anything() -> None:
    with pytest.raises(DatabaseError, match="read-only"), snapshot() as driver:
        driver.execute("DELETE FROM decision")


# ------------------------------------------------------------------------------------------------------ fairness
def test_fairness_reads_choices_of_the_period_with_weights_of_the_roster_and_rules_of_their_version() -> None:
    rules = [
        {"key": "heavy", "role": "sdr", "strategy": "weighted"},
        {"key": "rooms", "role": "sdr", "balance_by": "department"},
    ]
    put_in_force(policy_document(assignment=rules))
    add(Team(key="t", department="north"))
    add(
        Person(email=ANN, weight=3, team="t", details={}),
        Person(email=BOB, weight=1, department="south", details={}),
        Person(email=SAM, weight=1, team="t", details={}),
    )
    every = {"ann": "chosen", "bob": "eligible", "sam": "eligible"}
    add(
        *(decided(n, NOW, assignment=choice("heavy", **every)) for n in range(5)),
        *(decided(n, NOW, assignment=choice("rooms", **every)) for n in range(10, 14)),
        decided(20, NOW, assignment={**choice("heavy", **every), "way": "named"}, type="lead.assigned"),
        decided(21, NOW, assignment={**choice("heavy", **every), "way": "named"}, type="lead.dispatched"),
        decided(22, NOW + HOUR, assignment=choice("heavy", **every)),
        decided(23, NOW - 11 * HOUR, assignment=choice("heavy", **every)),
        decided(24, NOW),
        decided(25, NOW, assignment={**choice(""), "policy": None, "otherwise": "queue"}),
        decided(26, NOW, assignment={**choice("", ann="chosen"), "tried": [choice("east", bob="no_match")]}),
    )
    people = found("fairness")["people"]
    ann = one(people, policy="heavy", person=ANN)
    assert (ann["assigned"], ann["expected"], ann["manual"], ann["dispatched"]) == (5, 3.0, 1, 1)
    rooms = {row["person"]: row["expected"] for row in people if row["policy"] == "rooms"}
    assert rooms == {ANN: 1.0, BOB: 2.0, SAM: 1.0}
    assert one(found("fairness")["policies"], policy="heavy")["decisions"] == 7
    assert one(people, policy="east")["no_match"] == 1
    assert {row["policy"] for row in found("fairness")["policies"]} == {"heavy", "rooms", "east", None}


# ------------------------------------------------------------------------------------------------------------ SLA
def clock(lead: int, state: str, owner: str | None = ANN, met: float | None = None, **columns: Any) -> ClockRow:
    start = NOW - 2 * HOUR
    met_at = start + timedelta(minutes=met) if met is not None else None
    values = {"started_at": start, "due_at": NOW, "key": "touch", **columns}
    return ClockRow(lead_id=lead, owner=owner, policy_number=1, state=state, met_at=met_at, warnings=[], **values)


def test_the_clocks_of_a_period_are_counted_by_key_and_by_owner() -> None:
    add(
        clock(1, "met", met=10),
        clock(2, "met", met=20),
        clock(3, "breached", met=150),
        clock(4, "breached", BOB),
        clock(5, "running", None),
        clock(6, "held", BOB, key="stands"),
        clock(7, "met", started_at=NOW - 11 * HOUR),
    )
    report = found("sla")
    whole = one(report["clocks"], clock="touch")
    assert (whole["started"], whole["met"], whole["met_late"], whole["breached"], whole["running"]) == (5, 2, 1, 2, 1)
    assert (whole["met_rate"], whole["median"]) == (0.5, 1200.0)
    assert one(report["clocks"], clock="stands")["met_rate"] == 1.0
    bob = one(report["owners"], clock="touch", person=BOB)
    assert (bob["started"], bob["met_rate"], bob["median"]) == (1, 0.0, None)
    assert {row["person"] for row in report["owners"]} == {ANN, BOB}


def test_discipline_counts_the_period_and_shows_strikes_as_they_stand() -> None:
    add(
        TrackRecord(kind="missed", person=ANN, lead_id=1, event_id=1, at=NOW),
        TrackRecord(kind="missed", person=ANN, lead_id=1, event_id=2, at=NOW - 11 * HOUR),
        TrackRecord(kind="credit", person=BOB, lead_id=1, event_id=3, at=NOW),
        StrikeCount(person=ANN, rule="r", count=1),
        StrikeCount(person=BOB, rule="r", count=0),
        Suspension(person=SAM, role="sales", rule="r", from_at=NOW, until_at=NOW + HOUR, lead_id=1, event_id=4),
    )
    rows = {row["person"]: row for row in found("sla")["discipline"]}
    assert (rows[ANN]["missed"], rows[ANN]["strikes"]) == (1, 1)
    assert (rows[BOB]["credits"], rows[BOB]["strikes"]) == (1, 0)
    assert rows[SAM]["suspensions"] == 1


# --------------------------------------------------------------------------------------------------------- origins
def test_speed_is_from_the_decision_that_made_a_lead_ready_to_the_first_touch_after_it() -> None:
    put_in_force(policy_document())
    add(
        lead(1, claims={"lead.source": said("web")}),
        lead(2, claims={"lead.source": said("web", "ads")}),
        lead(3, claims={"lead.source": said(None, "ads")}),
        lead(4, claims={}),
        lead(5, merged_into=1),
        decided(1, NOW - HOUR, 1, stage_before="raw", stage_after="ready"),
        decided(2, NOW - HOUR / 2, 1, stage_before="nurture", stage_after="ready"),
        decided(3, NOW - HOUR, 2, stage_before="raw", stage_after="mql"),
        decided(4, NOW - HOUR / 2, 2, stage_before="mql", stage_after="ready"),
        decided(5, NOW - HOUR, 3, stage_after="ready"),
        decided(6, NOW - HOUR, 5, stage_after="ready"),
        decided(7, NOW + HOUR, 4, stage_after="ready"),
        event(20, "lead.touched", NOW - 2 * HOUR, 1),
        event(21, "lead.touched", NOW - HOUR + timedelta(minutes=4), 1),
        event(22, "lead.touched", NOW - HOUR + timedelta(minutes=9), 1),
        event(23, "lead.touched", NOW - HOUR + timedelta(minutes=1), 2, imported=True),
        event(24, "page.viewed", NOW - HOUR + timedelta(minutes=1), 3),
    )
    report = found("speed")
    web, ads = (one(report["origins"], origin=origin) for origin in ("web", "ads"))
    assert (web["became_ready"], web["touched"], web["median"], web["within_5m"]) == (2, 1, 240.0, 0.5)
    assert (ads["became_ready"], ads["touched"], ads["median"]) == (1, 0, None)
    assert report["all"][0]["became_ready"] == 3


def test_conversion_follows_the_leads_that_first_came_in_the_period() -> None:
    put_in_force(policy_document())
    add(
        lead(1, claims={"lead.source": said("web")}, stage="won"),
        lead(2, claims={"lead.source": said("web")}, stage="nurture"),
        lead(3, claims={"lead.source": said("web")}, first_event_at=NOW - 20 * HOUR),
        event(1, "x", NOW - 2 * HOUR, 1),
        event(2, "opportunity.won", NOW, 1),
        event(3, "x", NOW, 2),
        event(4, "lead.recycled", NOW, 2),
        decided(1, NOW, 1, stage_after="ready"),
        decided(2, NOW, 1, stage_before="ready", stage_after="won"),
        decided(3, NOW, 2, stage_after="mql"),
        decided(4, NOW, 2, stage_before="mql", stage_after="nurture"),
    )
    web = one(found("conversion")["origins"], origin="web")
    assert [web[stage] for stage in ("leads", "ready", "mql", "sql", "opportunity", "won")] == [2, 2, 2, 1, 1, 1]
    assert web["median"] == 7200.0


def test_origins_may_be_facts_of_the_company_and_are_read_as_the_policy_reads_them() -> None:
    fields = [{"key": "company.size_class", "type": "choice", "options": ["Small", "Big"]}]
    put_in_force(policy_document(fields=fields))
    add(
        Account(id=7, created_at=NOW, key="domain:a.example", claims={"company.size_class": said("BIG")}),
        lead(1, account_id=7),
        Account(id=8, created_at=NOW, key="domain:b.example", claims={"company.size_class": said("huge")}),
        lead(2, account_id=8),
        lead(3),
    )
    origins = found("conversion", by="company.size_class")["origins"]
    assert {row["origin"]: row["leads"] for row in origins} == {"Big": 1, None: 2}


def test_origins_with_several_values_are_one_origin_each_time_the_same() -> None:
    put_in_force(policy_document())
    add(
        lead(1, claims={"lead.tags": said(["b", "a"])}),
        lead(2, claims={"lead.tags": said(["a", "b"])}),
    )
    assert one(found("conversion", by="lead.tags")["origins"], origin="a, b")["leads"] == 2


def test_fields_that_say_who_somebody_is_or_that_baton_keeps_are_no_origins() -> None:
    put_in_force(policy_document(fields=[{"key": "lead.secret", "type": "text", "pii": True}]))
    fields = origin_fields()
    assert "lead.source" in fields
    assert {"lead.email", "lead.secret", "lead.stage", "score.fit"} & set(fields) == set()


# ------------------------------------------------------------------------------------------------------------ load
def test_load_shows_everybody_with_what_they_have_and_what_waits() -> None:
    add(
        Person(email=ANN, role="sdr", capacity=4, details={}),
        Person(email=BOB, role="sdr", details={}),
        Person(email="boss@example.com", role="manager", details={}),
        Assignment(event_id=1, lead_id=1, role="sdr", person=ANN, at=NOW),
        Assignment(event_id=2, lead_id=2, role="sdr", person=ANN, at=NOW - 11 * HOUR),
        lead(1, owner=ANN),
        lead(2, owner=ANN, stage="mql"),
        lead(3, owner=ANN, stage="won"),
        lead(4, owner=SAM, stage="sql"),
        lead(5, queued_role="sales", queued_at=NOW - 3 * HOUR, stage="mql"),
        lead(6, queued_role="sales", queued_at=NOW - HOUR, stage="mql"),
        lead(7, pool_since=NOW - HOUR),
        clock(1, "running", key="touch"),
    )
    report = found("load")
    ann = one(report["owners"], person=ANN)
    assert (ann["role"], ann["open"], ann["ready"], ann["mql"], ann["used"]) == ("sdr", 2, 1, 1, 0.5)
    assert (ann["assigned"], ann["running"]) == (1, 1)
    assert one(report["owners"], person=BOB)["open"] == 0
    assert one(report["owners"], person=SAM)["sql"] == 1
    assert {row["stage"]: row["leads"] for row in report["stages"]} == {"ready": 2, "mql": 3, "won": 1, "sql": 1}
    assert one(report["waiting"], where="sales") == {"where": "sales", "leads": 2, "longest": 10_800.0}
    assert one(report["waiting"], where="pool")["leads"] == 1
