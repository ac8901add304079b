"""An action and its line in the audit log are one transaction: both exist, or neither."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import DBAPIError

from engine.policy import activation
from engine.policy.publish import Request, publish
from engine.store.access.audit import recent_entries
from engine.store.inbox.inbox import run_again
from engine.store.inbox.waiting import set_aside
from engine.store.lock_keys import LockKey, lock
from engine.store.policy.drafts import edit_part, load_draft
from engine.store.policy.plans import read_plan
from engine.store.policy.versions import active_number, list_versions
from engine.store.schema.draft_tables import DraftPart, DraftRule
from engine.store.session import raw, session_lock_connection, transaction
from tests.factories import NOW, await_locked_out, column, event, policy_document, put_in_force, rows, take_in

pytestmark = pytest.mark.usefixtures("database")
BY = "marketing@example.com"
LIMIT = 30


def request(name: str = "Small", *, signoff: str = "none", bypass: bool = False) -> Request:
    return Request(document=policy_document(name=name), by=BY, reason="first", signoff=signoff, bypass=bypass)


@contextmanager
def no_line_can_be_written() -> Iterator[None]:
    """The audit log takes nothing: the deed's transaction fails after the deed."""
    change("ALTER TABLE audit_entry ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    try:
        yield
    finally:
        change("ALTER TABLE audit_entry DROP CONSTRAINT full_up")


def change(statement: str) -> None:
    with session_lock_connection() as connection:
        connection.execute(statement.encode())


def published() -> list[tuple[str, str]]:
    return [(e.action, e.subject) for e in recent_entries() if e.action.startswith("policy.published")]


def test_two_who_publish_the_same_at_once_leave_one_version_and_one_line() -> None:
    with ThreadPoolExecutor(2) as publishers:
        with transaction() as connection:
            lock(raw(connection), LockKey.PUBLISH)
            both = [publishers.submit(publish, request(), NOW) for _ in range(2)]
            await_locked_out(2)
        done = [one.result(LIMIT) for one in both]
    assert sorted((one.number, one.written) for one in done) == [(1, False), (1, True)]
    assert published() == [("policy.published", "policy/1")]


def test_two_who_publish_different_policies_at_once_leave_a_line_each() -> None:
    with ThreadPoolExecutor(2) as publishers:
        with transaction() as connection:
            lock(raw(connection), LockKey.PUBLISH)
            both = [publishers.submit(publish, request(name), NOW) for name in ("One", "Other")]
            await_locked_out(2)
        assert all(one.result(LIMIT).written for one in both)
    digests = {f"policy/{version['number']}": version["digest"] for version in list_versions()}
    assert {e.subject: (e.after or {})["digest"] for e in recent_entries()} == digests
    assert len(digests) == 2


def test_a_publication_whose_line_cannot_be_written_did_not_happen() -> None:
    load_draft()
    base = load_draft().base
    with no_line_can_be_written(), pytest.raises(DBAPIError):
        publish(request(signoff="both", bypass=True), NOW)
    assert (active_number(), list_versions(), load_draft().base) == (None, [], base)
    publish(request(signoff="both", bypass=True), NOW)
    assert published() == [("policy.published_without_signatures", "policy/1")]


def test_a_planned_publication_is_told_once_however_often_its_process_dies() -> None:
    publish(request(), NOW)
    number = activation.schedule(request("Planned"), NOW.replace(hour=9), "Asia/Shanghai", NOW)
    publish(activation.request_of(read_plan(number)), NOW.replace(hour=9))
    assert activation.activate_due(NOW.replace(hour=9)) == [2]
    assert published() == [("policy.published", "policy/2"), ("policy.published", "policy/1")]


def test_publishing_the_draft_makes_it_the_base_and_its_authors_begin_anew() -> None:
    put_in_force()
    load_draft()
    ((path, version),) = rows("SELECT path, version FROM draft_rule ORDER BY path LIMIT 1")
    kind: type[DraftPart] = DraftRule
    edit_part(kind, path, version, {"points": 7}, BY)
    draft = load_draft()
    assert draft.authors == (BY,)
    publish(Request(document=draft.document, by=BY, reason="seven", signoff="none"), NOW)
    assert (load_draft().base, load_draft().authors) == (2, ())


def test_an_event_is_run_again_together_with_its_line() -> None:
    (number,) = take_in(event(external_id="x")).event_ids
    set_aside(number, "broken", NOW)
    with no_line_can_be_written(), pytest.raises(DBAPIError):
        run_again([number], BY)
    assert column("SELECT set_aside_at IS NULL FROM inbox") == [False]
    run_again([number, number + 1], BY)
    assert column("SELECT set_aside_at IS NULL FROM inbox") == [True]
    (line,) = recent_entries()
    assert (line.actor, line.action, line.after) == (BY, "event.run_again", {"events": [number]})
