"""Every refusal of the decision core has a sentence and is documented; every documented refusal can happen."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from admin.clicks import ACTIONS
from admin.text import terms
from admin.text.effect_sentences import EFFECTS, RECORDS
from admin.text.refusals import REFUSALS, refusal_shown, says, sentence
from engine.core.assignment import pool
from engine.core.assignment.assignment import CONFLICT, CandidateReason
from engine.core.lead.model import Stage
from engine.core.lead.people import ClaimStanding, People
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState, PassedOver
from engine.core.qualification import stages
from engine.core.qualification.stages import move
from tests.engine.core.decided_leads import ANN, BOB, HEAD, SAM, SUE, rules
from tests.engine.core.qualification.test_stages import PEOPLE
from tests.engine.core.scored_leads import NOW, event

PAGE = Path(__file__).parents[2] / "docs" / "pool.md"


def codes(module: object) -> Iterator[str]:
    """The codes that calls of Refusal name."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):  # type: ignore[arg-type] # a module
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
            yield from (str(part.value) for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant))


def test_the_table_has_every_code_of_the_core_and_no_other() -> None:
    assert {*codes(stages), *codes(pool)} == set(REFUSALS)


def documented(heading: str) -> list[str]:
    """The codes in the tables of a part of the page."""
    part = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


def test_every_code_is_documented() -> None:
    assert documented("Refusals") == list(REFUSALS)


def test_every_action_and_everything_that_follows_is_documented() -> None:
    assert documented("Work") == list(ACTIONS)
    assert documented("What follows from a decision") == [*EFFECTS, *RECORDS]


def test_every_action_every_warning_and_every_reason_of_the_pool_has_its_words() -> None:
    assert set(terms.WORK) == set(ACTIONS)
    assert set(terms.WARNINGS) == {*(reason.value for reason in CandidateReason), CONFLICT}
    text = PAGE.read_text()
    assert [reason for reason in terms.POOL_REASONS if f"`{reason}`" not in text] == []


# ------------------------------------------------------------------------------------------------ sentences
POOL = rules(
    pool={"claim": {"per_day": 2, "holding": 5, "cooldown": {"days": 7}}}, reasons={"reject": [{"key": "no_need"}]}
)
BUSY = replace(PEOPLE, standings={ANN: ClaimStanding(claimed_today=2), BOB: ClaimStanding(holding=5)})
SUSPENDED = replace(PEOPLE, standings={ANN: ClaimStanding(suspended=True)})
MINE = LeadState(stage=Stage.READY, owner=ANN, sdr=ANN)
FREE = LeadState(stage=Stage.READY, pool_since=NOW)
PARTED = replace(FREE, former_owners=(PassedOver(ANN, "released", NOW),))

