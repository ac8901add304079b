"""The public pool over HTTP: order, pages, the reason of each lead, and checked filters."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.store.orm import unit_of_work
from engine.store.schema.lead_tables import Lead
from tests.admin.api_client import NOW, Api, zulu

LEFT = {"pool_reason": "rejected", "reject_reason": "no_budget",
        "parted": [["wang@example.com", "rejected", (NOW - timedelta(days=1)).isoformat()]]}  # fmt: skip


def lead(**columns: Any) -> Lead:
    return Lead(**columns)


def fill() -> None:
    """Two raw leads, a rejected MQL, and one with an owner."""
    with unit_of_work() as session:
        session.add(lead(id=1, stage="raw"))
        session.add(lead(id=2, stage="raw", grade="B", engagement=Decimal(5)))
        session.add(lead(id=3, stage="mql", grade="A", engagement=Decimal(50), pool_since=NOW, state=LEFT))
        session.add(lead(id=4, stage="mql", grade="A", engagement=Decimal(90), owner="li@example.com"))


def pool(api: Api, headers: dict[str, str], **asked: Any) -> Any:
    return api.client.get("/v1/pool", query_string=asked, headers=headers)


def test_the_pool_is_read_in_pages_the_best_first(api: Api) -> None:
    fill()
    key = api.key("crm", ["leads:read"])
    ids: list[int] = []
    cursor: Any = ""
    while cursor is not None:
        answer = pool(api, key, limit=1, cursor=cursor).json
        ids += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
    assert ids == [3, 2, 1]


def test_a_lead_of_the_pool_says_why_it_is_there_and_who_had_it(api: Api) -> None:
    fill()
    best, second, _ = pool(api, api.key("crm", ["leads:read"])).json["items"]
    assert best["pool"] == {"since": zulu(NOW), "why": "rejected", "reason": "no_budget"}
    assert best["former_owners"] == [
        {"person": "wang@example.com", "why": "rejected", "at": zulu(NOW - timedelta(days=1))}
    ]
    assert second["pool"] == {"since": None, "why": None, "reason": None}
    owned = api.client.get("/v1/leads/4", headers=api.key("crm2", ["leads:read"])).json
    assert owned is not None
    assert (owned["pool"], owned["protected_until"], owned["conflict"]) == (None, None, None)


def test_filters_are_taken_and_checked(api: Api) -> None:
    fill()
    key = api.key("crm", ["leads:read"])
    asked: list[tuple[dict[str, str], list[int]]]
    asked = [({"stage": "raw"}, [2, 1]), ({"grade": "A"}, [3]), ({"why": "rejected"}, [3]), ({"region": "x"}, [])]
    for filters, ids in asked:
        assert [item["id"] for item in pool(api, key, **filters).json["items"]] == ids, filters
    bad = [("stage", "won"), ("grade", "E"), ("region", " "), ("why", "a\x00"), ("cursor", "bm9uZQ"), ("limit", "0")]
    for name, value in [*bad, ("colour", "red"), ("cursor", "bXFsfkF-TmFOfjE")]:
        answer = pool(api, key, **{name: value})
        assert (answer.status_code, answer.json["parameter"]) == (422, name), name
