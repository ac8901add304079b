"""Who may do what with a lead, and who may read it: every action and relation, in pages and API, as one table.

The rule is in the decision core (`engine.core.qualification.relations`, docs/pool.md). Where a page answers 403 to
people without access, the API lets the decision refuse.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import col, select

from admin.clicks import ACTIONS
from engine.core.notify.effects import Notice
from engine.core.qualification.relations import Relation
from engine.store.access.accounts import add_user
from engine.store.orm import unit_of_work
from engine.store.outbox.notices import save_notices
from engine.store.schema.decision_tables import Decision
from engine.store.schema.lead_tables import Lead
from engine.store.schema.roster_tables import Person, Team
from engine.store.session import raw, transaction
from tests.admin.api_client import NOW, Api, event
from tests.admin.deciding import POLICY, REPS, somebody_deciding, start_with_policy
from tests.admin.pages import Reader
from tests.admin.world import PASSWORD

LI, WANG = REPS
BOSS, MAX, CHEN, ZHAO, GUO = (f"{name}@example.com" for name in ("boss", "max", "chen", "zhao", "guo"))
ACCOUNTS = {LI: "sdr", WANG: "sales", BOSS: "sales_manager", MAX: "sdr_manager", CHEN: "sales", ZHAO: "sdr"}
OWNED = {"owner": WANG, "rep": WANG, "sdr": LI}
NOBODYS = {"sdr": LI, "pool_since": NOW}
WHO: dict[Relation, tuple[str | None, dict[str, Any]]] = {
    Relation.OWNER: (WANG, OWNED),
    Relation.LAST: (LI, NOBODYS),
    Relation.IN_HAND: (LI, OWNED),
    Relation.SUPERIOR: (BOSS, OWNED),
    Relation.MANAGER: (MAX, OWNED),
    Relation.COLLEAGUE: (CHEN, OWNED),
    Relation.CLAIMANT: (CHEN, NOBODYS),
    Relation.STRANGER: (ZHAO, OWNED),
    Relation.SYSTEM: (None, OWNED),
}
STAGES = {"reopen": "won"}
SAID: dict[str, dict[str, str]] = {
    "touch": {"channel": "call", "result": "reached"},
    "reject": {"reason": "no_budget"},
    "release": {"reason": "any"},
    "disqualify": {"reason": "any"},
    "assign": {"to": GUO},
    "dispatch": {"to": CHEN},
}
MAY = {
    "api": """
           owner       last       in_hand     superior    manager     colleague   claimant  stranger    system
touch      yes         yes        yes         yes         yes         not_yours   yes       not_yours   yes
qualify    yes         yes        yes         yes         yes         not_yours   yes       not_yours   yes
accept     yes         not_owner  not_owner   yes         yes         not_owner   not_owner not_owner   yes
reject     yes         not_owner  not_owner   yes         yes         not_owner   not_owner not_owner   yes
release    yes         not_owner  not_owner   yes         yes         not_owner   not_owner not_owner   yes
claim      not_in_pool wrong_role not_in_pool not_in_pool not_in_pool not_in_pool yes       not_in_pool person_required
assign     yes         not_owner  not_owner   yes         yes         not_owner   not_owner not_owner   yes
dispatch   yes         no_owner   not_owner   yes         yes         not_owner   no_owner  not_owner   yes
disqualify yes         yes        not_owner   yes         yes         not_owner   not_owner not_owner   yes
recycle    yes         no_owner   not_owner   yes         yes         not_owner   no_owner  not_owner   yes
reopen     yes         yes        not_owner   yes         yes         not_owner   not_owner not_owner   yes
""",
    "page": """
           owner       last       in_hand     superior    manager     colleague   claimant stranger    system
