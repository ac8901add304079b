"""Monthly lists in the roster of a database, and managers who are asked for the next one (R5.9)."""

from datetime import UTC, datetime

import pytest

from engine.store.outbox.notices import read_notices
from engine.store.roster.eligibility import preview_list, save_list, warn_of_missing_lists
from engine.store.roster.roster import RosterRefused, export_roster, import_roster
from rulesets.roster.eligibility import Named, eligible
from rulesets.roster.roster import FORMAT
from tests.factories import column, policy_document, put_in_force

LI, ZHAO, WANG = "li@example.com", "zhao@example.com", "wang@example.com"
EVE = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
"""The 25th has begun in Shanghai, not in UTC."""


@pytest.fixture(autouse=True)
def _staff(database: str) -> None:
    people = [{"email": LI, "role": "sales"}, {"email": ZHAO, "role": "sales"}, {"email": WANG, "role": "manager"}]
    import_roster({"format": FORMAT, "people": people}, by=WANG)


def named(*emails: str) -> list[Named]:
    return [Named((f"line {line}",), email) for line, email in enumerate(emails, 1)]


def test_a_list_is_previewed_put_in_and_audited() -> None:
    assert preview_list("sales", "2026-12", named(LI)).added == (LI,)
    assert eligible(export_roster(), "sales", "2026-12") == []
    save_list("sales", "2026-12", named(LI), WANG)
    listed = save_list("sales", "2026-12", named(ZHAO), WANG)
    assert (listed.added, listed.removed) == ((ZHAO,), (LI,))
    assert eligible(export_roster(), "sales", "2026-12") == [ZHAO]
    assert column("SELECT subject FROM audit_entry WHERE actor = %s ORDER BY id DESC LIMIT 2", WANG) == [
        f"person/{ZHAO}", f"person/{LI}",
    ]  # fmt: skip


def test_a_list_with_a_stranger_changes_nothing() -> None:
    with pytest.raises(RosterRefused, match=r"line 2.*there is no person"):
        save_list("sales", "2026-12", named(LI, "nobody@example.com"), WANG)
    assert eligible(export_roster(), "sales", "2026-12") == []


def test_managers_are_asked_once_a_day_from_the_25th_of_the_policy_zone() -> None:
    assert warn_of_missing_lists(EVE) == 0
    save_list("sales", "2026-11", named(LI), WANG)
    assert warn_of_missing_lists(EVE) == 0
    put_in_force(policy_document())
    assert [warn_of_missing_lists(EVE), warn_of_missing_lists(EVE.replace(minute=59))] == [1, 1]
    (notice,) = read_notices(WANG)
    assert (notice.kind, notice.details) == ("eligibility_missing", {"role": "sales", "month": "2026-12"})
    warn_of_missing_lists(EVE.replace(day=25))
    assert len(read_notices(WANG)) == 2
    save_list("sales", "2026-12", named(LI), WANG)
    assert warn_of_missing_lists(EVE.replace(day=26)) == 0
