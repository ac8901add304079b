"""Events that raise or kill the process: found, set aside with their error, and blocking no other event."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from engine.batch.evaluate import BATCH, CLAIMS_ALLOWED, FAILURES_ALLOWED, next_batch
from engine.core.lead.matching import Matcher
from engine.matcher.rules import PolicyRules, make_ready
from engine.store.inbox.inbox import run_again
from engine.store.inbox.waiting import WaitingEvent
from engine.store.policy.versions import Version
from tests.factories import HandClock, column, decide_all, event, hire, put_in_force, rows, take_in

pytestmark = pytest.mark.usefixtures("database")
CURSED = {"city": "Cursed"}


class Breaking:
    """A matcher that does something terrible when it sees a lead from a cursed city."""

    def __init__(self, matcher: Matcher, terrible: Callable[[], None]) -> None:
        self._matcher = matcher
        self._terrible = terrible

    def match(self, ruleset: str, view: Any) -> frozenset[str]:
        if view.value("lead.city") == CURSED["city"]:
            self._terrible()
        return self._matcher.match(ruleset, view)


def breaking(terrible: Callable[[], None]) -> Callable[[Version], PolicyRules]:
    """Makes versions ready with a `Breaking` matcher."""

    def prepare(version: Version) -> PolicyRules:
        rules = make_ready(version)
        return PolicyRules(rules.number, rules.digest, rules.policy, rules.frame, Breaking(rules.matcher, terrible))

    return prepare


def fail() -> None:
    raise ArithmeticError("the cursed city")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def decide_in_children(prepare: Callable[[Version], PolicyRules], clock: HandClock) -> int:
    """Decide in forked children until one of them ends by itself; returns how many were killed on the way."""
    for deaths in range(100):
        child = os.fork()
        if child == 0:
            decide_all(clock, prepare)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return deaths
    pytest.fail("children kept dying")


def test_an_event_that_kills_its_process_is_found_by_halving_and_set_aside() -> None:
    put_in_force()
    hire("li@example.com", "wang@example.com")
    take_in(*(event(external_id=f"c{n}", traits=CURSED if n == 70 else {}) for n in range(150)))
    deaths = decide_in_children(breaking(die), HandClock())
    assert deaths == CLAIMS_ALLOWED
    assert rows("SELECT external_id, error FROM inbox JOIN event ON id = event_id") == [
        (column("SELECT external_id FROM event WHERE body->'traits'->>'city' = 'Cursed'")[0],
         f"its evaluation ended the process {CLAIMS_ALLOWED} times")
    ]  # fmt: skip
    assert column("SELECT count(*) FROM decision") == [149]
    assert sorted(column("SELECT count(*) FROM lead WHERE owner IS NOT NULL GROUP BY owner")) == [74, 75]


def test_events_that_come_while_a_killer_is_searched_are_not_lost() -> None:
    put_in_force()
    hire("li@example.com")
    take_in(event(external_id="bad", traits=CURSED))
    take_in(*(event(external_id=f"c{n}") for n in range(BATCH + 20)))
    decide_in_children(breaking(die), HandClock())
    assert column("SELECT count(*) FROM decision") == [BATCH + 20]
    assert column("SELECT count(*) FROM inbox WHERE set_aside_at IS NULL") == [0]


def test_what_was_set_aside_can_be_run_again_once_the_cause_is_gone() -> None:
    put_in_force()
    hire("li@example.com")
    (bad,) = take_in(event(external_id="bad", traits=CURSED)).event_ids
    decide_in_children(breaking(die), HandClock())
    run_again([bad], "operator")
    assert decide_all() == 1
    assert column("SELECT owner FROM lead") == ["li@example.com"]


def test_an_event_that_raises_leaves_no_trace_and_the_others_go_on() -> None:
    put_in_force()
    hire("li@example.com")
    take_in(
        event(external_id="good"),
        event(external_id="bad", company={"name": "Corp", "employees": 500}, traits=CURSED),
        event(external_id="bad", company={"name": "Corp"}),
    )
    assert decide_all(prepare=breaking(fail)) == 3
    assert column("SELECT value FROM decision JOIN identity USING (lead_id) ORDER BY decision.id") == ["good", "bad"]
    assert column("SELECT claims ? 'company.employees' FROM account") == [False]
    ((failures, attempts, error, aside),) = rows("SELECT failures, attempts, error, set_aside_at FROM inbox")
    assert (failures, attempts, aside) == (1, 0, None)
    assert error.rstrip().endswith("ArithmeticError: the cursed city")


def test_an_event_that_keeps_raising_is_tried_again_later_and_then_set_aside() -> None:
    put_in_force()
    (bad,) = take_in(event(external_id="bad", traits=CURSED)).event_ids
    clock = HandClock()
    tried = []
    while column("SELECT count(*) FROM inbox WHERE set_aside_at IS NULL") == [1]:
        tried.append(decide_all(clock, breaking(fail)))
        clock.pass_by(seconds=1)
    assert sum(tried) == FAILURES_ALLOWED
    assert len(tried) == 16, "after 1, 2, 4 and 8 seconds"
    assert "the cursed city" in column("SELECT error FROM inbox")[0]
    run_again([bad], "operator")
    assert decide_all(clock) == 1


def test_a_failing_batch_of_many_is_sorted_out_in_one_pass_more() -> None:
    put_in_force()
    hire("li@example.com")
    take_in(*(event(external_id=f"c{n}", traits=CURSED if n % 3 else {}) for n in range(90)))
    assert decide_all(prepare=breaking(fail)) == 90
    assert column("SELECT count(*) FROM decision") == [30]
    assert column("SELECT DISTINCT failures FROM inbox") == [1]


def test_what_the_database_refuses_is_found_by_deciding_one_by_one() -> None:
    put_in_force()
    hire("li@example.com")
    done = take_in(event(external_id="bad"), event(external_id="good"))
    # A decision that is there already: the second one of the same event is refused by its unique number.
    rows_added = column(
        "INSERT INTO decision (event_id, lead_id, decided_at, policy_number, body) "
        "VALUES (%s, 0, now(), 1, '{}') RETURNING 1", done.event_ids[0],
    )  # fmt: skip
    assert rows_added == [1]
    decide_all()
    ((lead, error),) = rows("SELECT lead_id, error FROM inbox")
    assert lead == done.lead_ids[0]
    assert "UniqueViolation" in error
    assert column("SELECT owner FROM lead ORDER BY id") == [None, "li@example.com"]


@pytest.mark.parametrize(("attempts", "size"), [(0, 200), (1, 100), (3, 25), (7, 1), (9, 1)])
def test_a_batch_halves_with_every_attempt_before(attempts: int, size: int) -> None:
    waiting = [WaitingEvent(number, attempts) for number in range(BATCH)]
    assert len(next_batch(waiting)) == size


def test_a_batch_ends_before_an_event_that_was_tried_more_often() -> None:
    assert [item.event_id for item in next_batch([WaitingEvent(1, 0), WaitingEvent(2, 0), WaitingEvent(3, 1)])] == [
        1,
        2,
    ]