touch      yes         yes        yes         yes         yes         403         403      403         -
qualify    yes         yes        yes         yes         yes         403         403      403         -
accept     yes         not_owner  not_owner   yes         yes         403         403      403         -
reject     yes         not_owner  not_owner   yes         yes         403         403      403         -
release    yes         not_owner  not_owner   yes         yes         403         403      403         -
claim      not_in_pool wrong_role not_in_pool not_in_pool not_in_pool not_in_pool yes      not_in_pool -
assign     yes         not_owner  not_owner   yes         yes         403         403      403         -
dispatch   yes         no_owner   not_owner   yes         yes         403         403      403         -
disqualify yes         yes        not_owner   yes         yes         403         403      403         -
recycle    yes         no_owner   not_owner   yes         yes         403         403      403         -
reopen     yes         yes        not_owner   yes         yes         403         403      403         -
""",
}  # fmt: skip
"""What becomes of it: done, or the code of the refusal, or a page that is not for them."""
OVERSEE = {Relation.SUPERIOR, Relation.MANAGER, Relation.SYSTEM}
OWN = {Relation.OWNER, Relation.LAST, Relation.IN_HAND}

Door = Callable[[str | None, str, int], int]
"""Does an action for a person with a lead; returns the status of the answer."""


@pytest.fixture
def office(api: Api) -> Iterator[Api]:
    """Li and Zhao call; Wang, Chen and Guo sell; Wang's team is headed by Boss, Chen's by Wang; Max manages others."""
    start_with_policy(POLICY)
    with unit_of_work() as session:
        session.add_all([Team(key="east", head=BOSS), Team(key="west", head=WANG)])
        session.get_one(Person, WANG).team = "east"
        session.add_all([Person(email=email, role="manager", details={}) for email in (BOSS, MAX)])
        session.add_all([Person(email=CHEN, role="sales", team="west", details={})])
        session.add_all([Person(email=GUO, role="sales", details={}), Person(email=ZHAO, role="sdr", details={})])
    with somebody_deciding(api.clock):
        yield api


def put_lead(number: int, **columns: Any) -> int:
    with unit_of_work() as session:
        session.add(Lead(id=number, **{"stage": "mql", **columns}))
    return number


def by_api(api: Api) -> Door:
    scopes = ["leads:write", "leads:read"]
    keys = {email: api.key((email or "crm").split("@")[0], scopes, person=email) for email in [None, *ACCOUNTS]}

    def work(person: str | None, action: str, lead: int) -> int:
        body = {"action": action, **SAID.get(action, {})}
        return api.client.post(f"/v1/leads/{lead}/work", json=body, headers=keys[person]).status_code

    return work


def by_page(api: Api) -> Door:
    readers: dict[str, tuple[Reader, str]] = {}
    for email, role in ACCOUNTS.items():
        add_user(email, role, PASSWORD)
        reader = Reader(api.app).sign_in(email)
        readers[email] = reader, reader.token("/admin/pool/")

    def work(person: str | None, action: str, lead: int) -> int:
        if person is None:
            return 0
        reader, token = readers[person]
        path = f"/admin/pool/{lead}/claim" if action == "claim" else f"/admin/leads/{lead}/work"
        form = {"csrf_token": token, "action": action, **SAID.get(action, {})}
        return reader.client.post(path, data=form).status_code

    return work


def outcome(lead: int, status: int) -> str:
    """What was decided, else what kept it from being decided."""
    with unit_of_work() as session:
        decision = session.exec(select(Decision).where(col(Decision.lead_id) == lead)).first()
        if decision is not None:
            return decision.refused or "yes"
    return str(status or "-")


@pytest.mark.parametrize(("door", "opened"), [("api", by_api), ("page", by_page)])
def test_every_action_is_for_those_whom_the_table_names(office: Api, door: str, opened: Callable[[Api], Door]) -> None:
    work, number = opened(office), 1_000
    header, *rows = (line.split() for line in MAY[door].strip().splitlines())
    found: list[list[str]] = []
    for action in ACTIONS:
        found.append([action])
        for relation in map(Relation, header):
            person, held = WHO[relation]
            number = put_lead(number + 1, **held, stage=STAGES.get(action, "mql"))
            found[-1].append(outcome(number, work(person, action, number)))
    assert set(header) == set(Relation)
    assert "\n".join(map("  ".join, found)) == "\n".join(map("  ".join, rows))


@pytest.mark.parametrize(("person", "status"), [(ZHAO, 403), (MAX, 202), (None, 202)])
def test_imported_work_which_is_legal_from_anybody_comes_from_those_who_oversee(
    office: Api, person: str | None, status: int
) -> None:
    key = office.key("k", ["leads:write", "events:write"], person=person)
    work = event(1, type="lead.recycled", lead={"external_id": "x"}, imported=True)
    assert office.send(work, key).status_code == status
    assert office.send(event(2, lead={"external_id": "x"}, imported=True), key).status_code == 202


# ------------------------------------------------------------------------------------------------ reading
PARTS = ("", "/ledger", "/decisions", "/timeline", "/explain")


@pytest.mark.parametrize("part", PARTS)
def test_a_key_reads_the_leads_its_person_sees(office: Api, part: str) -> None:
    found: dict[Relation, int] = {}
    for number, (relation, (person, held)) in enumerate(WHO.items(), start=1):
        key = office.key(f"k{number}", ["leads:read"], person=person)
        found[relation] = office.client.get(f"/v1/leads/{put_lead(number, **held)}{part}", headers=key).status_code
    assert found == {relation: 200 if relation in OVERSEE | OWN else 403 for relation in Relation}


def test_what_is_not_to_be_read_is_a_problem_that_says_whose_key_it_is(office: Api) -> None:
    key = office.key("zhao", ["leads:read"], person=ZHAO)
    answer: Any = office.client.get(f"/v1/leads/{put_lead(1, **OWNED)}", headers=key).json
    assert (answer["code"], ZHAO in answer["detail"], WANG in str(answer)) == ("not_yours", True, False)
    assert office.client.get("/v1/leads/77", headers=key).status_code == 404


def test_lists_hold_ones_own_leads_only(office: Api) -> None:
    put_lead(1, **OWNED)
    put_lead(2, owner=CHEN)
    put_lead(3, **NOBODYS)
    seen = {person: leads_of(office, person) for person in (WANG, LI, CHEN, ZHAO, BOSS, MAX, None)}
    assert seen == {WANG: [1], LI: [1, 3], CHEN: [2], ZHAO: [], BOSS: [1, 2, 3], MAX: [1, 2, 3], None: [1, 2, 3]}


def leads_of(api: Api, person: str | None) -> list[int]:
    key = api.key((person or "all").split("@")[0], ["leads:read"], person=person)
    answer: Any = api.client.get("/v1/leads", headers=key).json
    return [lead["id"] for lead in answer["items"]]


def test_an_account_that_sees_all_leads_reads_them_by_its_key_while_it_lives(office: Api) -> None:
    put_lead(1, **OWNED)
    add_user("view@example.com", "viewer", PASSWORD)
    add_user("call@example.com", "sdr", PASSWORD)
    assert [leads_of(office, f"{name}@example.com") for name in ("view", "call")] == [[1], []]
    with transaction() as connection:
        raw(connection).execute("UPDATE user_account SET active = false")
    key = office.key("later", ["leads:read"], person="view@example.com")
    assert office.client.get("/v1/leads/1", headers=key).status_code == 403


def test_the_pool_shows_others_what_a_lead_is_worth_and_not_how_to_reach_it(office: Api) -> None:
    company = {"employees": 80, "name": "Softex"}
    office.send(
        event(1, lead={"email": "gao@softex.cn"}, traits={"name": "Gao", "hobby": "chess"}, company=company),
        office.key("web"),
    )
    reader = office.key("all", ["leads:read"])
    lead = await_lead(office, reader)
    with unit_of_work() as session:
        row = session.get_one(Lead, lead)
        row.owner, row.sdr, row.pool_since = None, None, NOW
    seen: dict[str | None, Any] = {}
    for person in (None, ZHAO):
        key = office.key(f"pool-{person}".split("@")[0], ["leads:read"], person=person)
        answer: Any = office.client.get("/v1/pool", headers=key).json
        (seen[person],) = answer["items"]
    assert (seen[None]["identities"], seen[None]["extras"]) == ({"email": "gao@softex.cn"}, {"lead.hobby": "chess"})
    assert (seen[ZHAO]["facts"]["lead.name"], seen[ZHAO]["facts"]["company.employees"]) == ("Gao", 80)
    assert seen[ZHAO].keys() == seen[None].keys()
    assert "gao@softex.cn" not in str(seen[ZHAO])
    assert "chess" not in str(seen[ZHAO])


def await_lead(api: Api, key: dict[str, str]) -> int:
    """The only lead, as soon as it is decided: a contact is decided after it."""
    answer: Any = api.client.get("/v1/leads", headers=key).json
    lead = int(answer["items"][0]["id"])
    work = api.key("touching", ["leads:write"])
    touch = {"action": "touch", **SAID["touch"]}
    assert api.client.post(f"/v1/leads/{lead}/work", json=touch, headers=work).status_code == 200
    return lead


def test_refused_work_on_a_lead_one_may_not_see_tells_nothing_of_it(office: Api) -> None:
    key = office.key("zhao", ["leads:write", "leads:read"], person=ZHAO)
    lead = put_lead(1, **OWNED)
    answer: Any = office.client.post(f"/v1/leads/{lead}/work", json={"action": "accept"}, headers=key).json
    assert (answer["reason"], answer["decision"]["detail"], answer["decision"]["assignment"]) == ("not_owner", {}, None)
    done = answer["decision"]["event"]
    again: Any = office.client.get(f"/v1/events/{done['source']}/{done['id']}", headers=key).json
    assert (again["decision"]["detail"], again["decision"]["assignment"]) == ({}, None), "nor at the event's address"
    mine = office.key("wang", ["leads:write", "leads:read"], person=WANG)
    answer = office.client.post(f"/v1/leads/{lead}/work", json={"action": "claim"}, headers=mine).json
    assert answer["decision"]["detail"]["scores"]


def test_a_head_of_a_team_who_left_manages_nobody(office: Api) -> None:
    key = office.key("wang", ["leads:write", "leads:read"], person=WANG)
    held = {"owner": CHEN, "rep": CHEN, "sdr": LI}
    body = {"action": "assign", "to": GUO}
    assert office.client.post(f"/v1/leads/{put_lead(1, **held)}/work", json=body, headers=key).status_code == 200
    with unit_of_work() as session:
        session.get_one(Person, WANG).active = False
    answer: Any = office.client.post(f"/v1/leads/{put_lead(2, **held)}/work", json=body, headers=key).json
    assert answer["reason"] == "not_owner"


def test_an_event_is_read_by_who_sent_it_who_did_it_and_who_sees_its_lead(office: Api) -> None:
    item = event(1, lead={"external_id": "x"})
    office.send(item, office.key("web"))
    reader = office.key("reader", ["leads:read"])
    with unit_of_work() as session:
        lead = session.get_one(Lead, await_lead(office, reader))
        lead.owner, lead.sdr = WANG, None
    seen = {}
    for person in (WANG, ZHAO, MAX):
        key = office.key(person.split("@")[0], ["leads:read", "events:write"], person=person)
        office.send(event(2, id=person, lead={"external_id": "x"}), key)
        paths = ("web/e-1", f"{person.split('@')[0]}/{person}")
        seen[person] = [office.client.get(f"/v1/events/{path}", headers=key).status_code for path in paths]
    assert seen == {WANG: [200, 200], ZHAO: [403, 200], MAX: [200, 200]}


@pytest.mark.parametrize(("person", "others"), [(WANG, 403), (LI, 403), (MAX, 200), (None, 200)])
def test_notifications_of_others_are_for_those_who_oversee(office: Api, person: str | None, others: int) -> None:
    told = [Notice("assigned", "owner", email, email, {}) for email in (WANG, LI, ZHAO)]
    with transaction() as connection:
        save_notices(raw(connection), [(notice, 7, 70, NOW) for notice in told])
    key = office.key("k", ["leads:read", "leads:write"], person=person)
    everybodys: Any = office.client.get("/v1/notices", headers=key).json
    assert {item["person"] for item in everybodys["items"]} == ({person} if others == 403 else {WANG, LI, ZHAO})
    assert office.client.get(f"/v1/notices?person={ZHAO}", headers=key).status_code == others
    body = {"person": ZHAO, "ids": "all"}
    assert office.client.post("/v1/notices/read", json=body, headers=key).status_code == others
    if person:
        assert office.client.get(f"/v1/notices?person={person.upper()}", headers=key).status_code == 200


def test_reports_are_for_those_who_oversee(office: Api) -> None:
    seen = {
        person: office.client.get(
            "/v1/reports/load", headers=office.key(f"k-{person}".split("@")[0], ["leads:read"], person=person)
        ).status_code
        for person in (WANG, MAX, None)
    }
    assert seen == {WANG: 403, MAX: 200, None: 200}
