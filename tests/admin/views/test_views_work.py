"""The pages of work: what is offered to whom, the public pool with its claim button, the queue with its assignments."""

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from engine.settings import Settings
from engine.store.orm import unit_of_work
from engine.store.schema.decision_tables import Decision
from engine.store.schema.lead_tables import Lead
from engine.store.schema.roster_tables import Person
from tests.admin import world
from tests.admin.deciding import somebody_deciding
from tests.admin.pages import Pages, Reader

PARTED = {
    "pool_reason": "released", "release_reason": "too_busy",
    "parted": [[world.ZHAO, "released", "2026-11-20T10:00:00+00:00"]],
}  # fmt: skip


@pytest.fixture
def pages(settings: Settings) -> Pages:
    pages = Pages(settings)
    world.fill(pages.clock)
    return pages


def put(number: int, stage: str, **columns: Any) -> None:
    with unit_of_work() as session:
        session.add(Lead(id=number, stage=stage, **columns))


def lead_of(reader: Reader, email: str) -> int:
    found = re.search(r'href="/admin/leads/(\d+)/"', reader.text(f"/admin/leads/?search={email}"))
    assert found
    return int(found[1])


def offered(text: str) -> set[str]:
    return set(re.findall(r'name="action" value="(\w+)"', text))


def test_an_owner_is_offered_what_the_stage_allows_and_a_manager_more(pages: Pages) -> None:
    boss, number = pages.as_role("sdr_manager"), lead_of(pages.as_role("admin"), "gao@softex.cn")
    with unit_of_work() as session:
        lead = session.get_one(Lead, number)
        lead.stage, lead.owner = "mql", world.CHEN
    chen = offered(pages.as_role("sales").text(f"/admin/leads/{number}/"))
    assert chen == {"touch", "accept", "reject", "release", "assign", "disqualify", "recycle"}
    assert offered(boss.text(f"/admin/leads/{number}/")) == chen
    with unit_of_work() as session:
        session.get_one(Lead, number).stage = "won"
    assert offered(boss.text(f"/admin/leads/{number}/")) == {"touch", "reopen"}
    assert offered(pages.as_role("viewer").text(f"/admin/leads/{number}/")) == set()


def test_giving_a_lead_to_a_colleague_takes_the_sdr_back_to_their_list(pages: Pages) -> None:
    number = lead_of(pages.as_role("admin"), "gao@softex.cn")
    with unit_of_work() as session:
        lead = session.get_one(Lead, number)
        lead.stage, lead.owner, lead.sdr = "ready", world.LI, world.LI
    li, path = pages.as_role("sdr"), f"/admin/leads/{number}/work"
    assert "Please choose: Person." in li.post(path, {"action": "assign"}, page=f"/admin/leads/{number}/").text
    with somebody_deciding(pages.clock):
        answer = li.post(path, {"action": "assign", "to": world.ZHAO}, page=f"/admin/leads/{number}/")
    assert (answer.status_code, answer.request.path) == (200, "/admin/leads/")
    assert f"owner: {world.LI} → {world.ZHAO}" in answer.text


def test_a_refusal_is_shown_in_words_with_what_mends_it(pages: Pages) -> None:
    boss, number = pages.as_role("sdr_manager"), lead_of(pages.as_role("admin"), "gao@softex.cn")
    with somebody_deciding(pages.clock):
        answer = boss.post(f"/admin/leads/{number}/work", {"action": "reopen"}, page=f"/admin/leads/{number}/")
    assert "Disqualified. This lead&#39;s stage is: MQL. Look at the lead&#39;s stage" in answer.text


def test_an_sdr_sees_the_pool_with_its_history_and_claims_with_one_click(pages: Pages) -> None:
    put(900, "ready", grade="A", engagement=Decimal(60), pool_since=pages.clock.now(), state=PARTED)
    put(901, "mql", grade="A", engagement=Decimal(60), pool_since=pages.clock.now(), state={})
    li = pages.as_role("sdr")
    text = li.text("/admin/pool/")
    assert world.ZHAO in text
    assert "too_busy" in text
    assert "/admin/pool/900/claim" in text
    assert "901" not in text
    assert "info.sun@example.net" not in text
    assert "Leads at stage “MQL” are claimed by people of role Sales." in li.text("/admin/pool/?stage=all")
    with somebody_deciding(pages.clock):
        answer = li.post("/admin/pool/900/claim", page="/admin/pool/")
    assert (answer.status_code, answer.request.path) == (200, "/admin/leads/900/")
    assert f"owner: — → {world.LI}" in answer.text
    with somebody_deciding(pages.clock):
        answer = li.post("/admin/pool/900/claim", page="/admin/pool/")
    assert answer.request.path == "/admin/pool/"
    assert "Only leads of the public pool can be claimed. Take another lead" in answer.text
    assert li.post("/admin/pool/12345/claim", page="/admin/pool/").status_code == 404
    assert pages.as_role("viewer").post("/admin/pool/901/claim", page="/admin/pool/").status_code == 403


