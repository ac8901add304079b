"""Declarations, references, bounds, clocks, test cases: one row per thing the lint says."""

from typing import Any

import pytest

from rulesets import starters
from rulesets.document.document import load
from rulesets.lint import lint
from rulesets.lint.scores.scoring import DECAYS
from rulesets.lint.structure.values import ACTIONS
from rulesets.policy.scoring import Decay
from rulesets.policy.sla import Action
from tests.rulesets.documents import EVENTS, FIELDS, SIGNAL, codes, policy, with_route, with_signal

CLOCK: dict[str, Any] = {"key": "c", "role": "sdr", "starts_on": {"stage": "ready"}, "window": {"hours": 1}}
REASONS = {"reject": [{"key": "no_need"}], "disqualify": [{"key": "competitor"}]}
ALWAYS: dict[str, Any] = {"all": []}


def model(**parts: Any) -> list[dict[str, Any]]:
    return [{"key": "m", **parts}]


def clock(**parts: Any) -> list[dict[str, Any]]:
    return [{**CLOCK, **parts}]


def sample(**parts: Any) -> list[dict[str, Any]]:
    return [{"key": "t", "expect": {}, **parts}]


DECLARED: list[tuple[dict[str, Any], str, str]] = [
    ({"fields": [{"key": "score.mine", "type": "text"}]}, "reserved-field", "fields[0].key"),
    ({"fields": [{"key": "lead.stage", "type": "text"}]}, "reserved-field", "fields[0].key"),
    ({"fields": [{"key": "person.name", "type": "text"}]}, "unknown-group", "fields[0].key"),
    ({"fields": [{"key": "company.employees", "type": "text"}]}, "built-in-type", "fields[0].type"),
    ({"fields": [{"key": "company.domain", "type": "choice"}]}, "built-in-type", "fields[0].type"),
    ({"fields": [{"key": "lead.q", "type": "text", "options": ["a"]}]}, "needless-options", "fields[0].options"),
    (
        {"fields": [{"key": "lead.q", "type": "choice", "options": ["a", "b", "Ａ"]}]},
        "duplicate-option",
        "fields[0].options[2]",
    ),
    ({"fields": [*FIELDS, FIELDS[0]]}, "duplicate-key", "fields[8].key"),
    ({"events": [{"key": "lead.exploded", "kind": "direct"}]}, "reserved-event", "events[0].key"),
    (
        {"events": [*EVENTS, {"key": "a.b", "kind": "direct", "aliases": ["x", "CONTENT downloaded"]}]},
        "duplicate-alias",
        "events[2].aliases[1]",
    ),
    ({"timezone": "Asia/Shangai"}, "unknown-timezone", "timezone"),
    ({"timezone": "../etc/passwd"}, "unknown-timezone", "timezone"),
    ({"calendar": {"hours": {"mon": ["9-12"]}}}, "bad-hours", "calendar.hours.mon[0]"),
    ({"calendar": {"hours": {"mon": ["09:00-12:00", "11:00-13:00"]}}}, "bad-hours", "calendar.hours.mon[1]"),
    ({"calendar": {"hours": {"mon": ["12:00-12:00"]}}}, "bad-hours", "calendar.hours.mon[0]"),
    ({"calendar": {"hours": {"mon": ["22:00-24:30"]}}}, "bad-hours", "calendar.hours.mon[0]"),
    ({"calendar": {"hours": {"mon": ["22:00-06:00", "23:00-24:00"]}}}, "bad-hours", "calendar.hours.mon[1]"),
    ({"calendar": {"days_off": ["2026/5/4"]}}, "bad-date", "calendar.days_off[0]"),
    ({"calendar": {"workdays": ["2026-05-09", "2026-02-30"]}}, "bad-date", "calendar.workdays[1]"),
]
REFERRED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"models": model(matrix={"default": {"action": "sdr", "assignment": "x"}})},
        "dangling-reference",
        "models[0].matrix.default.assignment",
    ),
    (
        {"models": model(matrix={"cells": {"A.hot": {"action": "sdr", "sla": ["x"]}}})},
        "dangling-reference",
        'models[0].matrix.cells["A.hot"].sla[0]',
    ),
    (
        {"assignment": [{"key": "a", "role": "sdr", "otherwise": {"policy": "b"}}]},
        "dangling-reference",
        "assignment[0].otherwise.policy",
    ),
    ({"assignment": [{"key": "a", "role": "sdr", "otherwise": {"policy": "a"}}]}, "cycle", "assignment[0]"),
    (
        {"assignment": [{"key": "a", "role": "sdr", "match": [{"rep": "languages", "field": "lead.lang"}]}]},
        "unknown-field",
        "assignment[0].match[0].field",
    ),
    (
        {"assignment": [{"key": "a", "role": "sdr", "match": [{"rep": "languages", "field": "company.size_x"}]}]},
        "wrong-type",
        "assignment[0].match[0].field",
    ),
    (
        {"strikes": [{"role": "sdr", "sla": ["c"], "consecutive": 2, "suspend": {"days": 1}}]},
        "dangling-reference",
        "strikes[0].sla[0]",
    ),
    ({"feedback": {"compensate": ["no_need"]}}, "dangling-reference", "feedback.compensate[0]"),
    (
        {"qualification": {"exclusions": [{"key": "e", "when": ALWAYS, "reason": "rival"}]}, "reasons": REASONS},
        "dangling-reference",
        "qualification.exclusions[0].reason",
    ),
    (
        {"qualification": {"mql": [{"key": "r", "checklist": "bant"}]}},
        "dangling-reference",
        "qualification.mql[0].checklist",
    ),
    (
        {"sla": clock(on_breach=[{"do": "disqualify", "reason": "rival"}]), "reasons": REASONS},
        "dangling-reference",
        "sla[0].on_breach[0].reason",
    ),
    ({"sla": clock(starts_on={"event": "deal.signed"})}, "unknown-event", "sla[0].starts_on.event"),
    ({"sla": clock(met_by=["lead.touched", "lead.toched"])}, "unknown-event", "sla[0].met_by[1]"),
    ({"sla": clock(broken_by=[{"event": "lead.toched"}])}, "unknown-event", "sla[0].broken_by[0].event"),
    (
        {"pool": {"protection": {"days": 10, "extend_on": ["lead.toched"]}}},
        "unknown-event",
        "pool.protection.extend_on[0]",
    ),
    (
        {
            "models": model(
                engagement={
                    "groups": [{"key": "g", "signals": [{"key": "s", "event": ["pricing.viewed", "x.y"], "points": 1}]}]
                }
            )
        },
        "unknown-event",
        f"{SIGNAL}.event[1]",
    ),
    ({"models": [*model(priority=1), *model()]}, "duplicate-key", "models[1].key"),
]
SCORED: list[tuple[dict[str, Any], str, str]] = [
    ({"models": model(when={"none": [ALWAYS]})}, "last-model", "models[0].when"),
    (
        {
            "models": [
                {"key": "a", "priority": 5, "when": {"field": "lead.city", "op": "known"}},
                {"key": "b", "priority": 1},
            ]
        },
        "last-model",
        "models[0].when",
    ),
    ({"models": model(fit={"min": 5, "max": 4})}, "bounds", "models[0].fit.min"),
    ({"models": model(fit={"groups": [{"key": "g", "min": 5, "max": 4}]})}, "bounds", "models[0].fit.groups[0].min"),
    ({"models": model(fit={"grades": {"A": 40, "C": 40}})}, "edges", "models[0].fit.grades.C"),
    ({"models": model(engagement={"min": 1})}, "bounds", "models[0].engagement.min"),
    ({"models": model(engagement={"max": -1})}, "bounds", "models[0].engagement.max"),
    (
        {"models": model(engagement={"groups": [{"key": "g", "max": -0.5}]})},
        "bounds",
        "models[0].engagement.groups[0].max",
    ),
    ({"models": model(engagement={"heats": {"frenzied": 10, "hot": 50}})}, "edges", "models[0].engagement.heats.hot"),
]
CLOCKED: list[tuple[dict[str, Any], str, str]] = [
    ({"sla": clock(clock="business", window={"days": 1})}, "business-days", "sla[0].window"),
    ({"sla": clock(on_breach=[{"do": "notify"}])}, "action", "sla[0].on_breach[0]"),
    ({"sla": clock(on_warn=[{"do": "strike", "to": "owner"}])}, "action", "sla[0].on_warn[0].to"),
    ({"sla": clock(on_held=[{"do": "credit", "to": "nobody"}])}, "recipient", "sla[0].on_held[0].to"),
    ({"sla": clock(then={"after_breaches": 3, "actions": [{"do": "tag"}]})}, "action", "sla[0].then.actions[0]"),
]
SAMPLED: list[tuple[dict[str, Any], str, str]] = [
    ({"tests": sample(facts={"lead.nothing": 1})}, "unknown-field", 'tests[0].facts["lead.nothing"]'),
    ({"tests": sample(facts={"score.fit": 1})}, "reserved-field", 'tests[0].facts["score.fit"]'),
    ({"tests": sample(now="tomorrow")}, "bad-date", "tests[0].now"),
    ({"tests": sample(now="2026-11-21")}, "bad-date", "tests[0].now"),
    ({"tests": sample(expect={"cell": "A.hott"})}, "bad-value", "tests[0].expect.cell"),
    ({"tests": sample(expect={"model": "n"})}, "dangling-reference", "tests[0].expect.model"),
    ({"tests": sample(expect={"route": "r"})}, "dangling-reference", "tests[0].expect.route"),
    ({"tests": sample(expect={"excluded": "e"})}, "dangling-reference", "tests[0].expect.excluded"),
    ({"tests": sample(expect={"flagged": ["f"]})}, "dangling-reference", "tests[0].expect.flagged"),
]