Case = tuple[str, LeadState, str | None, dict[str, Any], People, str]
CASES: list[Case] = [
    ("lead.accepted", MINE, ANN, {}, PEOPLE,
     "This needs a lead at one of these stages: MQL. This lead's stage is: Ready for an SDR."),
    ("lead.touched", MINE.erased(NOW), ANN, {}, PEOPLE,
     "The person's data were erased; nothing can be done with this lead."),
    ("lead.claimed", FREE, None, {}, PEOPLE, "Only a person may do this."),
    ("lead.claimed", replace(FREE, visitor=True), ANN, {}, PEOPLE,
     "Nothing but an identifier that several people share names this lead."),
    ("lead.recycled", FREE, HEAD, {}, PEOPLE, "The lead has no owner."),
    ("lead.released", MINE, SAM, {}, PEOPLE, f"The lead belongs to {ANN}. Only its owner or a manager may do this."),
    ("lead.released", FREE, SAM, {}, PEOPLE, "Only the lead's owner or a manager may do this."),
    ("lead.touched", MINE, SAM, {}, PEOPLE,
     f"The lead belongs to {ANN}. Only people who have it in hand or a manager may do this."),
    ("lead.touched", FREE, SAM, {}, PEOPLE, "Only people who have the lead in hand or a manager may do this."),
    ("lead.rejected", replace(MINE, stage=Stage.MQL), ANN, {}, PEOPLE, "A reason is needed, one of: no_need."),
    ("lead.disqualified", MINE, ANN, {}, PEOPLE, "A reason is needed."),
    ("lead.rejected", replace(MINE, stage=Stage.MQL), ANN, {"reason": "mood"}, PEOPLE,
     "The policy does not know the reason mood. It knows: no_need."),
    ("lead.assigned", MINE, ANN, {}, PEOPLE, "It is not said who gets the lead."),
    ("lead.assigned", MINE, ANN, {"to": "x@y.z"}, PEOPLE, "x@y.z is not in the roster."),
    ("lead.assigned", MINE, ANN, {"to": SUE}, PEOPLE, f"{SUE} is not active in the roster."),
    ("lead.assigned", MINE, ANN, {"to": ANN}, PEOPLE, f"{ANN} owns the lead already."),
    ("lead.dispatched", MINE, ANN, {"to": SAM}, PEOPLE, f"{SAM} is in no team that {ANN} heads."),
    ("lead.claimed", MINE, BOB, {}, PEOPLE, "Only leads of the public pool can be claimed."),
    ("lead.claimed", FREE, SAM, {}, PEOPLE, "Leads at stage “Ready for an SDR” are claimed by people of role SDR."),
    ("lead.claimed", FREE, ANN, {}, replace(PEOPLE, active=frozenset()),
     f"{ANN} is not active in the roster and cannot claim leads."),
    ("lead.claimed", FREE, ANN, {}, SUSPENDED, f"{ANN} is suspended and receives no leads."),
    ("lead.claimed", PARTED, ANN, {}, PEOPLE,
     f"{ANN} had this lead and may claim it again from 11/27/26, 9:30\u202fAM."),
    ("lead.claimed", FREE, ANN, {}, BUSY, "The claims of today are used up. Allowed a day: 2."),
    ("lead.claimed", FREE, BOB, {}, BUSY, "No more leads may be held. Allowed at once: 5."),
]  # fmt: skip


def refusal_of(case: Case) -> Refusal:
    type_, state, actor, said, people, _ = case
    refusal = move(state, replace(event(type_, properties=said), actor=actor), POOL, people)
    assert isinstance(refusal, Refusal)
    return refusal


@pytest.fixture
def texts() -> Iterator[None]:
    app = Flask("admin", root_path=str(PAGE.parent.parent / "admin"))
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"{app.root_path}/translations"
    Babel(app, default_timezone="UTC")
    with app.app_context():
        yield


def test_every_code_of_the_table_is_told_here() -> None:
    assert {refusal_of(case).code for case in CASES} == set(REFUSALS)


@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{refusal_of(case).code}-{case[0]}")
def test_a_refusal_is_told_with_its_values_in_the_reader_s_language(case: Case) -> None:
    refusal = refusal_of(case)
    stored = json.loads(json.dumps({"code": refusal.code, "values": refusal.values}))
    assert says(stored) == case[-1]
    for language in ("zh_Hans_CN", "zh_Hant_TW"):
        with force_locale(language):
            assert not re.search(r"%\(", says(stored))
            assert says(stored) != case[-1]
            named = [value for name, value in stored["values"].items() if name in {"person", "reason", "limit"}]
            assert [value for value in named if str(value) not in says(stored)] == []


@pytest.mark.usefixtures("texts")
@pytest.mark.parametrize("code", REFUSALS)
def test_a_decision_that_kept_a_message_in_place_of_values_is_told_without_them(code: str) -> None:
    old = {"code": code, "message": "wang@example.com may not"}
    assert says(old) == REFUSALS[code].says
    assert sentence(old) == f"{REFUSALS[code].says} {REFUSALS[code].mend}"
    assert refusal_shown(old) == old


@pytest.mark.usefixtures("texts")
def test_the_api_shows_a_message_in_english_whatever_the_language() -> None:
    with force_locale("zh_Hans_CN"):
        assert refusal_shown({"code": "holding", "values": {"limit": 5}}) == {
            "code": "holding",
            "values": {"limit": 5},
            "message": "No more leads may be held. Allowed at once: 5.",
        }


@pytest.mark.usefixtures("texts")
def test_a_code_of_a_later_version_is_told_with_its_own_message_or_as_it_is() -> None:
    assert sentence({"code": "brand_new", "message": "the moon is full"}) == "the moon is full"
    assert sentence({"code": "brand_new", "values": {}}) == "brand_new"
