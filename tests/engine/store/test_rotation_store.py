"""Rotation with many workers at once: locks in one order, turns counted once, equal shares."""

import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from engine.core.assignment.rotation import Pointer
from engine.store import session
from engine.store.decisions.rotation import lock_rotations, save_pointers
from engine.store.session import raw, transaction
from tests.factories import (
    ALL_SHARDS,
    NOW,
    column,
    decide_all,
    event,
    hire,
    policy_document,
    put_in_force,
    rows,
    take_in,
)

pytestmark = pytest.mark.usefixtures("database")
CITIES = ("east", "south", "west")
TEAM = tuple(f"{name}@example.com" for name in ("a", "b", "c", "d", "e"))


def three_rotations() -> dict[str, Any]:
    """A policy with a rotation for each of three cities, over the same people."""
    by_city = [
        {"key": city, "role": "sdr", "when": {"field": "lead.city", "op": "eq", "value": city}} for city in CITIES
    ]
    return policy_document(assignment=by_city)


def decide_in_processes(several: Sequence[Sequence[int]]) -> list[int]:
    """Decide shards in a process for each share; returns how the processes ended."""
    session.close_store()
    children = []
    for shards in several:
        child = os.fork()
        if child == 0:
            os._exit(_decide_to_the_end(shards))
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _decide_to_the_end(shards: Sequence[int]) -> int:
    try:
        decide_all(shards=shards)
    except Exception as error:  # noqa: BLE001 - told by the child's end
        os.write(2, repr(error).encode())
        return 1
    return 0


def assign_at_once(leads: int, processes: int) -> None:
    """Take leads in that are spread over companies, and decide them with so many processes."""
    put_in_force(three_rotations())
    hire(*TEAM)
    for start in range(0, leads, 500):
        take_in(
            *(
                event(email=f"p{n}@corp{n % 40}.cn", traits={"city": CITIES[n % 3]}, company={"employees": n})
                for n in range(start, min(start + 500, leads))
            )
        )
    shares = [[shard for shard in ALL_SHARDS if shard % processes == share] for share in range(processes)]
    assert decide_in_processes(shares) == [0] * processes
    decide_all()


def judge(leads: int) -> None:
    """Every lead has one owner, no event was decided twice or failed, every rotation is even."""
    assert column("SELECT count(*) FROM lead WHERE owner IS NOT NULL") == [leads]
    assert column("SELECT count(*) FROM inbox") == [0]
    assert column("SELECT count(*) FROM assignment") == [leads]
    for city in CITIES:
        turns = [n for _, n in rows("SELECT person, count(*) FROM assignment WHERE policy_key = %s GROUP BY 1", city)]
        assert len(turns) == len(TEAM)
        assert max(turns) - min(turns) <= 1, city
        assert column("SELECT sum(served) FROM rotation WHERE policy_key = %s", city) == [sum(turns)]


def test_four_processes_and_three_rotations_stay_even() -> None:
    assign_at_once(300, 4)
    judge(300)


@pytest.mark.long
def test_eight_processes_and_three_rotations_stay_even_over_two_thousand_leads() -> None:
    assign_at_once(2000, 8)
    judge(2000)


def test_a_pointer_is_an_exact_fraction_when_it_is_read_again() -> None:
    place = Pointer(Fraction(10**20 + 1, 3), 7, NOW)
    with transaction() as connection:
        lock_rotations(raw(connection), ["inbound"])
        save_pointers(raw(connection), {"inbound": {"li@example.com": place}})
    with transaction() as connection:
        assert lock_rotations(raw(connection), ["inbound", "other"]) == {
            "inbound": {"li@example.com": place}, "other": {},
        }  # fmt: skip