def test_the_pool_is_filtered_paged_and_exported(pages: Pages) -> None:
    for number in range(900, 960):
        put(number, "nurture", grade="B", engagement=Decimal(number - 900))
    admin = pages.as_role("admin")
    first = admin.text("/admin/pool/")
    assert "/claim" not in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    assert "#900" in admin.text(following[1].replace("&amp;", "&"))
    assert "Nothing matches" in admin.text("/admin/pool/?stage=mql&grade=C&region=x&why=released&after=!!")
    lines = admin.text("/admin/pool/export/csv/?grade=B").splitlines()
    assert (len(lines), lines[1].split(",")[0]) == (61, "959")
    assert "info.sun@example.net" in admin.text("/admin/pool/export/csv/")


def test_the_pool_of_a_new_installation_is_empty_and_says_so(settings: Settings) -> None:
    reader = Pages(settings).as_role("sdr")
    assert "The pool is empty" in reader.text("/admin/pool/")
    assert reader.get("/admin/queue/").status_code == 403


def test_a_manager_assigns_from_the_queue_and_a_viewer_only_looks(pages: Pages) -> None:
    with unit_of_work() as session:
        session.get_one(Person, world.CHEN).capacity = 0
    waits = {"queued_role": "sales", "queued_at": pages.clock.now(), "queue_priority": 1}
    put(900, "mql", grade="A", state={"conflict": world.ZHAO}, **waits)
    boss, viewer = pages.as_role("sales_manager"), pages.as_role("viewer")
    text = viewer.text("/admin/queue/?role=sales")
    assert f"{world.ZHAO} works on a lead of the same company" in text
    assert "nobody was looked for yet" not in text
    assert "900/assign" not in text
    assert viewer.post("/admin/queue/900/assign", {"to": world.CHEN}, page="/admin/queue/").status_code == 403
    with somebody_deciding(pages.clock):
        answer = boss.post("/admin/queue/900/assign?role=sales", {"to": world.CHEN}, page="/admin/queue/")
    assert answer.request.path == "/admin/queue/"
    assert "Done although the person has as many open leads as allowed" in answer.text
    with unit_of_work() as session:
        assert session.get_one(Lead, 900).owner == world.CHEN


def test_a_lead_s_story_tells_of_strikes(pages: Pages) -> None:
    number = lead_of(pages.as_role("admin"), "gao@softex.cn")
    with unit_of_work() as session:
        decision = session.exec(select(Decision).where(Decision.lead_id == number)).first()
        assert decision is not None
        decision.body = {
            **decision.body,
            "strikes": [{"person": world.LI, "count": 1, "of": 2, "suspended_until": None}],
        }
    for path in (f"/admin/leads/{number}/", f"/admin/leads/decision/{decision.id}/"):
        assert pages.as_role("admin").text(path).count(f"strike 1 of 2 in a row for {world.LI}") == 1


def test_the_queue_and_the_lead_say_why_nobody_has_it(pages: Pages) -> None:
    people = [{"person": email, "reason": "inactive"} for email in (world.LI, world.ZHAO)]
    tried = [{"policy": "first", "candidates": [people[0]]}]
    put(900, "ready", grade="A", queued_role="sdr", queued_at=pages.clock.now(), queue_priority=2, state=PARTED)
    put(901, "ready", grade="B", queued_role="sdr", queued_at=pages.clock.now(), queue_priority=2)
    with unit_of_work() as session:
        for number, lead, candidates in ((1, 900, people), (2, 901, [])):
            choice = {
                "role": "sdr",
                "policy": "all",
                "otherwise": "queue",
                "candidates": candidates,
                "tried": tried[: 2 - number],
            }
            body = {"assignment": choice}
            event = 90_000_000 + number
            session.add(
                Decision(event_id=event, lead_id=lead, decided_at=pages.clock.now(), policy_number=1, body=body)
            )
    text = pages.as_role("admin").text("/admin/queue/")
    assert "2 × is not active" in text
    assert "1 × is not active" not in text
    assert "no policy of assignment looks at anybody" in text
    page = pages.as_role("admin").text("/admin/leads/900/")
    assert "waits for: SDR" in page
    assert f"{world.ZHAO} · released" in page
