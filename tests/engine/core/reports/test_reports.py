"""Reports on decisions, clocks and leads have the figures counted by hand."""

import statistics
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.reports.clocks import clock_figures, discipline
from engine.core.reports.fairness import Asked, How, RosterWeight, Rule, Stood, due, fairness
from engine.core.reports.origins import Answered, Travelled, conversion, place_of_stage, speed
from engine.core.reports.simulation import side_by_side, simulation_tables
from engine.core.reports.tables import (
    COLUMNS,
    REPORTS,
    SIMULATED,
    ColumnKind,
    Row,
    month_so_far,
    percentile,
    ratio,
    tables,
)

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
PEOPLE = {ANN: RosterWeight(3, "north"), BOB: RosterWeight(1, "north"), EVE: RosterWeight(1, "south")}
IN_TURN = Rule()
START = datetime(2026, 11, 21, 10, tzinfo=UTC)


def one(rows: list[Row], **where: Any) -> Row:
    (found,) = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return found


# ----------------------------------------------------------------------------------------------------- the parts
def test_every_column_of_every_table_says_what_kind_of_value_it_holds() -> None:
    every = [*(columns for report in REPORTS.values() for columns in report.values()), *SIMULATED.values()]
    assert {column for columns in every for column in columns} == set(COLUMNS)
    assert [columns for columns in every if len(set(columns)) != len(columns)] == []


def test_what_a_row_does_not_name_is_zero_for_counts_and_unknown_for_figures() -> None:
    (table,) = tables({"all": ("leads", "median")}, {"all": [{}]})
    assert table.rows == ({"leads": 0, "median": None},)


def test_columns_of_nothing_but_zeros_are_left_out_where_people_read() -> None:
    (table,) = tables(
        {"x": ("person", "assigned", "skipped", "share", "median", "met_rate")},
        {"x": [{"person": ANN}, {"person": BOB, "assigned": 1, "share": 0.0}]},
    )
    assert table.telling == ("person", "assigned", "share")


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=40))
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    values.sort()
    assert percentile(values, 0.5) == pytest.approx(statistics.median(values), abs=0.001)
    expected = statistics.quantiles(values, n=10, method="inclusive")[8]
    assert percentile(values, 0.9) == pytest.approx(expected, abs=0.001)


def test_nothing_measured_has_no_figure() -> None:
    assert percentile([], 0.5) is None
    assert ratio(0, 0) is None
    assert percentile([7.0], 0.9) == 7.0


