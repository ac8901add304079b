"""People of the roster as decisions see them, read in the deciding transaction (R5.1–R8.3).

People who claim a lead are locked, so that parallel claims of one person count each other. Decides nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.core.calendar.schedules import Schedules
from engine.core.lead.people import ClaimStanding, People
from engine.store.session import Driver, raw, transaction

OPEN = ["ready", "mql", "sql", "opportunity"]
"""Stages in which an owned lead counts as held (R5.7)."""


def read_people(driver: Driver, claimants: Iterable[str], schedules: Schedules, now: datetime) -> People:
    """The roster, with the standings of people who claim a lead in this batch."""
    rows = driver.execute("SELECT email, role, active, team, manager FROM person").fetchall()
    heads = dict(driver.execute("SELECT key, head FROM team WHERE head IS NOT NULL"))
    teams = {email: team for email, _, _, team, _ in rows if team}
    superiors = {email: manager or heads.get(team or "") for email, _, _, team, manager in rows}
    return People(
        roles={email: role for email, role, _, _, _ in rows},
        managers=frozenset(_managers(driver)),
        active=frozenset(email for email, _, active, _, _ in rows if active),
        superiors={email: above for email, above in superiors.items() if above and above != email},
        teams=teams,
        heads=heads,
        standings=_locked_standings(driver, sorted(set(claimants)), schedules, now),
    )


def is_manager(person: str) -> bool:
    """Whether somebody is an active manager of the roster."""
    query = "SELECT FROM person WHERE email = %s AND role = 'manager' AND active"
    with transaction() as connection:
        return raw(connection).execute(query, [person]).fetchone() is not None


def _managers(driver: Driver) -> list[str]:
    """People who may act for an owner: managers of the roster, team heads, and accounts with a managing role."""
    rows = driver.execute(
        "SELECT email FROM person WHERE role = 'manager' AND active "
        "UNION SELECT t.head FROM team t LEFT JOIN person p ON p.email = t.head "
        "WHERE t.head IS NOT NULL AND coalesce(p.active, true) "
        "UNION SELECT u.email FROM user_account u JOIN user_role r ON r.user_id = u.id "
        "WHERE u.active AND r.role IN ('admin', 'sdr_manager', 'sales_manager')"
    )
    return [email for (email,) in rows]


def _locked_standings(
    driver: Driver, people: list[str], schedules: Schedules, now: datetime
) -> Mapping[str, ClaimStanding]:
    """The standings of these people. Locks them, so that they claim nothing else until the transaction ends."""
    if not people:
        return {}
    # NO KEY: claims of one person wait for each other, but foreign keys and readers do not.
    driver.execute("SELECT FROM person WHERE email = ANY(%s) ORDER BY email FOR NO KEY UPDATE", [people])
    return read_standings(driver, people, schedules, now)


def read_standings(
    driver: Driver, people: list[str], schedules: Schedules, now: datetime
) -> Mapping[str, ClaimStanding]:
    """The standings of these people with the pool: claims of their day, leads they hold, suspension (R7.3)."""
    zones = [str(schedules.schedule(email).calendar.zone) for email in people]
    rows = driver.execute(
        "SELECT p.email, (SELECT count(*) FROM track_record r WHERE r.person = p.email AND r.kind = 'claimed' "
        "AND r.at >= date_trunc('day', %s::timestamptz, p.zone)), "
        "(SELECT count(*) FROM lead l WHERE l.owner = p.email AND l.stage = ANY(%s) AND l.merged_into IS NULL), "
        "EXISTS (SELECT FROM suspension s JOIN person USING (role) WHERE s.person = p.email AND person.email = p.email "
        "AND s.from_at <= %s AND s.until_at > %s AND s.ended_at IS NULL) "
        "FROM unnest(%s::text[], %s::text[]) AS p (email, zone)",
        [now, OPEN, now, now, people, zones],
    )
    return {email: ClaimStanding(claimed, holding, suspended) for email, claimed, holding, suspended in rows}
