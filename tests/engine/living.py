"""The whole engine in the test's process: time jumps from one due moment to the next, as the scheduler sees them.

It uses the tables and duties of the product. Only the clock is replaced.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.store.decisions.discipline import end_suspensions
from engine.store.due.clocks import fire_due_clocks
from engine.store.due.protection import fire_protections
from engine.store.due.queue import QueueWatch
from engine.store.due.refreshes import send_refreshes
from engine.store.roster.roster import import_roster
from tests.factories import HandClock, column, decide_all, event, rows, take_in

START = datetime(2036, 11, 21, 2, 0, tzinfo=UTC)
"""A Friday morning in Shanghai, later than the machine's clock, by which the audit log is kept."""
LI, WANG, ZHAO = "li@example.com", "wang@example.com", "zhao@example.com"
"""SDRs."""
SUN, MA, BOSS = "sun@example.com", "ma@example.com", "boss@example.com"
"""Two of sales, and the manager of all."""
DUTIES: tuple[Callable[[datetime], Sequence[int]], ...] = (
    fire_due_clocks,
    fire_protections,
    end_suspensions,
    send_refreshes,
)
NEXT = """
SELECT min(at) FROM (
  SELECT min(next_at) AS at FROM clock
  UNION ALL SELECT min(pool_next_at) FROM lead WHERE merged_into IS NULL
  UNION ALL SELECT min(until_at) FROM suspension WHERE ended_at IS NULL
  UNION ALL SELECT date_trunc('day', %s, 'Asia/Shanghai') + interval '1 day' WHERE EXISTS (
    SELECT FROM lead WHERE queued_role IS NOT NULL)
) AS due WHERE at > %s
"""
"""The next moment at which a scheduler has something to do; days begin for leads that wait."""


def people(*emails: str, role: str = "sdr", manager: str | None = BOSS, **more: Any) -> list[dict[str, Any]]:
    """Rows of a roster document."""
    return [{"email": email, "role": role, **({"manager": manager} if manager else {}), **more} for email in emails]


class Living:
    """Events, roster edits and time, one after another."""

    def __init__(self) -> None:
        self.clock = HandClock(START)
        self._queue = QueueWatch()

    @property
    def now(self) -> datetime:
        """The moment it is."""
        return self.clock.now()

    def roster(self, *several: dict[str, Any], **options: Any) -> None:
        """Import people as somebody edits the roster, a second later: the queue is looked at once a second."""
        self.clock.pass_by(seconds=1)
        document = {"format": "baton.roster/1", "people": list(several)}
        import_roster(document, by=BOSS, now=self.now, **options)
        self.settle()

    def happens(self, type_: str = "lead.identified", /, lead: str = "x", **parts: Any) -> None:
        """An event arrives now and is decided, with all that follows at this moment."""
        names = {} if "email" in parts or "external_id" in parts else {"external_id": lead}
        take_in(event(type_, at=self.now, **names, **parts), now=self.now)
        self.settle()

    def settle(self) -> None:
        """Do everything there is to do at this moment."""
        busy = True
        while busy:
            fired = [lead for duty in DUTIES for lead in duty(self.now)]
            decided = decide_all(self.clock)
            busy = bool(fired or decided or self._queue.ask(self.now))

    def wait(self, **span: float) -> None:
        """Let time pass, stopping wherever something is due."""
        until = self.now + timedelta(**span)
        while (due := column(NEXT, self.now, self.now)[0]) is not None and due <= until:
            self.clock.moment = due
            self.settle()
        self.clock.moment = until
        self.settle()


def clocks(lead: str = "x") -> list[tuple[str, str | None, str]]:
    """(key, owner, state) of a lead's clocks, the first started first."""
    return [
        (key, owner, state)
        for key, owner, state in rows(
            "SELECT key, owner, state FROM clock WHERE lead_id = %s ORDER BY id", number(lead)
        )
    ]


def number(lead: str = "x") -> int:
    """The lead of an external id."""
    return int(column("SELECT lead_id FROM identity WHERE kind = 'external_id' AND value = %s", lead)[0])


def standing(lead: str = "x") -> tuple[str | None, str | None]:
    """Stage and owner of a lead."""
    ((stage, owner),) = rows("SELECT stage, owner FROM lead WHERE id = %s", number(lead))
    return stage, owner


def told(*kinds: str) -> list[tuple[str, str]]:
    """(kind, person) of everybody who was told something of these kinds, in the order of time; of all without kinds."""
    several = rows("SELECT kind, person FROM notice ORDER BY id")
    return [(kind, person) for kind, person in several if not kinds or kind in kinds]


def recorded(*kinds: str) -> list[tuple[str, str]]:
    """(kind, person) of what counts in people's records, in the order of time."""
    several = rows("SELECT kind, person FROM track_record ORDER BY id")
    return [(kind, person) for kind, person in several if not kinds or kind in kinds]


def candidates(lead: str = "x") -> dict[str, str]:
    """Person → reason of the latest assignment of a lead."""
    (body,) = column(
        "SELECT body->'assignment' FROM decision WHERE lead_id = %s AND body ? 'assignment' "
        "AND body->'assignment' <> 'null' ORDER BY id DESC LIMIT 1",
        number(lead),
    )
    return {one["person"]: one["reason"] for one in body["candidates"]}
