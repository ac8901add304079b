"""List suspensions, and lift one early (R6.6). Decisions begin them; the scheduler ends them."""

from dataclasses import dataclass
from datetime import datetime

from engine.errors import NotFound
from engine.store.access import audit
from engine.store.inbox.inbox import ENGINE_SOURCE, Intake, put
from engine.store.orm import unit_of_work
from engine.store.roster.roster_lock import change_roster_lock
from engine.store.session import raw, transaction
from rulesets.document.wording import says

COLUMNS = "id, person, role, rule, from_at, until_at, lead_id, event_id, ended_at, lifted_by"


@dataclass(frozen=True, slots=True)
class SuspensionShown:
    """A suspension: the person, the role whose leads they do not receive, the strike rule, and the lead that caused
    it.
    """

    id: int
    person: str
    role: str
    rule: str
    from_at: datetime
    until_at: datetime
    lead_id: int
    event_id: int
    ended_at: datetime | None
    lifted_by: str | None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force at a moment."""
        return self.from_at <= now < (self.ended_at or self.until_at)


def read_suspensions(person: str | None = None, limit: int = 200) -> list[SuspensionShown]:
    """Suspensions of a person or of everybody, the latest first."""
    with transaction() as connection:
        rows = raw(connection).execute(
            f"SELECT {COLUMNS} FROM suspension WHERE (%(person)s::text IS NULL OR person = %(person)s) "  # noqa: S608 - a constant list
            "ORDER BY from_at DESC, id DESC LIMIT %(limit)s",
            {"person": person, "limit": limit},
        )
        return [SuspensionShown(*row) for row in rows]


def lift_suspension(number: int, by: str, reason: str, now: datetime) -> list[int]:
    """End a suspension early; audited. Returns the leads to wake. Raises NotFound if it is over."""
    with unit_of_work() as session:
        driver = raw(session.connection())
        # Running batches have read the suspension; they must commit before it ends.
        change_roster_lock(driver)
        row = driver.execute(
            "UPDATE suspension SET ended_at = %s, lifted_by = %s WHERE id = %s AND ended_at IS NULL AND until_at > %s "  # noqa: S608 - a constant list
            f"RETURNING {COLUMNS}",
            [now, by, number, now],
        ).fetchone()
        if row is None:
            raise NotFound(says("this suspension is over already"))
        lifted = SuspensionShown(*row)
        audit.record(
            session,
            actor=by,
            action="suspension.lifted",
            subject=f"person/{lifted.person}",
            before={"role": lifted.role, "rule": lifted.rule, "until": lifted.until_at.isoformat()},
            after={"until": now.isoformat()},
            reason=reason,
        )
        return [lead for _, lead in put(driver, [_ended(lifted, now)])]


def _ended(lifted: SuspensionShown, now: datetime) -> Intake:
    """The event of its end, the same as when its time is over."""
    return Intake(
        source=ENGINE_SOURCE,
        id=f"suspension:{lifted.id}:ended",
        type="suspension.ended",
        occurred_at=now,
        due_at=now,
        properties={
            "person": lifted.person, "role": lifted.role, "rule": lifted.rule, "until": now.isoformat(),
            "lifted_by": lifted.lifted_by,
        },
        lead_id=lifted.lead_id,
    )  # fmt: skip
