"""Work on a lead in the pages: the actions on offer, and how one becomes an event.

An action takes the same path as `POST /v1/leads/{id}/work`, with the signed-in person as actor. The offer applies the
rules of the decision core. The decision may still refuse: the lead can change in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin.clicks import ACTIONS, MAX_TEXT, await_decision, click, warnings_of
from admin.lead_data.lead_json import policy_of
from admin.moment import now
from admin.permissions import May, actor, may
from admin.reach import ReadAccess
from admin.text import refusals, sentences, terms
from admin.views import problems
from admin.views.policy.part_columns import label_of
from engine.core.lead.model import BEFORE_MQL
from engine.core.lead.people import People
from engine.core.lead.state import LeadState, load_state
from engine.core.qualification.offers import receivers, refusal_of
from engine.core.qualification.stages import WORK
from engine.errors import NotFound
from engine.store.policy.versions import active_number
from engine.store.read import leads
from engine.store.read.pool_list import read_desk
from engine.store.roster.colleagues import Colleague, read_colleagues
from rulesets.policy.policy import Policy, Reason

QUESTIONS = {
    "disqualify": _l("Disqualify this lead? It is closed until somebody reopens it."),
    "recycle": _l("Recycle this lead? It loses its owner, its clocks end, and it starts again in nurture."),
    "reopen": _l("Reopen this lead? It starts again in nurture, without an owner."),
}
"""Action → question before an action that affects others."""
FIELDS = {"channel": _l("Channel"), "result": _l("Result"), "reason": _l("Reason"), "to": _l("Person")}
"""Argument of an action → its label."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An action on offer: its arguments, their choices, and the question before it."""

    action: str
    needs: Sequence[str]
    reasons: Sequence[tuple[str, Any]] = ()
    people: Mapping[str, Sequence[Colleague]] = field(default_factory=dict)
    question: Any = ""


def offers(row: Mapping[str, Any]) -> list[Offer]:
    """The actions this person may take on this lead now, in the order of `ACTIONS`."""
    number = active_number()
    if number is None or row["stage"] is None or not may_work(row):
        return []
    policy, state = policy_of(number), load_state(row, row["state"])
    people = read_desk(actor(), policy, now())
    colleagues = read_colleagues()
    found = (_offer(action, state, policy, people, colleagues) for action in ACTIONS)
    return [offer for offer in found if offer is not None]


def reason_label(reason: Reason) -> str:
    """A reason of the policy in the reader's language, else its key."""
    label = reason.label
    return label_of(label if isinstance(label, str | None) else label.model_dump(exclude_none=True)) or reason.key


def may_work(row: Mapping[str, Any]) -> bool:
    """Whether a person may work on a lead at all. The decision core says which actions are legal."""
    return may(May.WORK_ANY_LEAD) or (may(May.WORK_OWN_LEADS) and ReadAccess(actor()).sees(row))


def living(number: int) -> int:
    """The id of the lead of an address. A merged lead becomes its successor; an unknown one ends with 404."""
    try:
        return leads.lead_exists(number)
    except NotFound:
        problems.not_found()


def claim_refusal(state: LeadState, policy: Policy, people: People) -> str | None:
    """Why the reader may not claim a lead, in words. None if they may."""
    refused = refusal_of("lead.claimed", state, actor(), now(), policy, people)
    return refusals.says({"code": refused.code, "values": refused.values}) if refused else None


def do_work(lead: int, action: str, form: Mapping[str, str]) -> tuple[str, str]:
    """Accept the work, wake the lead, wait for the decision. Returns a message and its kind."""
    wanted = ACTIONS[action]
    said = {name: form.get(name, "").replace("\x00", "").strip()[:MAX_TEXT] for name in (*wanted.needs, "note")}
    lacking = [name for name in wanted.needs if not said[name]]
    odd = [name for name, allowed in wanted.needs.items() if allowed and said[name] and said[name] not in allowed]
    if lacking or odd:
        names = ", ".join(str(FIELDS[name]) for name in lacking or odd)
        return gettext("Please choose: %(what)s.", what=names), "error"
    clicked = click(lead, wanted, {name: value for name, value in said.items() if value}, actor())
    return _outcome(clicked.event_id)


def _offer(
    action: str, state: LeadState, policy: Policy, people: People, colleagues: Sequence[Colleague]
) -> Offer | None:
    """The offer of one action. None if it would be refused, or if nobody can get the lead."""
    wanted = ACTIONS[action]
    if action == "qualify" and state.stage not in BEFORE_MQL:
        return None
    if "to" in wanted.needs:
        to = set(receivers(wanted.event, state, actor(), now(), policy, people))
        there = by_role(one for one in colleagues if one.email in to)
        return Offer(action, tuple(wanted.needs), people=there) if there else None
    if refusal_of(wanted.event, state, actor(), now(), policy, people):
        return None
    listed = WORK[wanted.event].reasons
    reasons = getattr(policy.reasons, listed) if listed else ()
    return Offer(
        action,
        tuple(wanted.needs),
        reasons=[(reason.key, reason_label(reason)) for reason in reasons],
        question=QUESTIONS.get(action, ""),
    )


def by_role(colleagues: Iterable[Colleague]) -> dict[str, list[Colleague]]:
    """People grouped by role, roles that take leads first."""
    groups: dict[str, list[Colleague]] = {role: [] for role in ("sdr", "sales", "manager")}
    for one in colleagues:
        groups.setdefault(one.role, []).append(one)
    return {role: several for role, several in groups.items() if several}


def _outcome(event_id: str) -> tuple[str, str]:
    event = await_decision(event_id)
    if event["decision"] is None:
        return gettext("Accepted. It waits to be decided; reload the page in a moment."), "info"
    refused = event["decision"]["body"].get("refused")
    if refused:
        return sentences.refusal(refused), "error"
    told = "; ".join(sentences.happened(event["decision"])) or gettext("recorded")
    against = [str(terms.term(terms.WARNINGS, code)) for code in warnings_of(event["decision"])]
    if against:
        why = "; ".join(against)
        return gettext("%(what)s. Done although the person %(why)s.", what=told, why=why), "warning"
    return told, "success"
