"""Virtual time with people: misses, suspensions, holds, the pool, claims, turns given back, each at its moment."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from engine.core.lead.model import LeadEvent
from engine.simulation.simulate import rules_of
from engine.simulation.timeline import run_until
from rulesets.policy.policy import Policy
from rulesets.roster.roster import Roster
from tests.engine.core.scored_leads import model, policy, signal
from tests.engine.simulation.test_simulate_time import START, happened

ANN, BOB, SAM, BOSS = (f"{name}@example.com" for name in ("ann", "bob", "sam", "boss"))
TOUCH = {
    "key": "touch", "role": "sdr", "starts_on": {"stage": "ready"}, "met_by": ["lead.touched"], "window": {"hours": 2},
    "warn_at": [50, 80], "on_breach": [{"do": "strike"}, {"do": "reassign"}],
}  # fmt: skip
STRIKES = [{"role": "sdr", "sla": ["touch"], "consecutive": 2, "suspend": {"days": 1}}]


def rules(*clocks: Any, **parts: Any) -> Policy:
    given: dict[str, Any] = {"assignment": [{"key": "inbound", "role": "sdr"}], "strikes": [], **parts}
    return policy(model([{}, signal()], matrix={"default": {"action": "sdr"}}), sla=list(clocks), **given)


def roster(*people: str, **more: dict[str, Any]) -> Roster:
    several = [{"email": email, "role": "sdr", **more.get(email.partition("@")[0], {})} for email in people]
    return Roster.model_validate({"format": "baton.roster/1", "people": several})


def run(events: Sequence[LeadEvent], hours: float, who: Roster, what: Policy) -> dict[str, dict[str, Any]]:
    """Lead → its line; the run is repeated, and gives the same bytes."""
    until = START + timedelta(hours=hours)
    lines, again = (list(run_until(rules_of(what), who, events, until)) for _ in range(2))
    assert json.dumps(lines) == json.dumps(again)
    return {line["lead"]["external_id"]: line for line in lines}


def story(line: dict[str, Any]) -> list[tuple[str, float, str | None]]:
    """(event, hours after the start, owner) of each decision."""
    return [(one["event"], hours(one["at"]), one["owner"]) for one in line["decisions"]]


def hours(at: str) -> float:
    return (happened("x", 0).occurred_at.fromisoformat(at) - START) / timedelta(hours=1)


def reasons(line: dict[str, Any], place: int = -1) -> dict[str, str]:
    asked = [one["candidates"] for one in line["decisions"] if one["candidates"]]
    return {one["person"]: one["reason"] for one in asked[place]}


def came(*leads: str, at: float = 0) -> list[LeadEvent]:
    return [happened("content.downloaded", at, lead) for lead in leads]


def test_each_warning_and_each_breach_happens_at_its_moment() -> None:
    (line,) = run(came("a"), 5, roster(ANN, BOB), rules(TOUCH)).values()
    assert story(line) == [
        ("content.downloaded", 0, ANN), ("sla.warned", 1, ANN), ("sla.warned", 1.6, ANN), ("sla.breached", 2, BOB),
        ("sla.warned", 3, BOB), ("sla.warned", 3.6, BOB), ("sla.breached", 4, None),
    ]  # fmt: skip
    assert reasons(line) == {ANN: "previous", BOB: "previous"}


def test_two_misses_in_a_row_suspend_until_a_date_and_the_queue_is_drained_then() -> None:
    (a, b, c) = run([*came("a", "b"), *came("c", at=3)], 27, roster(ANN), rules(TOUCH, strikes=STRIKES)).values()
    struck = [one["strikes"][0] for line in (a, b) for one in line["decisions"] if "strikes" in one]
    assert [(one["count"], one["suspended_until"]) for one in struck] == [(1, None), (2, "2026-03-03T11:00:00Z")]
    assert [name for name, _, _ in story(b)][-2:] == ["suspension.started", "suspension.ended"]
    assert reasons(c, 0) == {ANN: "suspended"}
    assert story(c)[:2] == [("content.downloaded", 3, None), ("queue.assigned", 26, ANN)]
    assert (a["owner"], b["owner"]) == (None, None), "who missed a lead is not asked again for it"


def test_a_met_clock_in_between_begins_anew_and_misses_while_suspended_do_not_count() -> None:
    touched = [happened("lead.touched", 3, "b", actor=ANN)]
    lines = run(
        [*came("a"), *came("b", at=2.5), *touched, *came("c", at=4)], 7, roster(ANN), rules(TOUCH, strikes=STRIKES)
    )
    struck = [one["strikes"] for line in lines.values() for one in line["decisions"] if "strikes" in one]
    assert [[one["count"] for one in several] for several in struck] == [[1], [1]]
    three = run(came("a", "b", "c"), 5, roster(ANN), rules(TOUCH, strikes=STRIKES))
    struck = [one["strikes"] for line in three.values() for one in line["decisions"] if "strikes" in one]
    assert [[one["count"] for one in several] for several in struck] == [[1], [2]]


HOLD = {
    "key": "stands", "role": "sdr", "kind": "hold", "starts_on": {"event": "opportunity.created"},
    "broken_by": [{"event": "opportunity.withdrawn", "unless_justified": True}], "window": {"days": 14},
    "on_held": [{"do": "credit", "to": "sdr"}, {"do": "tag", "tag": "stood"}],
    "on_breach": [{"do": "tag", "tag": "fell"}],
}  # fmt: skip
SOLD = {
    "qualification": {"mql": [{"key": "asked", "when": {"field": "answers.budget", "op": "is_true"}}]},
    "fields": [{"key": "answers.budget", "type": "boolean"}],
    "assignment": [{"key": "inbound", "role": "sdr"}, {"key": "closing", "role": "sales"}],
    "reasons": {"withdraw": [{"key": "merger", "justified": True}, {"key": "mood"}]},
}


def opportunity(lead: str, *more: LeadEvent) -> list[LeadEvent]:
    """A lead that Ann made ready and Sam turned into an opportunity."""
    return [
        happened("lead.identified", 0, lead),
        happened("lead.identified", 1, lead, answers={"budget": True}),
        happened("lead.accepted", 2, lead, actor=SAM),
        happened("opportunity.created", 3, lead, actor=SAM),
        *more,
    ]


def test_a_held_clock_credits_the_leads_sdr_and_a_broken_one_does_what_its_breach_says() -> None:
    gone = happened("opportunity.withdrawn", 30, "fell", actor=SAM, properties={"reason": "mood"})
    excused = happened("opportunity.withdrawn", 30, "left", actor=SAM, properties={"reason": "merger"})
    won = happened("opportunity.won", 40, "won", actor=SAM)
    events = [
        *opportunity("stood"),
        *opportunity("fell", gone),
        *opportunity("left", excused),
        *opportunity("won", won),
    ]
    lines = run(events, 24 * 15, roster(ANN, SAM, sam={"role": "sales"}), rules(HOLD, **SOLD))
    assert {name: (line["clocks"][0]["state"], line["clocks"][0]["owner"]) for name, line in lines.items()} == {
        "stood": ("held", ANN), "fell": ("broken", ANN), "left": ("cancelled", ANN), "won": ("held", ANN),
    }  # fmt: skip
    assert story(lines["stood"])[-2:] == [("sla.held", 3 + 24 * 14, SAM), ("lead.identified", 3 + 24 * 14, SAM)]
    assert story(lines["won"])[-1] == ("lead.identified", 40, SAM)
    assert [name for name, _, _ in story(lines["left"])].count("lead.identified") == 2, "no tag"


def test_work_on_leads_of_others_is_refused_as_it_is_at_the_doors() -> None:
    for by, stage, owner in ((BOB, "ready", ANN), (BOSS, "nurture", None), (ANN, "nurture", None)):
        work = happened("lead.recycled", 1, "a", actor=by)
        lines = run(
            [*came("a"), work], 2, roster(ANN, BOB, BOSS, bob={"active": False}, boss={"role": "manager"}), rules()
        )
        assert (lines["a"]["stage"], lines["a"]["owner"]) == (stage, owner), by


def test_a_tag_is_a_fact_that_rules_see_at_once() -> None:
    tagged = {"field": "lead.tags", "op": "has_any", "value": ["slow"]}
    fit = {"groups": [{"key": "g", "rules": [{"key": "slow", "when": tagged, "points": -7}]}]}
    what = policy(
        model([{}, signal()], fit=fit, matrix={"default": {"action": "sdr"}}),
        assignment=[{"key": "inbound", "role": "sdr"}],
        sla=[{**TOUCH, "on_breach": [{"do": "tag", "tag": "slow"}]}],
    )
    (line,) = run(came("a"), 2, roster(ANN), what).values()
    assert (story(line)[-1], line["fit"]) == (("lead.identified", 2, ANN), -7)


POOL = {"protection": {"days": 10, "extend": {"days": 3}, "max": {"days": 20}, "extend_on": ["lead.touched"]},
        "warn_before": [{"days": 2}], "claim": {"per_day": 1, "holding": 50, "cooldown": {"days": 7}}}  # fmt: skip
DAY = 24


def test_an_owner_is_warned_and_loses_the_lead_when_its_protection_ends() -> None:
    (line,) = run(came("a"), 11 * DAY, roster(ANN), rules(pool=POOL)).values()
    assert story(line)[1:] == [("pool.warned", 8 * DAY, ANN), ("pool.reclaimed", 10 * DAY, None)]
    assert line["stage"] == "ready"


def test_an_activity_puts_warning_and_reclaim_off() -> None:
    touched = happened("lead.touched", 9 * DAY, "a", actor=ANN)
    (line,) = run([*came("a"), touched], 13 * DAY, roster(ANN), rules(pool=POOL)).values()
    assert story(line)[1:] == [
        ("pool.warned", 8 * DAY, ANN), ("lead.touched", 9 * DAY, ANN), ("pool.warned", 10 * DAY, ANN),
        ("pool.reclaimed", 12 * DAY, None),
    ]  # fmt: skip


def test_claims_are_limited_by_day_and_by_a_cooldown() -> None:
    later = [
        happened("lead.claimed", 10 * DAY + 1, "a", actor=ANN),
        happened("lead.claimed", 10 * DAY + 2, "a", actor=BOB),
        happened("lead.claimed", 10 * DAY + 3, "b", actor=BOB),
        happened("lead.claimed", 11 * DAY + 3, "b", actor=BOB),
    ]
    a, b = run([*came("a", "b"), *later], 12 * DAY, roster(ANN, BOB), rules(pool=POOL)).values()
    assert story(a)[-2:] == [("lead.claimed", 10 * DAY + 1, None), ("lead.claimed", 10 * DAY + 2, BOB)]
    first = {line["lead"]["external_id"]: line["decisions"][0]["owner"] for line in (a, b)}
    assert first == {"a": ANN, "b": BOB}
    assert b["owner"] is None, "Bob had it himself and must wait a week"


def test_a_rejection_for_a_reason_that_is_not_the_reps_gives_the_turn_back() -> None:
    parts = {**SOLD, "reasons": {"reject": [{"key": "wrong_person"}, {"key": "mood"}]},
             "feedback": {"compensate": ["wrong_person"]}}  # fmt: skip
    who = roster(ANN, SAM, "sue@example.com", sam={"role": "sales"}, sue={"role": "sales"})

    def owners(reason: str) -> list[str]:
        events = []
        for number, lead in enumerate(("one", "two", "three")):
            events.append(happened("lead.identified", number, lead, answers={"budget": True}))
        events.append(happened("lead.rejected", 0.5, "one", actor=SAM, properties={"reason": reason}))
        lines = run(events, 4, who, rules(**parts))
        return [line["rep"].partition("@")[0] for line in lines.values()]

    assert owners("mood") == ["sam", "sue", "sam"]
    assert owners("wrong_person") == ["sam", "sam", "sue"]


def test_at_one_instant_clocks_come_first_then_the_roster_then_events_then_the_engine_then_the_queue() -> None:
    """R6.8: the lead that breaches at 24:00 frees nobody; the cap of the new day does, before the event of then."""
    midnight = 7
    until = {"window": {"hours": midnight}, "on_breach": [{"do": "recycle", "reason": "late"}], "warn_at": []}
    what = rules({**TOUCH, **until}, pool={"protection": {"days": midnight / DAY}})
    events = [*came("first"), *came("waits", at=1), *came("new", at=midnight)]
    lines = run(events, midnight, roster(ANN, ann={"caps": {"day": 1}}), what)
    assert story(lines["first"]) == [("content.downloaded", 0, ANN), ("sla.breached", midnight, None)]
    assert story(lines["new"]) == [("content.downloaded", midnight, ANN)]
    assert lines["waits"]["owner"] is None
    order = [
        (one["at"], name) for name, line in lines.items() for one in line["decisions"] if hours(one["at"]) == midnight
    ]
    assert {name for _, name in order} == {"first", "new"}


def test_a_clock_that_lost_its_owner_to_the_queue_starts_for_whoever_comes() -> None:
    call = {**TOUCH, "key": "call", "starts_on": {"event": "content.downloaded"}, "warn_at": []}
    who = roster(ANN, BOB, bob={"absences": [{"from": "2026-03-02", "to": "2026-03-02"}]})
    (line,) = run(came("a"), 10, who, rules(call)).values()
    assert [(clock["owner"], clock["state"]) for clock in line["clocks"]] == [(ANN, "breached"), (BOB, "breached")]
    assert story(line)[-2:] == [("queue.assigned", 7, BOB), ("sla.breached", 9, None)]


def test_escalation_gives_the_lead_to_the_manager_and_without_one_to_the_queue() -> None:
    what = rules({**TOUCH, "on_breach": [{"do": "escalate"}], "warn_at": []})
    with_boss = roster(ANN, BOSS, ann={"manager": BOSS}, boss={"role": "manager"})
    (line,) = run(came("a"), 3, with_boss, what).values()
    assert story(line)[-1] == ("sla.breached", 2, BOSS)
    assert [(clock["owner"], clock["state"]) for clock in line["clocks"]] == [(ANN, "breached"), (BOSS, "running")]
    (line,) = run(came("a"), 3, roster(ANN), what).values()
    assert story(line)[-1] == ("sla.breached", 2, None), "who missed it is not asked again"


def test_after_so_many_breaches_other_actions_follow() -> None:
    chained = {**TOUCH, "warn_at": [], "then": {"after_breaches": 2, "actions": [{"do": "pool"}]}}
    (line,) = run(came("a"), 9, roster(ANN, BOB, SAM), rules(chained)).values()
    assert story(line)[1:] == [("sla.breached", 2, BOB), ("sla.breached", 4, None)]
    assert line["stage"] == "ready"
