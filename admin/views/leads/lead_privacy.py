"""One person's data in the pages: everything kept of them, consent, and erasure with a second confirmation (R4.8)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext

from admin.clicks import ERASE, await_decision, click
from admin.lead_data.lead_json import consent_json
from admin.permissions import May, actor, may
from admin.text import sentences
from engine.core.explain import moment
from engine.store.read.leads import LeadRecord
from engine.store.read.personal_data import read_personal_data


def may_erase(row: Mapping[str, Any]) -> bool:
    """Whether the reader may erase this lead, and there is something to erase."""
    return may(May.ERASE_LEADS) and row["stage"] is not None and "erased_at" not in row["state"]


def erase(row: Mapping[str, Any], typed: str) -> tuple[str, str]:
    """Erase the person if the lead's number was typed; returns a message and its kind."""
    if typed.strip().removeprefix("#") != str(row["id"]):
        return gettext("Nothing was erased: type the lead's number, %(number)s.", number=row["id"]), "error"
    event = await_decision(click(row["id"], ERASE, {}, actor()).event_id)
    if event["decision"] is None:
        return gettext("Accepted. It waits to be decided; reload the page in a moment."), "info"
    if refused := event["decision"]["body"].get("refused"):
        return sentences.refusal(refused), "error"
    return gettext("The person's data were erased."), "success"


def consent(record: LeadRecord) -> dict[str, dict[str, Any]]:
    """Channel → what was said of it, with the moment as the page writes it."""
    return {
        channel: {**said, "at_moment": datetime.fromisoformat(said["at"])}
        for channel, said in consent_json(record).items()
    }


def stored_data(number: int) -> dict[str, list[list[tuple[str, Any]]]]:
    """Table → rows → (column, value) of everything stored about a person; empty columns and tables are left out."""
    return {
        table: [[(name, value) for name, value in row.items() if value not in (None, {}, [])] for row in rows]
        for table, rows in read_personal_data(number).items()
        if rows
    }


def exported(number: int, lead: Mapping[str, Any], at: Any) -> dict[str, Any]:
    """The same document as `GET /v1/leads/{id}/export`."""
    return {"exported_at": moment(at), "lead": lead, "stored": read_personal_data(number)}
