"""The golden cases of identity: the inbox, the simulation and the record agree on who is who (R1.14, R1.15).

A case of `tests/cases/identity.json` gives the ``lead`` of each event as the envelope says it, the ``leads`` as groups
of events, the events of ``visitors`` and those with something ``unreadable``; it holds in every order of arrival unless
it is ``in_order``.
"""

import json
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from admin.intake.envelope import Sender, read_item
from admin.intake.simulation import read_event
from engine.simulation.simulate import gather
from engine.store.inbox.inbox import accept
from engine.store.session import raw, transaction
from engine.verification.verify import verify
from tests.factories import NOW, decide_all, hire, put_in_force, rows

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "cases" / "identity.json").read_text("utf-8"))
SENDER = Sender("web", frozenset({"events:write"}))
Groups = set[frozenset[int]]
SAID = "SELECT external_id, lead_id FROM event WHERE external_id LIKE %s"
VISITED = "SELECT external_id FROM event WHERE external_id LIKE %s AND body ? 'visitor'"

cases = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


def orders(case: dict[str, Any]) -> list[tuple[int, ...]]:
    """The orders of arrival in which a case holds."""
    places = range(len(case["events"]))
    return [tuple(places)] if case.get("in_order") else list(permutations(places))


def envelope(case: dict[str, Any], place: int, turn: int, name: str) -> dict[str, Any]:
    """One event of a case, arriving at its turn."""
    at = NOW - timedelta(minutes=60 - turn)
    return {"id": name, "type": "content.downloaded", "occurred_at": at.isoformat(), "lead": case["events"][place]}


def groups(places: dict[int, int]) -> Groups:
    """Events by lead."""
    return {frozenset(p for p, lead in places.items() if lead == one) for one in places.values()}


def wanted(case: dict[str, Any]) -> Groups:
    """The groups of a case."""
    return set(map(frozenset, case["leads"]))


def forget() -> None:
    """Let the identifiers name nobody again, so that the next order begins anew; leads and events stay."""
    with transaction() as connection:
        raw(connection).execute("TRUNCATE identity, identity_claim")


@cases
def test_a_simulation_knows_who_is_who(case: dict[str, Any]) -> None:
    for order in orders(case):
        events = [read_event(envelope(case, p, turn, f"e{p}"), suspect=True) for turn, p in enumerate(order)]
        people = gather(events)
        found = {int(event.id[1:]): one.number for one in people for event in one.events if event.id[0] == "e"}
        visitors = {int(event.id[1:]) for one in people for event in one.events if event.visitor}
        unreadable = {int(event.id[1:]) for one in people for event in one.events if event.unreadable}
        assert (groups(found), visitors) == (wanted(case), {*case.get("visitors", ())}), order
        assert unreadable == {*case.get("unreadable", ())}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("at_once", [True, False])
@cases
def test_the_inbox_knows_who_is_who_and_the_record_holds(case: dict[str, Any], *, at_once: bool) -> None:
    put_in_force()
    hire("li@example.com")
    for number, order in enumerate(orders(case)):
        intakes = [read_item(envelope(case, p, turn, f"{number}:{p}"), SENDER, NOW) for turn, p in enumerate(order)]
        for request in [intakes] if at_once else [[one] for one in intakes]:
            accept(request, NOW)
            if not at_once:
                decide_all()
        decide_all()
        found = {int(name.rpartition(":")[2]): lead for name, lead in rows(SAID, f"{number}:%")}
        assert groups(found) == wanted(case), order
        visitors = {int(name.rpartition(":")[2]) for (name,) in rows(VISITED, f"{number}:%")}
        assert visitors == {*case.get("visitors", ())}
        forget()
    assert verify().differences == ()
