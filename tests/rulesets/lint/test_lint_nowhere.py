"""References to nothing, and how warnings about meaning are accepted."""

from rulesets.lint import lint
from rulesets.roster.roster import FORMAT, lint_roster
from tests.rulesets.documents import RULE, meanings, policy, with_route, with_rule
from tests.rulesets.rows import ALWAYS, asks, every, listening, no, signal_at, size


def test_leads_handed_to_a_role_that_nobody_serves_are_reported_once_per_role() -> None:
    cells = {"D.cold": {"action": "sdr"}}
    model = {"key": "m", "matrix": {"cells": cells, "default": {"action": "sales"}}}
    assert meanings(policy(models=[model])) == [("nobody-assigned", "assignment")] * 2
    served = [{"key": "a", "role": "sdr"}, {"key": "b", "role": "sales"}]
    assert meanings(policy(models=[model], assignment=served)) == []
    assert meanings(with_route(size("gt", 5))) == [("nobody-assigned", "assignment")]


def test_a_policy_that_hands_on_to_another_role_or_to_no_team_leads_nowhere() -> None:
    rows = [
        {"key": "a", "role": "sdr", "otherwise": {"policy": "b"}},
        {"key": "b", "role": "sales", "strategy": "dispatcher"},
        {"key": "c", "role": "sales", "strategy": "dispatcher", "teams": ["east"], "otherwise": {"policy": "b"}},
    ]
    assert meanings(policy(assignment=rows)) == [
        ("leads-nowhere", "assignment[0].otherwise.policy"),
        ("leads-nowhere", "assignment[1].teams"),
    ]


def test_a_country_without_known_holidays_is_reported_in_policies_and_refused_in_rosters() -> None:
    assert meanings(policy(calendar={"country": "XX"})) == [("unknown-country", "calendar.country")]
    assert meanings(policy(calendar={"country": "CN"})) == meanings(policy(calendar={})) == []
    calendars = [{"key": "a", "timezone": "UTC", "country": "DE"}, {"key": "b", "timezone": "UTC", "country": "XX"}]
    refused = lint_roster({"format": FORMAT, "calendars": calendars}).findings
    assert [(finding.code, finding.path) for finding in refused] == [("unknown-country", "calendars[1].country")]


def test_a_signal_on_an_event_that_never_arrived_is_silent() -> None:
    raw = listening({}, {"event": ["content.downloaded", "pricing.viewed"]}, {"event": "lead.touched", "points": 1})
    assert meanings(raw) == []
    assert meanings(raw, ["Content Downloaded"]) == [("silent-event", f"{signal_at(0)}.event")]
    assert meanings(raw, ["pricing.viewed"]) == []
    assert len(meanings(raw, [])) == 2


def test_warnings_about_meaning_can_be_acknowledged_and_wait_until_there_are_no_errors() -> None:
    accepted = [{"code": "always-false", "path": f"{RULE}.when", "reason": "off until spring"}]
    report = lint(with_rule(no(ALWAYS), acknowledged=accepted))
    assert [finding.acknowledged for finding in report.findings if finding.code == "always-false"] == [True]
    assert [f.code for f in lint(with_rule(every(no(ALWAYS), asks("lead.nothing", "known")))).findings] == [
        "unknown-field"
    ]
