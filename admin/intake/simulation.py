"""What a simulation is given: events that no key vouches for, a policy, a roster; each checked as a whole, at the edge.

A file or a body that is simulated speaks for everybody: `actor` and `imported` are taken as written, and no moment lies
too far ahead, for what is later than the moment of scoring is not yet history (R1.9). May not run anything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from admin.intake.envelope import ItemRefused, Sender, parse_moment, read_item
from admin.intake.identifiers import UnusableIdentifier, read_email
from admin.intake.json_text import UnreadableJson, parse_json
from engine.core.lead.model import LeadEvent

SOURCE = "simulation"
EVERYTHING = Sender(SOURCE, frozenset({"events:write", "leads:write"}))
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BadEvent:
    """An event that cannot be used; ``place`` is its line in a file or its index in a list."""

    place: int
    code: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"line {self.place}: {self.path or 'the event'} {self.message} [{self.code}]"


def read_event(item: Any, *, suspect: bool) -> LeadEvent:
    """One envelope as an event; raises Refused."""
    actor = item.get("actor") if isinstance(item, dict) else None
    if actor is not None:
        item = {key: value for key, value in item.items() if key != "actor"}
    intake = read_item(item, EVERYTHING, END_OF_TIME, suspect=suspect)
    return LeadEvent(
        source=intake.source,
        id=intake.id,
        type=intake.type,
        occurred_at=intake.occurred_at,
        identities=intake.identities,
        unreadable=intake.unreadable,
        traits=intake.traits,
        company=intake.company,
        answers=intake.answers,
        properties=intake.properties,
        actor=None if actor is None else _read_actor(actor),
        imported=intake.imported,
    )


def _read_actor(actor: Any) -> str:
    if not isinstance(actor, str):
        raise ItemRefused("wrong_type", "actor", "must be the e-mail address of a person, or left out")
    try:
        return read_email(actor.strip())
    except UnusableIdentifier as why:
        raise ItemRefused("bad_identifier", "actor", str(why)) from None


def read_lines(lines: Iterable[bytes]) -> tuple[list[LeadEvent], list[BadEvent]]:
    """The events of an NDJSON file, blank lines left out, and every line that is none."""
    events: list[LeadEvent] = []
    bad: list[BadEvent] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            parsed = parse_json(line)
            events.append(read_event(parsed.value, suspect=parsed.suspect))
        except UnreadableJson as why:
            bad.append(BadEvent(number, why.code, "", f"cannot be read: {why}"))
        except ItemRefused as why:
            bad.append(BadEvent(number, why.code, why.path, why.message))
    return events, bad


def read_list(items: Iterable[Any], *, suspect: bool) -> tuple[list[LeadEvent], list[BadEvent]]:
    """The events of a list, and every item that is none; places are indexes from 0."""
    events: list[LeadEvent] = []
    bad: list[BadEvent] = []
    for index, item in enumerate(items):
        try:
            events.append(read_event(item, suspect=suspect))
        except ItemRefused as why:
            bad.append(BadEvent(index, why.code, why.path, why.message))
    return events, bad


def read_moment(text: str) -> datetime:
    """A moment with its zone, as UTC; raises Refused."""
    return parse_moment(text, "moment")


def last_moment(events: Iterable[LeadEvent]) -> datetime | None:
    """When the last event happened: the default moment of scoring (R9.1)."""
    return max((event.occurred_at for event in events), default=None)


def summary(lines: Iterable[dict[str, Any]]) -> "SimulationSummary":
    """What a simulation came to, all leads together."""
    total = SimulationSummary({}, {}, {}, {}, {})
    for line in lines:
        total.add(line)
    return total


@dataclass(slots=True)
class SimulationSummary:
    """Leads per stage, cell and owner, clocks per state, decisions per kind of event."""

    stages: dict[str, int]
    cells: dict[str, int]
    owners: dict[str, int]
    clocks: dict[str, int]
    decisions: dict[str, int]
    leads: int = 0

    def add(self, line: dict[str, Any]) -> None:
        """One lead more."""
        self.leads += 1
        _count(self.stages, line["stage"])
        _count(self.cells, line["cell"])
        if line["owner"] is not None:
            _count(self.owners, line["owner"])
        for clock in line["clocks"]:
            _count(self.clocks, f"{clock['key']} {clock['state']}")
        for decision in line["decisions"]:
            _count(self.decisions, decision["event"])

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """(what, which, how many), in the order of the report."""
        for what, counts in (
            ("stage", self.stages),
            ("cell", self.cells),
            ("owner", self.owners),
            ("clock", self.clocks),
            ("decision", self.decisions),
        ):
            for which in sorted(counts):
                yield what, which, counts[which]
        yield "leads", "", self.leads


def _count(counts: dict[str, int], which: str) -> None:
    counts[which] = counts.get(which, 0) + 1
