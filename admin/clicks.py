"""Work of a person as one event: build it, store it, wait for its decision. Used by pages and API.

Reading the input and showing the answer belong to the page or route. May not decide anything.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin.moment import now
from engine.store.access.keys import WORK_SOURCE
from engine.store.inbox.inbox import Intake, accept
from engine.store.read import leads
from workers.queues import wake

PATIENCE = 2.0
"""Seconds to wait for the decision. A decision takes milliseconds; after this the answer is 202."""
FIRST_LOOK = 0.01
LONGEST_PAUSE = 0.05
"""Seconds between two looks for the decision, at first and later."""
MAX_TEXT = 2_000
"""Most characters of one text."""
RESULTS = ("reached", "connected", "conversation", "no_answer")


@dataclass(frozen=True, slots=True)
class WorkAction:
    """A work action: its event, its required texts (name → allowed values, empty: any text), its optional ones."""

    event: str
    needs: Mapping[str, tuple[str, ...]]
    may: tuple[str, ...] = ("note",)


ACTIONS: dict[str, WorkAction] = {
    "touch": WorkAction("lead.touched", {"channel": (), "result": RESULTS}),
    "qualify": WorkAction("lead.qualified", {}, ("note", "answers")),
    "accept": WorkAction("lead.accepted", {}),
    "reject": WorkAction("lead.rejected", {"reason": ()}),
    "release": WorkAction("lead.released", {"reason": ()}),
    "claim": WorkAction("lead.claimed", {}),
    "assign": WorkAction("lead.assigned", {"to": ()}),
    "dispatch": WorkAction("lead.dispatched", {"to": ()}),
    "disqualify": WorkAction("lead.disqualified", {"reason": ()}),
    "recycle": WorkAction("lead.recycled", {}),
    "reopen": WorkAction("lead.reopened", {}),
}
"""Every work action, in the order of the pages. A new action needs only an entry here."""

ERASE = WorkAction("lead.erased", {}, ())
"""Not among the work actions: it has an address, a permission and a confirmation of its own."""


@dataclass(frozen=True, slots=True)
class Clicked:
    """An accepted action: the id of its event. ``known``: the id existed before, so this call had no effect."""

    event_id: str
    known: bool


def click(
    lead: int, action: WorkAction, said: Mapping[str, Any], actor: str | None, event_id: str | None = None
) -> Clicked:
    """Accept the work and wake the lead.

    ``said``: the texts of the action, and ``answers``. ``event_id``: the id of a retry; None makes a new one.
    """
    moment = now()
    one = Intake(
        source=WORK_SOURCE,
        id=event_id or uuid.uuid4().hex,
        type=action.event,
        occurred_at=moment,
        due_at=moment,
        answers=said.get("answers", {}),
        properties={name: value for name, value in said.items() if name != "answers"},
        actor=actor,
        lead_id=lead,
    )
    taken = accept([one], moment)
    wake([lead])  # after the commit: a worker that wakes earlier would find nothing
    return Clicked(one.id, known=taken.duplicates > 0)


def await_decision(event_id: str, patience: float = PATIENCE) -> leads.Row:
    """Wait until the event is decided or set aside, at most ``patience`` seconds. Returns the event as it is then."""
    until = time.monotonic() + patience
    pause = FIRST_LOOK
    while True:
        event = leads.read_event(WORK_SOURCE, event_id)
        if event["status"] != "waiting" or time.monotonic() + pause > until:
            return event
        time.sleep(pause)
        # Most decisions take milliseconds, so the first look is early. Later looks are rarer to spare a busy database.
        pause = min(LONGEST_PAUSE, pause * 1.5)


def warnings_of(decision: Mapping[str, Any]) -> list[str]:
    """Codes of what speaks against the person who was named by hand and got the lead."""
    return list((decision["body"].get("assignment") or {}).get("warnings", ()))