@pytest.mark.parametrize(("parts", "code", "place"), DECLARED + REFERRED + SCORED + CLOCKED + SAMPLED)
def test_a_part_that_does_not_fit_is_the_one_finding(parts: dict[str, Any], code: str, place: str) -> None:
    """R0.2 and R0.3: doubled keys, dangling references and cycles are errors."""
    assert codes(policy(**parts)) == [(code, place)]


SOUND: list[dict[str, Any]] = [
    {"calendar": {"hours": {"tue": ["09:00-12:00", "22:00-06:00"], "wed": ["22:00-00:00"]}}},
    {"fields": [{"key": "company.industry", "type": "choice", "options": ["SaaS"]}]},
    {"fields": [{"key": "company.employees", "type": "integer", "unit": "people"}]},
    {
        "calendar": {
            "country": "CN",
            "hours": {"mon": ["09:00-12:00", "12:00-24:00"]},
            "days_off": ["2026-05-04"],
        }
    },
    {
        "models": model(
            fit={"min": 0, "max": 0, "grades": {"A": 60, "B": 40, "C": 20}}, engagement={"min": -5, "max": 5}
        )
    },
    {"models": [{"key": "a", "when": {"field": "lead.city", "op": "known"}}, {"key": "b"}]},
    {"assignment": [{"key": "a", "role": "sdr", "otherwise": {"policy": "b"}}, {"key": "b", "role": "sdr"}]},
    {"assignment": [{"key": "a", "role": "sales", "match": [{"rep": "territories", "field": "lead.region"}]}]},
    {
        "sla": clock(
            on_breach=[{"do": "notify", "to": "boss@example.com"}, {"do": "disqualify", "reason": "competitor"}]
        ),
        "reasons": REASONS,
    },
    {
        "sla": clock(
            on_breach=[{"do": "recycle", "reason": "any"}, {"do": "recycle"}], starts_on={"event": "lead.accepted"}
        )
    },
    {"strikes": [{"role": "sdr", "sla": ["c"], "consecutive": 2, "suspend": {"days": 1}}], "sla": clock()},
    {"pool": {}},
    {"pool": {"protection": {"days": 10, "extend_on": ["lead.touched"]}}},
    {"feedback": {"compensate": ["no_need"]}, "reasons": REASONS},
    {
        "qualification": {"exclusions": [{"key": "e", "when": ALWAYS}], "red_flags": [{"key": "f", "when": ALWAYS}]},
        "tests": sample(
            facts={"lead.city": "x"},
            now="2026-11-21T10:00:00Z",
            expect={"cell": "A.hot", "model": "m", "route": "cell", "excluded": "e", "flagged": ["f"]},
        ),
    },
]


