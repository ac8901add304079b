"""A click: what somebody does with a lead, as one event. Pages and API build it and await its decision here.

A click goes the way of every event: accepted into the inbox, its lead woken, its decision awaited. May not decide
anything, and knows no door: how input is read and answers are shown is theirs.
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
"""Seconds to wait for the decision."""
FIRST_LOOK = 0.01
LONGEST_PAUSE = 0.05
MAX_TEXT = 2_000
"""Most characters of one text that a click says."""
RESULTS = ("reached", "connected", "conversation", "no_answer")


@dataclass(frozen=True, slots=True)
class WorkAction:
    """One thing people do: the event it is, what it must say (name → allowed values, empty: any text), what it may."""

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
"""The work actions there are, as the pages show them. An entry here is all that a further one needs."""

ERASE = WorkAction("lead.erased", {}, ())
"""Not among the work actions: it has an address, a permission and a confirmation of its own."""


@dataclass(frozen=True, slots=True)
class Clicked:
    """A click in the inbox: the id of its event; ``known`` when that id was there already, and nothing was done."""

    event_id: str
    known: bool


def click(
    lead: int, action: WorkAction, said: Mapping[str, Any], actor: str | None, event_id: str | None = None
) -> Clicked:
    """Take the work in and wake the lead.

    ``said`` are the texts of the action, and ``answers`` where it takes them. ``event_id``: None makes a new one.
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
    wake([lead])
    return Clicked(one.id, known=taken.duplicates > 0)


def await_decision(event_id: str, patience: float = PATIENCE) -> leads.Row:
    """The click as soon as it is decided or set aside, else as it stands when patience ends."""
    until = time.monotonic() + patience
    pause = FIRST_LOOK
    while True:
        event = leads.read_event(WORK_SOURCE, event_id)
        if event["status"] != "waiting" or time.monotonic() + pause > until:
            return event
        time.sleep(pause)
        # looks grow apart: a decision mostly takes a few milliseconds, and a busy database is not asked more often
        pause = min(LONGEST_PAUSE, pause * 1.5)


def warnings_of(decision: Mapping[str, Any]) -> list[str]:
    """Codes of what spoke against the person to whom a decision gave the lead because somebody named them."""
    return list((decision["body"].get("assignment") or {}).get("warnings", ()))
