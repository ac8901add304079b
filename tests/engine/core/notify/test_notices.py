"""Receivers of notifications: the right people, each of them once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.notify.effects import Notice
from engine.core.notify.notices import KINDS, Directory, NotifiedPerson, is_head_of_somebody, recipients, reports_of
from engine.core.outgoing import EVENTS
from engine.store.outbox.notices import count_unread, mark_read, read_notices, save_notices
from engine.store.roster.roster import import_roster
from engine.store.session import raw, transaction
from rulesets.roster.roster import FORMAT

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
LI, ZHAO, WANG, CHEN, LEFT, HEAD = (f"{n}@example.com" for n in ("li", "zhao", "wang", "chen", "left", "head"))
DIRECTORY = Directory(
    people={
        LI: NotifiedPerson("east", WANG),
        ZHAO: NotifiedPerson("east"),
        LEFT: NotifiedPerson("east", WANG, active=False),
        WANG: NotifiedPerson("west"),
        HEAD: NotifiedPerson("east"),
        CHEN: NotifiedPerson(None, LEFT),
    },
    heads={"east": HEAD, "west": WANG},
    managers=(WANG,),
    overseers=("admin@example.com",),
)


def told(to: str, person: str | None, **values: str) -> tuple[str, ...]:
    return recipients(Notice("notify", to, person, "cause", values), DIRECTORY)


@pytest.mark.parametrize(
    ("to", "person", "expected"),
    [
        ("owner", LI, (LI,)),
        ("owner", "outside@example.org", ("outside@example.org",)),
        ("owner", LEFT, (WANG,)),
        ("manager", LI, (WANG,)),
        ("manager", ZHAO, (HEAD,)),
        ("manager", HEAD, (WANG,)),
        ("manager", CHEN, (WANG,)),
        ("manager", None, (WANG,)),
        ("team", LI, (HEAD, LI, ZHAO)),
        ("team", CHEN, (WANG,)),
        ("sdr", CHEN, (WANG,)),
        ("Boss@Example.com", LI, ("boss@example.com",)),
    ],
)
def test_a_notification_reaches_those_it_is_meant_for(to: str, person: str | None, expected: tuple[str, ...]) -> None:
    assert told(to, person) == expected


def test_the_leads_sdr_is_told_by_name() -> None:
    assert told("sdr", CHEN, sdr=LI) == (LI,)


def test_without_any_manager_the_accounts_that_oversee_are_told() -> None:
    alone = Directory({LI: NotifiedPerson()}, {}, overseers=("admin@example.com",))
    assert recipients(Notice("queued", "manager", LI, "c"), alone) == ("admin@example.com",)


@given(
    to=st.sampled_from(["owner", "manager", "team", "sdr", "x@example.com"]),
    person=st.sampled_from([None, LI, ZHAO, WANG, CHEN, LEFT, HEAD]),
)
def test_nobody_is_told_twice_nobody_who_left_is_told_and_somebody_always_is(to: str, person: str | None) -> None:
    found = told(to, person)
    assert found
    assert len(set(found)) == len(found)
    assert LEFT not in found


def test_managers_have_the_people_whose_manager_they_are() -> None:
    assert reports_of(WANG, DIRECTORY) == (CHEN, HEAD, LEFT, LI)
    assert reports_of(HEAD, DIRECTORY) == (ZHAO,)
    assert reports_of(LI, DIRECTORY) == ()
    assert [is_head_of_somebody(email, DIRECTORY) for email in (WANG, HEAD, LEFT, LI)] == [True, True, True, False]


PAGE = (Path(__file__).parents[4] / "docs" / "notifications.md").read_text()


@pytest.mark.parametrize("name", [*KINDS, *EVENTS])
def test_every_kind_and_every_event_of_webhooks_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


def save(*notices: Notice) -> None:
    with transaction() as connection:
        save_notices(raw(connection), [(notice, 7, 70, NOW) for notice in notices])


def test_a_cause_is_told_once_to_each_person(database: str) -> None:
    import_roster(
        {
            "format": FORMAT,
            "people": [{"email": WANG, "role": "manager"}, {"email": LI, "role": "sdr", "manager": WANG}],
        },
        by="operator",
    )
    late = Notice("sla_breached", "owner", LI, "breach:1", {"clock": "first_touch"})
    boss = Notice("sla_breached", "manager", LI, "breach:1", {"clock": "first_touch"})
    save(late, late, boss)
    save(late, boss)
    assert [(one.person, one.details, one.lead_id) for one in read_notices(None)] == [
        (WANG, {"clock": "first_touch"}, 7),
        (LI, {"clock": "first_touch"}, 7),
    ]
    assert [one.about for one in read_notices(WANG)] == [LI]


def test_the_same_event_id_on_another_lead_is_another_cause_but_not_without_a_lead(database: str) -> None:
    assigned, queued = (
        Notice("assigned", "owner", LI, "1:assigned"), Notice("queued", LI, None, "queued:sdr:10"),
    )  # fmt: skip
    with transaction() as connection:
        save_notices(raw(connection), [(assigned, lead, 70 + lead, NOW) for lead in (7, 8)])
        save_notices(raw(connection), [(queued, None, event, NOW) for event in (81, 82)])
    assert sorted((one.kind, one.lead_id) for one in read_notices(LI)) == [
        ("assigned", 7), ("assigned", 8), ("queued", None),
    ]  # fmt: skip


def test_the_leads_sdr_is_told_although_the_notification_names_nobody(database: str) -> None:
    with transaction() as connection:
        driver = raw(connection)
        driver.execute("INSERT INTO lead (id, sdr) VALUES (7, %s)", [LI])
        save_notices(driver, [(Notice("sla_breached", "sdr", CHEN, "b"), 7, 70, NOW)])
    assert [one.person for one in read_notices(None)] == [LI]


def test_what_is_read_is_read_and_only_by_its_reader(database: str) -> None:
    save(*(Notice("assigned", "owner", LI, f"a{n}") for n in range(3)), Notice("assigned", "owner", ZHAO, "z"))
    assert count_unread(LI) == 3
    newest = read_notices(LI)[0]
    assert mark_read(ZHAO, NOW, [newest.id]) == 0
    assert mark_read(LI, NOW, [newest.id]) == 1
    assert [one.id for one in read_notices(LI, unread=True)] == [newest.id - 1, newest.id - 2]
    assert read_notices(LI, kind="taken") == []
    assert [one.id for one in read_notices(LI, before=newest.id, limit=1)] == [newest.id - 1]
    assert mark_read(LI, NOW) == 2
    assert (count_unread(LI), count_unread(ZHAO)) == (0, 1)


def test_saving_nothing_asks_nothing(database: str) -> None:
    save()
    assert read_notices(None) == []