@pytest.mark.parametrize("parts", SOUND)
def test_a_sound_part_gives_no_finding(parts: dict[str, Any]) -> None:
    assert codes(policy(**parts)) == []


@pytest.mark.parametrize(
    ("decay", "places"),
    [
        ({"curve": "none"}, []),
        ({"curve": "linear", "percent": 10, "period": {"days": 7}, "floor": 1}, []),
        ({"curve": "half_life", "days": 30}, []),
        ({"curve": "step", "steps": [{"after_days": 0, "percent": 0}]}, []),
        ({"curve": "linear"}, ["decay", "decay"]),
        ({"curve": "half_life", "percent": 10}, ["decay", "decay.percent"]),
        ({"curve": "expire", "days": 7, "period": {"days": 1}}, ["decay.period"]),
        ({"curve": "none", "steps": [{"after_days": 1, "percent": 0}]}, ["decay.steps"]),
        (
            {"curve": "step", "steps": [{"after_days": 1, "percent": 9}, {"after_days": 1, "percent": 5}]},
            ["decay.steps[1]"],
        ),
    ],
)
def test_a_curve_has_exactly_its_own_parameters(decay: dict[str, Any], places: list[str]) -> None:
    assert codes(with_signal({"decay": decay})) == [("decay", f"{SIGNAL}.{place}") for place in places]


