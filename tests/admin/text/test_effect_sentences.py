"""Every side effect of a decision has a sentence."""

import typing

from flask import Flask

from admin.text.effect_sentences import EFFECTS, RECORDS, follows, strike
from engine.core.explain import effect_body
from engine.core.notify.effects import RECORD_KINDS, Effect, Notice, Record, Strike, Tag
from engine.settings import Settings
from tests.admin.api_client import NOW
from tests.admin.application import application

LI = "li@example.com"
STRIKES = [
    {"person": LI, "count": 1, "of": 2, "suspended_until": None},
    {"person": LI, "count": 2, "of": 2, "suspended_until": "2026-12-31T00:00:00Z"},
]


def test_every_kind_of_record_and_every_effect_has_its_words() -> None:
    assert tuple(RECORDS) == RECORD_KINDS
    assert len(typing.get_args(Effect)) == len(EFFECTS) + 1  # met clocks reset misses: that is not stored


def test_what_follows_is_told_in_the_order_in_which_it_happens(settings: Settings) -> None:
    app: Flask = application(settings)
    effects: list[Effect] = [
        Record("missed", LI, NOW, "first_touch"),
        Strike(LI, "first_touch", NOW),
        Notice("sla_breached", "manager", LI, "c"),
        Notice("assigned", "wang@example.com", None, "d"),
        Record("credit", LI, NOW),
        Tag("late"),
    ]
    body = {
        "actions": [{"do": "strike"}, {"do": "reassign"}],
        "protected_until": "2026-12-01T00:00:00Z",
        "effects": [
            *map(effect_body, effects),
            {"does": "compensate", "person": LI, "policy": "all"},
            {"does": "sing"},
        ],
    }
    with app.test_request_context():
        told = follows(body)
        missed, suspended = map(strike, STRIKES)
        assert follows({}) == []
    assert told[0] == "the clock does: strike, reassign"
    assert told[1].startswith("the owner may keep the lead until Dec 1, 2026")
    assert told[2:9] == [
        f"on record: {LI} missed a clock (first_touch)",
        f"the miss of clock first_touch counts for {LI}",
        "the manager is told: Clock missed",
        "wang@example.com is told: Lead assigned",
        f"on record: {LI} receives credit",
        "the lead is tagged late",
        f"{LI} gets the turn in policy all back",
    ]
    assert told[9:] == ["sing"]
    assert missed == f"strike 1 of 2 in a row for {LI}"
    assert suspended.startswith(f"{LI} receives no leads until Dec 31, 2026")
