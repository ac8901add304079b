"""Two leads that proved to be one person: which one stays, and what it takes over (docs/contract/design.md §2).

Pure: states in, the joined state out. Claims and histories are joined by `engine.core.lead.facts` and
`engine.core.lead.history`; identities, events and clocks move in `engine.store.decisions.merges`.
"""

from dataclasses import replace

from engine.core.lead.model import Stage
from engine.core.lead.state import LeadState

CLOSED_BY_RULE = "closed_by_rule"
"""Disqualified by an exclusion or a cell: a guess, which any open lead outranks."""
STANDING = (
    Stage.OPPORTUNITY, Stage.SQL, Stage.MQL, Stage.WON, Stage.LOST, Stage.DISQUALIFIED, Stage.READY, CLOSED_BY_RULE,
    Stage.NURTURE, Stage.RAW, None,
)  # fmt: skip
"""Which lead stays, the first listed first. A new deal goes before an old outcome, and an outcome or the word of a
person before what a rule alone made of a lead: a browser that is recognised late does not reopen a customer."""


def standing(state: LeadState, lead_id: int) -> tuple[int, bool, int]:
    """Sort key: the lead that sorts first stays. At one stage the owned one does, then the older one."""
    by_rule = state.stage is Stage.DISQUALIFIED and state.disqualified_by != "person"
    return (STANDING.index(CLOSED_BY_RULE if by_rule else state.stage), state.owner is None, lead_id)


def join(winner: LeadState, loser: LeadState) -> LeadState:
    """The state of the lead that stays: its stage and owner, everybody remembered from both."""
    return replace(
        winner,
        sdr=winner.sdr or loser.sdr,
        rep=winner.rep or loser.rep,
        touches=winner.touches + loser.touches,
        confirmed_at=winner.confirmed_at or loser.confirmed_at,
        reject_reason=winner.reject_reason or loser.reject_reason,
        release_reason=winner.release_reason or loser.release_reason,
        passed_over=tuple(
            sorted({*winner.passed_over, *loser.passed_over}, key=lambda entry: (entry.at, entry.person))
        ),
    )