def test_every_curve_and_every_action_has_a_row_in_its_table() -> None:
    assert set(DECAYS) == set(Decay.model_fields["curve"].annotation.__args__)  # type: ignore[union-attr]
    assert set(ACTIONS) == set(Action.model_fields["do"].annotation.__args__)  # type: ignore[union-attr]


def test_every_list_with_keys_is_watched_for_doubles() -> None:
    double = [{"key": "x", "when": ALWAYS}] * 2
    lists: dict[str, Any] = {"exclusions": double, "red_flags": double, "mql": double}
    lists["checklists"] = [{"key": "c", "items": double, "require": {"fraction": "2/3"}}]
    reasons = {name: [{"key": "k"}] * 2 for name in ("reject", "release", "disqualify", "withdraw", "lost")}
    groups = [{"key": "g"}] * 2
    rules = [{"key": "h", "rules": [{"key": "r", "when": ALWAYS, "points": 1}] * 2}]
    signals = [{"key": "h", "signals": [{"key": "s", "event": "pricing.viewed", "points": 1}] * 2}]
    models = model(fit={"groups": groups + rules}, engagement={"groups": groups + signals})
    raw = policy(qualification=lists, reasons=reasons, models=models, segments=double, sla=clock() * 2)
    places = {place for code, place in codes(raw) if code == "duplicate-key"}
    assert places == {
        "segments[1].key",
        "sla[1].key",
        "qualification.exclusions[1].key",
        "qualification.red_flags[1].key",
        "qualification.mql[1].key",
        "qualification.checklists[0].items[1].key",
        *(f"reasons.{name}[1].key" for name in reasons),
        "models[0].fit.groups[1].key",
        "models[0].fit.groups[2].rules[1].key",
        "models[0].engagement.groups[1].key",
        "models[0].engagement.groups[2].signals[1].key",
    }


def test_a_route_without_condition_holds_for_all() -> None:
    assert codes(policy(qualification={"mql": [{"key": "r", "cells": ["A.hot"]}]})) == []
    assert codes(with_route(ALWAYS)) == []


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_starter_lints_clean_and_is_labelled_in_three_languages(name: str) -> None:
    report = lint(starters.load(name))
    assert report.findings == ()
    waiting: list[Any] = [load(starters.text(name))]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict) and "key" in part and not {"starts_on", "require"} & part.keys():
            assert (
                part.get("label", {}).keys() == {"en", "zh_Hans", "zh_Hant"} or "priority" in part or "cells" in part
            ), part
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []


def test_a_starter_nobody_wrote_is_named_as_such() -> None:
    with pytest.raises(KeyError, match="choose one of growth_smb"):
        starters.load("../secrets")
