"""A click of a person as an event: the same way as `POST /v1/leads/{id}/work`, with the session's person as actor."""

import uuid
from collections.abc import Mapping

from flask_babel import gettext

from admin.api.work import ACTIONS, await_decision
from admin.moment import now
from admin.permissions import actor
from admin.views import sentences
from engine.store.inbox import Intake, accept
from engine.store.keys import WORK_SOURCE
from workers.queues import wake

LONGEST = 2000


def do_work(lead: int, action: str, form: Mapping[str, str]) -> tuple[str, str]:
    """Accept the work, wake the lead, wait; returns a message and its kind."""
    wanted = ACTIONS[action]
    said = {name: form.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in (*wanted.needs, "note")}
    lacking = [name for name in wanted.needs if not said[name]]
    odd = [name for name, allowed in wanted.needs.items() if allowed and said[name] and said[name] not in allowed]
    if lacking or odd:
        return gettext("Please choose: %(what)s.", what=", ".join(lacking or odd)), "error"
    moment, event_id = now(), uuid.uuid4().hex
    properties = {name: value for name, value in said.items() if value}
    accept(
        [
            Intake(
                source=WORK_SOURCE,
                id=event_id,
                type=wanted.event,
                occurred_at=moment,
                due_at=moment,
                properties=properties,
                actor=actor(),
                lead_id=lead,
            )
        ],
        moment,
    )
    wake([lead])
    return _outcome(event_id)


def _outcome(event_id: str) -> tuple[str, str]:
    event = await_decision(WORK_SOURCE, event_id)
    if event["decision"] is None:
        return gettext("Accepted. It waits to be decided; reload the page in a moment."), "info"
    refused = event["decision"]["body"].get("refused")
    if refused:
        return sentences.refusal(refused), "error"
    return gettext(
        "Done: %(what)s", what="; ".join(sentences.happened(event["decision"])) or gettext("recorded")
    ), "success"
