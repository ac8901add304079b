"""The draft as rows: the digest survives both ways, conflicts are reported, no edit is lost silently."""

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from engine.errors import PolicyRefused
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.policy.draft_rows import join, split
from engine.store.policy.drafts import (
    DraftConflict,
    add_part,
    edit_part,
    load_draft,
    move_part,
    remove_part,
    save_draft,
)
from engine.store.schema.draft_tables import Draft, DraftCell, DraftClock, DraftEntry, DraftGroup, DraftRule
from rulesets import starters
from rulesets.document import document as documents
from tests.admin.documents import SMB

LI, WANG = "li@example.com", "wang@example.com"
RULE = "smb/fit/size/s50"
points = st.decimals(min_value=-(10**6), max_value=10**6, places=2).map(float)
keys = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)


def digest_of(document: Any) -> str:
    result = documents.parse(document)
    assert result.policy is not None, result.findings
    return documents.digest(result.policy)


def versions(path: str = RULE) -> int:
    with unit_of_work() as session:
        return session.get_one(DraftRule, path).version


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Documents that use every part the rows know, and parts they do not."""
    document = copy.deepcopy(SMB)
    model = document["models"][0]
    rules = draw(st.lists(keys, unique=True, max_size=5))
    model["fit"]["groups"][0]["rules"] = [
        {"key": key, "when": {"all": []}, "points": draw(points), "enabled": draw(st.booleans())} for key in rules
    ]
    for bound in draw(st.sets(st.sampled_from(["start", "min", "max"]))):
        model["fit"][bound] = draw(points)
    model["fit"]["grades"] = {grade: draw(points) for grade in draw(st.sets(st.sampled_from("ABC")))}
    model["when"] = draw(st.sampled_from([{"all": []}, {"field": "company.employees", "op": "known"}]))
    document["models"] += [
        {"key": key} for key in draw(st.lists(keys.filter(lambda k: k != "smb"), unique=True, max_size=3))
    ]
    window = document["sla"][0]["window"] = {
        draw(st.sampled_from(["seconds", "minutes", "hours", "days"])): draw(st.sampled_from([1, 2.5, 0.125]))
    }
    assert window
    return document


@given(policies())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_rows_of_a_document_join_to_the_same_digest(document: dict[str, Any]) -> None:
    policy = documents.parse(document).policy
    assert policy is not None
    assert digest_of(join(*split(documents.plain(policy)))) == documents.digest(policy)


def test_a_saved_document_comes_back_with_its_digest(database: str) -> None:
    revision = save_draft(SMB, None, LI)
    state = load_draft()
    assert (state.digest, state.revision, state.author, state.authors) == (digest_of(SMB), revision, LI, (LI,))


def test_saving_the_same_document_again_changes_nothing(database: str) -> None:
    revision = save_draft(SMB, None, LI)
    assert save_draft(load_draft().document, revision, WANG) == revision
    assert load_draft().authors == (LI,)


def test_a_document_against_an_old_revision_is_refused(database: str) -> None:
    save_draft(SMB, None, LI)
    with pytest.raises(DraftConflict, match=r"changed by li@example\.com meanwhile"):
        save_draft({**SMB, "name": "Other"}, 0, WANG)
    assert load_draft().document["name"] == "SaaS inbound"


def test_a_document_that_is_no_policy_is_refused_with_its_places(database: str) -> None:
    with pytest.raises(PolicyRefused, match="timezone"):
        save_draft({"format": "baton.policy/1", "name": "x", "models": [{"key": "a"}]}, None, LI)


def test_an_edited_row_moves_the_digest_and_names_its_author(database: str) -> None:
    save_draft(SMB, None, LI)
    before = load_draft()
    edit_part(DraftRule, RULE, versions(), {"points": Decimal(35)}, WANG)
    state = load_draft()
    assert state.document["models"][0]["fit"]["groups"][0]["rules"][0]["points"] == 35
    assert (state.digest != before.digest, state.authors) == (True, (LI, WANG))
    entry = audit.recent_entries(1)[0]
    assert (entry.actor, entry.before, entry.after) == (WANG, {"points": "30.00"}, {"points": "35"})


def test_the_second_editor_of_a_row_is_told_both_values(database: str) -> None:
    save_draft(SMB, None, LI)
    opened = versions()
    edit_part(DraftRule, RULE, opened, {"points": Decimal(35)}, LI)
    with pytest.raises(DraftConflict) as conflict:
        edit_part(DraftRule, RULE, opened, {"points": Decimal(20), "enabled": True}, WANG)
    assert (conflict.value.by, conflict.value.theirs, conflict.value.yours) == (LI, {"points": 35}, {"points": 20})
    assert load_draft().document["models"][0]["fit"]["groups"][0]["rules"][0]["points"] == 35


def test_saving_a_row_as_it_is_writes_nothing(database: str) -> None:
    save_draft(SMB, None, LI)
    before = load_draft().revision
    edit_part(DraftRule, RULE, versions(), {"points": Decimal(30)}, WANG)
    assert load_draft().revision == before


def test_an_import_leaves_the_versions_of_unchanged_rows_alone(database: str) -> None:
    save_draft(SMB, None, LI)
    opened = versions()
    changed = copy.deepcopy(SMB)
    changed["models"][0]["fit"]["groups"][0]["rules"][1]["points"] = -20
    save_draft(changed, None, WANG)
    assert versions() == opened
    assert versions("smb/fit/size/s5000") > opened


def test_a_row_that_makes_no_policy_is_refused_and_not_kept(database: str) -> None:
    save_draft(SMB, None, LI)
    rule = DraftRule(path="smb/fit/size/bad", parent="smb/fit/size", key="bad", when={"any": []}, points=Decimal(1))
    with pytest.raises(PolicyRefused):
        add_part(rule, LI)
    assert load_draft().digest == digest_of(SMB)


def test_a_row_is_added_behind_its_siblings_and_removed_again(database: str) -> None:
    save_draft(SMB, None, LI)
    add_part(DraftRule(path="smb/fit/size/n", parent="smb/fit/size", key="n", when={"all": []}, points=Decimal(1)), LI)
    assert [r["key"] for r in load_draft().document["models"][0]["fit"]["groups"][0]["rules"]] == ["s50", "s5000", "n"]
    remove_part(DraftRule, "smb/fit/size/n", LI)
    assert load_draft().digest == digest_of(SMB)


def test_removing_a_group_removes_what_is_in_it(database: str) -> None:
    save_draft(SMB, None, LI)
    remove_part(DraftGroup, "smb/fit/size", LI)
    assert "groups" not in load_draft().document["models"][0]["fit"]


def test_a_window_and_a_cell_are_rows_too(database: str) -> None:
    save_draft(SMB, None, LI)
    revision = load_draft().revision
    edit_part(DraftClock, "first_touch", revision, {"window_amount": Decimal(2), "window_unit": "hours"}, LI)
    edit_part(DraftCell, "smb/matrix/A/hot", revision, {"action": "sales"}, LI)
    document = load_draft().document
    assert document["sla"][0]["window"] == {"hours": 2}
    assert document["models"][0]["matrix"]["cells"]["A.hot"]["action"] == "sales"


def test_without_a_version_the_draft_begins_with_the_starter(database: str) -> None:
    state = load_draft()
    assert (state.revision, state.authors, state.base) == (0, (), None)
    assert state.digest == digest_of(starters.load("growth_smb"))


@pytest.mark.parametrize("name", starters.NAMES)
def test_a_starter_in_rows_is_the_same_policy(name: str) -> None:
    plain = documents.plain(documents.parse(starters.load(name)).policy)  # type: ignore[arg-type]
    rest, parts = split(plain)
    assert (digest_of(join(rest, parts)), rest) == (digest_of(plain), {"format": "baton.policy/1"})


def test_a_draft_laid_down_in_fewer_rows_is_laid_down_anew(database: str) -> None:
    save_draft(SMB, None, LI)
    before = load_draft()
    with unit_of_work() as session:
        rest = {name: value for name, value in before.document.items() if name not in {"models", "sla"}}
        session.get_one(Draft, 1).rest = rest
        for entry in session.exec(select(DraftEntry)):
            session.delete(entry)
    assert load_draft() == before
    with unit_of_work() as session:
        assert session.get_one(Draft, 1).rest == {"format": "baton.policy/1"}


def test_a_key_that_is_there_twice_is_refused_and_nothing_lost(database: str) -> None:
    row = {"key": "big", "when": {"all": []}}
    with pytest.raises(PolicyRefused, match="segments:big"):
        save_draft({**SMB, "segments": [row, row]}, None, LI)


def test_rows_are_moved_up_and_down_and_stay_at_the_ends(database: str) -> None:
    save_draft({**SMB, "segments": [{"key": key, "when": {"all": []}} for key in "abc"]}, None, LI)

    def order() -> str:
        return "".join(row["key"] for row in load_draft().document["segments"])

    for key, steps, expected in (("c", -1, "acb"), ("c", -1, "cab"), ("c", -1, "cab"), ("c", 9, "abc")):
        move_part(DraftEntry, f"segments:{key}", steps, LI)
        assert order() == expected


def test_a_default_that_is_written_out_is_no_change(database: str) -> None:
    save_draft({**SMB, "feedback": {"on_reject": "pool"}}, None, LI)
    before = load_draft()
    edit_part(DraftEntry, "settings:feedback", before.revision, {"body": {"on_reject": "pool", "compensate": []}}, WANG)
    assert load_draft() == before


def test_rows_of_any_list_are_changed_added_and_removed(database: str) -> None:
    save_draft(SMB, None, LI)
    entry = DraftEntry(path="segments:big", parent="segments", key="big", body={"when": {"all": []}})
    version = add_part(entry, LI)
    edit_part(DraftEntry, "segments:big", version, {"body": {"when": {"all": []}, "label": "Big"}}, WANG)
    assert load_draft().document["segments"] == [{"key": "big", "label": "Big", "when": {"all": []}}]
    with pytest.raises(DraftConflict) as conflict:
        edit_part(DraftEntry, "segments:big", version, {"body": {"when": {"all": []}, "label": "B"}}, LI)
    assert (conflict.value.theirs, conflict.value.yours) == ({"label": "Big"}, {"label": "B"})
    remove_part(DraftEntry, "segments:big", LI)
    assert load_draft().digest == digest_of(SMB)
