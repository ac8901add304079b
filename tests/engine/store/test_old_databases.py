"""Databases of earlier code: restored, migrated, and used by the code of today.

The dumps are written by `tests.databases.write`, each by the code of its time.
"""

import gzip
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from psycopg import sql
from sqlalchemy.engine import make_url

from admin.lead_data.lead_json import decision_json
from admin.publishing import publish_draft
from admin.text.explaining import explained, shown_now
from admin.text.language import LANGUAGES, bare_app
from engine.settings import Settings
from engine.store import session
from engine.store.access.accounts import find_account
from engine.store.access.audit import recent_entries
from engine.store.access.keys import list_keys
from engine.store.policy.drafts import load_draft
from engine.store.policy.versions import list_versions
from engine.store.read.leads import read_decisions, read_lead, read_timeline
from engine.store.schema.migrate import differences, upgrade
from engine.store.schema.revisions import is_current
from engine.verification.verify import verify
from tests.databases.write import MARKETING, PASSWORD, postgres_program
from tests.factories import HandClock, column, decide_all, event, rows, take_in
from workers.servers.embedded import database_url

DUMPS = sorted((Path(__file__).parents[2] / "databases").glob("*.sql.gz"))
NAME = "old_database"
LATER = datetime(2036, 12, 1, 2, 0, tzinfo=UTC)
"""After everything that the dumps tell."""


@pytest.fixture(params=DUMPS, ids=[dump.name.removesuffix(".sql.gz") for dump in DUMPS])
def old_database(request: pytest.FixtureRequest, servers: Settings) -> Iterator[str]:
    """URL of a restored and migrated database; `engine.store.session` is told of it."""
    home = make_url(database_url(servers))
    url = home.set(database=NAME).render_as_string(hide_password=False)
    with session.connect(database_url(servers), autocommit=True) as administrator:
        administrator.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
        try:
            restore(request.param, url)
            upgrade(url)
            session.init_store(url)
            yield url
        finally:
            session.close_store()
            administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(NAME)))


def restore(dump: Path, url: str) -> None:
    """Run the dump's statements with the psql of the wheel, all or nothing."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--dbname", address]
    statements = gzip.decompress(dump.read_bytes())
    subprocess.run([postgres_program("psql"), *options], input=statements, check=True, capture_output=True)


def test_there_is_a_dump_to_open() -> None:
    assert DUMPS


def test_an_old_database_becomes_one_of_today_whose_record_holds(old_database: str) -> None:
    assert is_current()
    with session.transaction() as connection:
        assert differences(connection) == []
    found = verify()
    assert found.decisions == column("SELECT count(*) FROM decision")[0] > 500
    assert found.differences == ()


def test_every_lead_of_an_old_database_is_read_with_its_decisions_and_explained(old_database: str) -> None:
    leads = column("SELECT id FROM lead WHERE merged_into IS NULL AND version > 0")
    stages = set()
    with bare_app().test_request_context():
        for number in leads:
            record = read_lead(number)
            stages.add(record.row["stage"])
            assert [decision_json(row) for row in read_decisions(number, after=0, limit=100)]
            assert read_timeline(number, after=0, limit=100)
            lead, ledger = shown_now(record, LATER)
            assert all(explained(lead, ledger, lang) for lang in LANGUAGES)
    assert stages >= {"nurture", "ready", "mql", "sql"}


def test_a_new_event_is_decided_on_an_old_lead(old_database: str) -> None:
    ((lead, name),) = rows(
        "SELECT id, value FROM lead JOIN identity ON lead_id = lead.id AND kind = 'external_id' "
        "WHERE stage = 'nurture' ORDER BY id LIMIT 1"
    )
    before = column("SELECT count(*) FROM decision WHERE lead_id = %s", lead)[0]
    take_in(event("demo.requested", external_id=name, id="later", at=LATER), now=LATER)
    assert decide_all(HandClock(LATER)) == 2  # the new one, and the one that the dump left waiting
    assert column("SELECT count(*) FROM decision WHERE lead_id = %s", lead)[0] == before + 1
    decided = (
        "SELECT policy_number, decided_at, cell IS NOT NULL FROM decision WHERE lead_id = %s ORDER BY id DESC LIMIT 1"
    )
    assert rows(decided, lead) == [(column("SELECT number FROM active_policy")[0], LATER, True)]
    assert verify().differences == ()


def test_an_old_draft_loads_and_becomes_the_next_version(old_database: str) -> None:
    draft, versions = load_draft(), list_versions()
    assert (draft.author, draft.base) == (MARKETING, versions[0]["number"])
    assert [len(version["signatures"]) for version in versions] == [2, 2]
    assert publish_draft(MARKETING, "a dump is opened", LATER, signoff="none").number == versions[0]["number"] + 1


def test_who_could_sign_in_before_still_can_and_the_log_is_there(old_database: str) -> None:
    account = find_account(email=MARKETING)
    assert account is not None
    assert PasswordHasher().verify(account.password, PASSWORD)
    assert account.roles == ("marketing",)
    assert {key.name for key in list_keys()} == {"website", "crm"}
    assert {entry.action for entry in recent_entries()} >= {"policy.published", "draft.signed", "roster.changed"}
