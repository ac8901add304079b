"""Why work on a lead is refused, in the reader's language, and what mends it: one entry per code of the decision core.

Says only; `engine.core.stages` and `engine.core.pool` decide. A test holds this table, docs/pool.md and the code to
one another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong and what to do about it, as texts of the reader's language."""

    says: Any
    mend: Any


REFUSALS: dict[str, Refused] = {
    "wrong_stage": Refused(
        _l("The lead's stage does not allow this."), _l("Look at the lead's stage: somebody may have been faster.")
    ),
    "person_required": Refused(
        _l("Only a person may do this."), _l("Sign in, or use a key that is bound to a person of the roster.")
    ),
    "no_owner": Refused(_l("The lead has no owner."), _l("Assign it to somebody first.")),
    "not_owner": Refused(
        _l("Only the lead's owner or a manager may do this."), _l("Ask the owner, their manager, or a head of team.")
    ),
    "reason_required": Refused(_l("A reason is needed."), _l("Choose one of the policy's reasons.")),
    "reason_unknown": Refused(
        _l("The policy does not know this reason."), _l("Choose one of the reasons of the policy in force.")
    ),
    "to_required": Refused(_l("It is not said who gets the lead."), _l("Name a person of the roster by e-mail.")),
    "unknown_person": Refused(
        _l("The person named is not in the roster."), _l("Name a person of the roster by e-mail.")
    ),
    "inactive_person": Refused(
        _l("The person named is not active."), _l("Choose somebody else, or make them active in the roster.")
    ),
    "already_owner": Refused(_l("The lead is theirs already."), _l("Nothing is to be done, or choose somebody else.")),
    "not_of_team": Refused(
        _l("The person named is in no team of the lead's owner."),
        _l("Choose somebody of the owner's team, or assign the lead instead of dispatching it."),
    ),
    "not_in_pool": Refused(
        _l("Only leads of the public pool can be claimed."), _l("Take another lead: somebody was faster.")
    ),
    "wrong_role": Refused(
        _l("People of another role claim leads of this stage."),
        _l("SDRs claim raw, nurture and ready leads, sales people claim MQLs."),
    ),
    "inactive": Refused(_l("People who are not active in the roster claim nothing."), _l("Ask your manager.")),
    "suspended": Refused(
        _l("Suspended people receive no leads."), _l("Wait until the suspension ends, or ask your manager to lift it.")
    ),
    "cooldown": Refused(
        _l("You had this lead and cannot claim it again yet."),
        _l("Take another lead, or wait for the cooldown to end."),
    ),
    "claims_per_day": Refused(
        _l("You have claimed as many leads today as allowed."), _l("Go on tomorrow.")
    ),
    "holding": Refused(
        _l("You hold as many leads as allowed."), _l("Finish, release or hand over leads you have, then claim again.")
    ),
}  # fmt: skip


def sentence(refused: Mapping[str, Any]) -> str:
    """A stored refusal as one text: what is wrong and what to do; its own message for codes not known here."""
    known = REFUSALS.get(refused["code"])
    return f"{known.says} {known.mend}" if known else str(refused["message"])
