"""Why work on a lead is refused, and how to fix it, in the reader's language: one entry per code of the decision core.

The core gives a code and values (`engine.core.lead.refusal`). Only this module turns them into sentences. A test
compares this table, docs/pool.md and the code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import force_locale, format_datetime
from flask_babel import lazy_gettext as _l

from admin.text import terms

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RefusalText:
    """What is wrong, and what to do, in the reader's language.

    ``says`` needs no values: refusals stored by an older version have none. ``tells`` has named placeholders for the
    values; None if the code has no values.
    """

    says: Any
    mend: Any
    tells: Any = None


REFUSALS: dict[str, RefusalText] = {
    "wrong_stage": RefusalText(
        _l("The lead's stage does not allow this."),
        _l("Look at the lead's stage: somebody may have been faster."),
        _l("This needs a lead at one of these stages: %(origins)s. This lead's stage is: %(stage)s."),
    ),
    "erased": RefusalText(
        _l("The person's data were erased; nothing can be done with this lead."),
        _l("A new contact of the person begins a new lead."),
    ),
    "person_required": RefusalText(
        _l("Only a person may do this."), _l("Sign in, or use a key that is bound to a person of the roster.")
    ),
    "shared_visitor": RefusalText(
        _l("Nothing but an identifier that several people share names this lead."),
        _l("Work on the lead of one of these people."),
    ),
    "no_owner": RefusalText(_l("The lead has no owner."), _l("Assign it to somebody first.")),
    "not_owner": RefusalText(
        _l("Only the lead's owner or a manager may do this."),
        _l("Ask the owner, their manager, or a head of team."),
        _l("The lead belongs to %(owner)s. Only its owner or a manager may do this."),
    ),
    "not_yours": RefusalText(
        _l("Only people who have the lead in hand or a manager may do this."),
        _l("Ask the owner, their manager, or a head of team."),
        _l("The lead belongs to %(owner)s. Only people who have it in hand or a manager may do this."),
    ),
    "reason_required": RefusalText(
        _l("A reason is needed."),
        _l("Choose one of the policy's reasons."),
        _l("A reason is needed, one of: %(reasons)s."),
    ),
    "reason_unknown": RefusalText(
        _l("The policy does not know this reason."),
        _l("Choose one of the reasons of the policy in force."),
        _l("The policy does not know the reason %(reason)s. It knows: %(reasons)s."),
    ),
    "to_required": RefusalText(_l("It is not said who gets the lead."), _l("Name a person of the roster by e-mail.")),
    "unknown_person": RefusalText(
        _l("The person named is not in the roster."),
        _l("Name a person of the roster by e-mail."),
        _l("%(person)s is not in the roster."),
    ),
    "inactive_person": RefusalText(
        _l("The person named is not active."),
        _l("Choose somebody else, or make them active in the roster."),
        _l("%(person)s is not active in the roster."),
    ),
    "already_owner": RefusalText(
        _l("The lead is theirs already."),
        _l("Nothing is to be done, or choose somebody else."),
        _l("%(person)s owns the lead already."),
    ),
    "not_of_team": RefusalText(
        _l("The person named is in no team of the lead's owner."),
        _l("Choose somebody of the owner's team, or assign the lead instead of dispatching it."),
        _l("%(person)s is in no team that %(owner)s heads."),
    ),
    "not_in_pool": RefusalText(
        _l("Only leads of the public pool can be claimed."), _l("Take another lead: somebody was faster.")
    ),
    "wrong_role": RefusalText(
        _l("People of another role claim leads of this stage."),
        _l("SDRs claim raw, nurture and ready leads, sales people claim MQLs."),
        _l("Leads at stage “%(stage)s” are claimed by people of role %(role)s."),
    ),
    "inactive": RefusalText(
        _l("People who are not active in the roster claim nothing."),
        _l("Ask your manager."),
        _l("%(person)s is not active in the roster and cannot claim leads."),
    ),
    "suspended": RefusalText(
        _l("Suspended people receive no leads."),
        _l("Wait until the suspension ends, or ask your manager to lift it."),
        _l("%(person)s is suspended and receives no leads."),
    ),
    "cooldown": RefusalText(
        _l("You had this lead and cannot claim it again yet."),
        _l("Take another lead, or wait for the cooldown to end."),
        _l("%(person)s had this lead and may claim it again from %(until)s."),
    ),
    "claims_per_day": RefusalText(
        _l("You have claimed as many leads today as allowed."),
        _l("Go on tomorrow."),
        _l("The claims of today are used up. Allowed a day: %(limit)s."),
    ),
    "holding": RefusalText(
        _l("You hold as many leads as allowed."),
        _l("Finish, release or hand over leads you have, then claim again."),
        _l("No more leads may be held. Allowed at once: %(limit)s."),
    ),
}


def says(refused: Json) -> str:
    """What is wrong: with values, else without, else the sentence that an older version stored."""
    known = REFUSALS.get(refused["code"])
    if known is None:
        return str(refused.get("message") or refused["code"])
    if known.tells is None:
        return str(known.says)
    values = {name: value for name, value in (refused.get("values") or {}).items() if value not in (None, [])}
    try:
        return str(known.tells) % {name: _word(name, value) for name, value in values.items()}
    except KeyError:  # a value is missing: the lead has no owner, or an older version stored the decision
        return str(known.says)


def mend(refused: Json) -> str | None:
    """What to do. None for codes of a later version."""
    known = REFUSALS.get(refused["code"])
    return str(known.mend) if known else None


def sentence(refused: Json) -> str:
    """A stored refusal in one text: what is wrong, and what to do."""
    return " ".join(filter(None, (says(refused), mend(refused))))


def refusal_shown(refused: Json) -> dict[str, Any]:
    """A stored refusal as the API shows it, always with an English message."""
    with force_locale("en"):
        return {**refused, "message": refused.get("message") or says(refused)}


def _word(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_word(name, member) for member in value)
    return str(WORDS[name](value)) if name in WORDS else str(value)


def _moment(text: str) -> str:
    return str(format_datetime(datetime.fromisoformat(text), "short"))


WORDS: dict[str, Callable[[Any], Any]] = {
    "stage": lambda code: terms.term(terms.STAGES, code),
    "origins": lambda code: terms.term(terms.STAGES, code),
    "role": lambda code: terms.term(terms.ROLES, code),
    "until": _moment,
}
"""Name of a value → word for its code. Other values are shown as they are."""
