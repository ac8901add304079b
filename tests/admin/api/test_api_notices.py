"""Notifications over HTTP: filters, pages, marking as read, refusal of bad requests."""

from typing import Any

import pytest

from engine.core.notify.effects import Notice
from engine.store.outbox.notices import save_notices
from engine.store.session import raw, transaction
from tests.admin.api_client import Api, zulu
from tests.factories import NOW

LI, ZHAO = "li@example.com", "zhao@example.com"


@pytest.fixture
def told(api: Api) -> None:
    notices = [Notice("assigned", "owner", LI, f"a{n}", {"stage": "ready"}) for n in range(3)]
    notices.append(Notice("taken", "owner", ZHAO, "t", {"event": "sla.breached"}))
    with transaction() as connection:
        save_notices(raw(connection), [(notice, 7, 70, NOW) for notice in notices])


def body_of(answer: Any) -> Any:
    return answer.json


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json["items"]]


def test_notifications_come_newest_first_page_by_page(api: Api, told: None) -> None:
    key = api.key("reader", ["leads:read"])
    first = api.client.get(f"/v1/notices?person={LI}&limit=2", headers=key)
    rest = api.client.get(f"/v1/notices?person=Li@Example.com&limit=2&cursor={body_of(first)['next']}", headers=key)
    assert (numbers(first), numbers(rest), body_of(rest)["next"]) == ([3, 2], [1], None)
    newest = body_of(api.client.get("/v1/notices?kind=taken", headers=key))["items"]
    assert newest == [
        {
            "id": 4,
            "person": ZHAO,
            "kind": "taken",
            "about": ZHAO,
            "lead": 7,
            "details": {"event": "sla.breached"},
            "at": zulu(NOW),
            "read_at": None,
        }
    ]


def test_what_is_read_is_marked(api: Api, told: None) -> None:
    key = api.key("worker", ["leads:read", "leads:write"])
    assert read(api, key, person=LI, ids=[1, 4]) == {"marked": 1, "unread": 2}
    assert numbers(api.client.get(f"/v1/notices?person={LI}&unread=true", headers=key)) == [3, 2]
    assert read(api, key, person=LI, ids="all") == {"marked": 2, "unread": 0}
    assert numbers(api.client.get("/v1/notices?unread=true", headers=key)) == [4]


def read(api: Api, key: dict[str, str], **body: Any) -> Any:
    answer = api.client.post("/v1/notices/read", json=body, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_marking_needs_the_scope_to_write(api: Api, told: None) -> None:
    key = api.key("reader", ["leads:read"])
    assert api.client.post("/v1/notices/read", json={"person": LI, "ids": "all"}, headers=key).status_code == 403


@pytest.mark.parametrize(
    "query", ["kind=invented", "unread=perhaps", "person=a%00b", "person=%ED%A0%80&unread=1", "whose=li", "limit=0"]
)
def test_a_question_nobody_can_answer_is_refused(api: Api, query: str) -> None:
    answer = api.client.get(f"/v1/notices?{query}", headers=api.key("reader", ["leads:read"]))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "body",
    [{}, [], {"person": LI}, {"person": LI, "ids": "some"}, {"person": LI, "ids": [0]}, {"person": LI, "ids": [2**63]},
     {"person": LI, "ids": [1] * 1001}, {"person": "a\x00b", "ids": "all"}, {"person": 7, "ids": "all"}],
)  # fmt: skip
def test_a_body_that_marks_nothing_is_refused(api: Api, body: Any) -> None:
    answer = api.client.post("/v1/notices/read", json=body, headers=api.key("worker", ["leads:write"]))
    assert answer.status_code == 422, answer.text