def test_the_period_of_a_report_that_names_none_is_the_month_so_far_in_the_policy_zone() -> None:
    period = month_so_far(datetime(2026, 11, 30, 20, tzinfo=UTC), ZoneInfo("Asia/Shanghai"))
    assert period.since == datetime(2026, 11, 30, 16, tzinfo=UTC)  # 1 December in Shanghai
    assert period.until == datetime(2026, 11, 30, 20, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------------ fairness
def decisions(
    policy: str | None, rule: Rule = IN_TURN, how: How = "turn", times: int = 1, /, **candidates: str
) -> list[Stood]:
    """Decisions that are all alike; candidates by the name before the @."""
    asked = Asked(policy, rule, how, tuple(f"{name}@example.com" for name in candidates))
    chosen = next((f"{name}@example.com" for name, reason in candidates.items() if reason == "chosen"), None)
    return [(asked, tuple(candidates.values()), chosen)] * times


def test_fairness_counts_offers_turns_and_every_reason_of_being_passed_over() -> None:
    every = [
        *decisions("inbound", Rule(), "turn", 2, ann="chosen", bob="eligible", eve="absent"),
        *decisions("inbound", ann="cap_day", bob="chosen", eve="eligible"),
        *decisions("inbound", ann="cap_day", bob="suspended", eve="off_hours"),
    ]
    found = fairness(every, PEOPLE)
    assert one(found["policies"], policy="inbound") == {
        "policy": "inbound", "decisions": 4, "assigned": 3, "nobody": 1, "deviation": 1.0
    }  # fmt: skip
    ann, bob, eve = (one(found["people"], person=person) for person in (ANN, BOB, EVE))
    assert (ann["offered"], ann["assigned"], ann["skipped"], ann["cap_day"]) == (2, 2, 2, 2)
    assert (bob["offered"], bob["assigned"], bob["suspended"]) == (3, 1, 1)
    assert (eve["offered"], eve["assigned"], eve["absent"], eve["off_hours"]) == (1, 0, 2, 1)
    assert (ann["expected"], bob["expected"], eve["expected"]) == (1.0, 1.5, 0.5)
    assert (ann["share"], ann["ideal_share"], ann["deviation"]) == (0.6667, 0.3333, 1.0)


def shares(eligible: list[str], rule: Rule) -> dict[str, float]:
    """The definition, for one lead: departments equally, within them by weight."""
    rooms: dict[str, dict[str, int]] = {}
    for person in eligible:
        colleague = PEOPLE.get(person, RosterWeight())
        room = rooms.setdefault(colleague.department if rule.by_department else "", {})
        room[person] = colleague.weight if rule.strategy == "weighted" else 1
    return {p: w / sum(room.values()) / len(rooms) for room in rooms.values() for p, w in room.items()}


def test_shares_are_equal_by_weight_or_by_department_as_the_policy_says() -> None:
    def of_one(rule: Rule, *people: str) -> list[float]:
        return due(Asked("p", rule, "turn", people), [[True]] * len(people), PEOPLE)

    assert of_one(Rule(), ANN, BOB) == [0.5, 0.5]
    assert of_one(Rule("weighted"), ANN, BOB) == [0.75, 0.25]
    assert of_one(Rule(by_department=True), ANN, BOB, EVE) == [0.25, 0.25, 0.5]
    assert of_one(Rule("weighted"), ANN, "stranger@example.com") == [0.75, 0.25]


@given(
    st.lists(st.lists(st.sampled_from(sorted(PEOPLE)), min_size=1, unique=True), min_size=1, max_size=8),
    st.builds(Rule, st.sampled_from(["round_robin", "weighted"]), st.booleans()),
)
def test_what_is_due_over_many_leads_is_the_sum_of_the_shares_of_each(leads: list[list[str]], rule: Rule) -> None:
    people = tuple(sorted(PEOPLE))
    got = due(Asked("p", rule, "turn", people), [[person in lead for lead in leads] for person in people], PEOPLE)
    assert sum(got) == pytest.approx(len(leads))
    every = [shares(lead, rule) for lead in leads]
    assert got == pytest.approx([sum(one.get(person, 0) for one in every) for person in people])


def test_what_is_given_by_hand_or_stays_with_the_account_is_no_turn() -> None:
    hows: dict[How, int] = {"turn": 3, "manual": 1, "dispatched": 1, "sticky": 1}
    every = [one for how, n in hows.items() for one in decisions("reps", Rule(), how, n, ann="chosen", bob="eligible")]
    ann = one(fairness(every, PEOPLE)["people"], person=ANN)
    assert (ann["assigned"], ann["manual"], ann["dispatched"], ann["sticky"]) == (3, 1, 1, 1)
    assert ann["expected"] == 1.5


def test_somebody_named_who_is_no_candidate_is_counted_apart_from_every_policy() -> None:
    every = [*decisions("reps", ann="chosen"), (Asked(None, Rule(), "manual", ()), (), EVE)]
    found = fairness(every, PEOPLE)
    assert [row["policy"] for row in found["policies"]] == ["reps", None]
    assert one(found["people"], person=EVE)["manual"] == 1


def test_strategies_without_turns_promise_no_share() -> None:
    found = fairness(decisions("best", Rule("top_performer"), ann="chosen", bob="eligible"), PEOPLE)
    assert one(found["people"], person=ANN)["share"] == 1.0
    assert [row["expected"] for row in found["people"]] == [None, None]
    assert one(found["policies"], policy="best")["deviation"] is None


# --------------------------------------------------------------------------------------------------- clocks, people
def test_the_met_rate_is_of_the_clocks_that_are_decided() -> None:
    clocks = [("met", 60.0), ("met", 120.0), ("held", None), ("breached", 600.0), ("breached", None), ("running", None)]
    row = clock_figures([*clocks, ("cancelled", None), ("broken", None)])
    assert (row["started"], row["met"], row["met_late"], row["breached"], row["held"]) == (8, 2, 1, 2, 1)
    assert row["met_rate"] == 0.5
    assert (row["median"], row["p90"]) == (120.0, 504.0)


def test_a_clock_of_which_none_is_decided_has_no_met_rate() -> None:
    assert clock_figures([("running", None)])["met_rate"] is None


def test_discipline_brings_misses_strikes_suspensions_and_credits_together() -> None:
    rows = discipline([(ANN, "missed", 2), (ANN, "credit", 1), (BOB, "accepted", 4)], {ANN: 1}, {EVE: 1})
    assert rows == [
        {"person": ANN, "missed": 2, "credits": 1, "strikes": 1},
        {"person": BOB, "accepted": 4},
        {"person": EVE, "suspensions": 1},
    ]


# ------------------------------------------------------------------------------------------------------- origins
def test_speed_counts_who_was_answered_within_each_span() -> None:
    seconds = (30, 240, 1700, 3000, 17_000, 80_000, None)
    found = speed([Answered("ads", one) for one in seconds] + [Answered(None, None)])
    ads = one(found["origins"], origin="ads")
    assert (ads["became_ready"], ads["touched"], ads["median"]) == (7, 6, 2350.0)
    within = [ads[f"within_{span}"] for span in ("1m", "5m", "30m", "1h", "5h", "1d")]
    assert within == [round(n / 7, 4) for n in range(1, 7)]
    assert [row["origin"] for row in found["origins"]] == ["ads", None]
    assert found["all"][0]["became_ready"] == 8


def test_conversion_counts_a_lead_in_every_stage_up_to_its_furthest() -> None:
    stages = ("nurture", "ready", "mql", "sql", "opportunity", "lost", "won", "won")
    leads = [Travelled("web", place_of_stage(stage), 86_400.0 if stage == "won" else None) for stage in stages]
    row = one(conversion(leads)["origins"], origin="web")
    assert [row[stage] for stage in ("leads", "ready", "mql", "sql", "opportunity", "won")] == [8, 7, 6, 5, 4, 2]
    assert (row["ready_rate"], row["won_rate"], row["total_rate"]) == (0.875, 0.5, 0.25)
    assert row["median"] == 86_400.0


def test_a_report_on_no_leads_is_a_row_of_zeros() -> None:
    found = conversion([])
    assert (found["all"][0]["leads"], found["all"][0]["total_rate"], found["origins"]) == (0, None, [])


# --------------------------------------------------------------------------------------------------- simulations
def clock(state: str, owner: str | None, met_minutes: float | None = None) -> dict[str, Any]:
    met_at = START + timedelta(minutes=met_minutes) if met_minutes is not None else None
    return {
        "key": "touch", "owner": owner, "state": state, "started_at": START.isoformat(),
        "met_at": met_at and met_at.isoformat(),
    }  # fmt: skip


def decision(minute: int, event: str = "x", /, owner: str | None = None, **said: str) -> dict[str, Any]:
    """A decision; ``way`` apart, what is said are candidates with their reasons."""
    way = {"way": said.pop("way")} if "way" in said else {}
    reasons = [{"person": f"{name}@example.com", "reason": reason} for name, reason in said.items()]
    at = (START + timedelta(minutes=minute)).isoformat()
    policy = "inbound" if said else None
    return {"event": event, "at": at, "policy": policy, "owner": owner, "candidates": reasons, **way}


def strike(person: str, until: str | None = None) -> dict[str, Any]:
    return {"person": person, "rule": "sdr:touch", "count": 1, "of": 2, "suspended_until": until}


def line(stage: str, owner: str | None = None, **parts: Any) -> dict[str, Any]:
    return {"stage": stage, "owner": owner, "sdr": owner, "rep": None, "clocks": [], "decisions": [], **parts}


LINES = [
    line("ready", ANN, clocks=[clock("met", ANN, 5)], decisions=[decision(1, ann="chosen", bob="eligible")]),
    line("mql", BOB, sdr=ANN, rep=BOB, clocks=[clock("breached", ANN), clock("running", None)]),
    line("ready", decisions=[decision(9, ann="suspended", bob="absent"), decision(3, ann="suspended", bob="capacity")]),
    line("nurture", decisions=[decision(6, "lead.dispatched", way="named", bob="chosen", ann="eligible")]),
    line(
        "won",
        decisions=[decision(12, "lead.assigned", way="named", owner=EVE), decision(14, way="account", bob="chosen")],
    ),
    line("mql", queued="sales"),
    line("lost", decisions=[{**decision(15), "strikes": [strike(ANN), strike(ANN, "2026-12-21T10:00:00Z")]}]),
]


def test_a_simulation_is_told_by_stages_owners_clocks_and_policies() -> None:
    found = {table.key: list(table.rows) for table in simulation_tables(LINES)}
    (total,) = found["total"]
    assert (total["leads"], total["owned"], total["queued"], total["pooled"], total["found_nobody"]) == (7, 2, 1, 1, 2)
    assert (total["met_rate"], total["breached"], total["strikes"], total["suspensions"]) == (0.5, 1, 2, 1)
    assert one(found["stages"], stage="ready")["leads"] == 2
    ann, bob, eve = (one(found["owners"], person=person) for person in (ANN, BOB, EVE))
    assert (ann["assigned"], ann["as_sdr"], ann["open"], ann["ready"], ann["met_rate"]) == (1, 2, 1, 1, 0.5)
    assert (ann["strikes"], ann["suspensions"]) == (2, 1)
    assert (bob["assigned"], bob["as_rep"], bob["mql"], bob["met_rate"]) == (2, 1, 1, None)
    assert eve["assigned"] == 1
    assert one(found["clocks"], clock="touch")["median"] == 300.0
    assert one(found["policies"], policy="inbound")["decisions"] == 5


def test_two_simulations_stand_side_by_side_in_every_figure() -> None:
    other = [line("ready", ANN), line("sql", EVE)]
    found = {
        key: (head, rows) for key, head, rows in side_by_side([simulation_tables(LINES), simulation_tables(other)])
    }
    head, rows = found["stages"]
    assert head == ["stage", "leads 1", "leads 2"]
    assert rows == [
        ["lost", 1, None],
        ["mql", 2, None],
        ["nurture", 1, None],
        ["ready", 2, 1],
        ["sql", None, 1],
        ["won", 1, None],
    ]
    head, rows = found["total"]
    assert rows[0][head.index("owned 2")] == 2
    assert "sql 1" in found["owners"][0]
    assert "opportunity 1" not in found["owners"][0]
    alone = {key: head for key, head, _ in side_by_side([simulation_tables(LINES)])}
    assert alone["stages"] == ["stage", "leads"]


def test_kinds_are_all_used() -> None:
    assert set(COLUMNS.values()) == set(ColumnKind)
