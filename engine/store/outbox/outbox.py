"""Outgoing changes for subscribers, written in the deciding transaction (docs/contract/design.md §5).

Computes nothing without subscribers. One row per change and subscription. `workers.deliver` sends them.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from engine.core.explain import moment
from engine.core.lead.model import LeadEvent
from engine.core.notify.retries import TRIED_FOR
from engine.core.outgoing import SCORES, Decided, OutgoingChange, changes, scores_of
from engine.store.session import Driver


class Message(NamedTuple):
    """A message to deliver, once per channel, cause and address."""

    channel: str
    cause: str
    address: str
    subscription_id: int | None
    kind: str
    payload: Mapping[str, Any]
    state: str = "waiting"


def save_outgoing(driver: Driver, decided: Sequence[tuple[int, LeadEvent, Decided]], now: datetime) -> None:
    """Write the changes of these decisions for all subscribers, in order: (lead, event, outcome).

    Call it before the leads are saved: the old scores are read from their rows.
    """
    subscribers = driver.execute("SELECT id, url, events FROM subscription WHERE active ORDER BY id").fetchall()
    if not subscribers or not decided:
        return
    leads = sorted({lead for lead, _, _ in decided})
    scores, names = _read_scores(driver, leads), _read_names(driver, leads)
    messages = []
    for lead, event, outcome in decided:
        found = changes(event, outcome, scores.get(lead))
        # The next decision of this batch on the lead compares with these.
        scores[lead] = scores_of(outcome.scores)
        for change in found:
            body = _body(change, lead, names.get(lead), event, now)
            messages += [
                Message("webhook", f"{change.type}:{lead}:{event.seq}:{number}", url, number, change.type, body)
                for number, url, events in subscribers
                if change.type in events
            ]
    save_messages(driver, messages, now)


def save_messages(driver: Driver, messages: Iterable[Message], now: datetime) -> int:
    """Write messages that are due now. Known causes are left out. Returns how many are new."""
    rows = [
        (f"msg_{uuid.uuid4().hex}", *message[:5], Jsonb(message.payload, dumps=_dumps), message.state)
        for message in messages
    ]
    if not rows:
        return 0
    done = driver.execute(
        "INSERT INTO delivery (message_id, channel, cause, address, subscription_id, kind, payload, state, created_at, "
        "next_at, give_up_at) SELECT *, %s::timestamptz, %s::timestamptz, %s::timestamptz FROM unnest(%s::text[], "
        "%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::jsonb[], %s::text[]) "
        "ON CONFLICT (channel, cause, address) DO NOTHING",
        [now, now, now + TRIED_FOR, *(list(column) for column in zip(*rows, strict=True))],
    )
    return done.rowcount


def _body(change: OutgoingChange, lead: int, name: str | None, event: LeadEvent, now: datetime) -> dict[str, Any]:
    """The body of a webhook: type, timestamp and data, by the Standard Webhooks specification."""
    return {
        "type": change.type,
        "timestamp": moment(now),
        "data": {
            "lead": {"id": lead, "external_id": name},
            "event": {"source": event.source, "id": event.id, "type": event.type},
            "old": dict(change.old),
            "new": dict(change.new),
        },
    }


def _read_scores(driver: Driver, leads: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The stored scores of leads that were decided before."""
    with driver.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"SELECT id, {', '.join(SCORES)} FROM lead WHERE id = ANY(%s) AND model IS NOT NULL",  # noqa: S608 - a constant list
            [list(leads)],
        )
        return {row.pop("id"): {name: _plain(value) for name, value in row.items()} for row in rows}


def _read_names(driver: Driver, leads: Sequence[int]) -> dict[int, str]:
    """The external ids of leads, by which other systems know them."""
    return dict(
        driver.execute(
            "SELECT lead_id, min(value) FROM identity WHERE kind = 'external_id' AND lead_id = ANY(%s) "
            "GROUP BY lead_id",
            [list(leads)],
        )
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else float(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
