"""The stage table: which event moves a lead from where to where, and what cells and routes do (POLICY.md R4.5–R4.7, R3.9).

`move` is the work of people and trusted systems: one row of `WORK` per event type; anything the table does not allow
is a `Refusal` with its reason. `advance` is what scores do. Neither looks at people: who gets the lead is `assignment`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.core.model import BEFORE_MQL, OPEN_STAGES, LeadEvent, Stage, Verdict
from engine.core.state import LeadState, PassedOver
from rulesets.policy import Cell, Policy

CLOSED_STAGES = frozenset(Stage) - OPEN_STAGES
BEFORE_SQL = BEFORE_MQL | {Stage.MQL}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event may not move this lead; the event is kept, its facts count, its move does not happen."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class WorkRule:
    """A row of the table: legal ``origins``, the list of ``reasons`` one must come from, who may do it, what it does."""

    origins: frozenset[Stage]
    change: Callable[[LeadState, LeadEvent, Policy], LeadState]
    reasons: str | None = None
    owner_only: bool = False
    person_only: bool = False
    from_pool: bool = False
    owned_only: bool = False


def move(state: LeadState, event: LeadEvent, policy: Policy, managers: frozenset[str]) -> LeadState | Refusal:
    """The state after the work event, or why not; events that are not work leave it as it is.

    ``managers`` are the people who may act for an owner. Imported events are legal from anywhere (R4.5).
    """
    rule = WORK.get(event.type)
    if rule is None:
        return state
    if not event.imported and (refusal := _refusal(rule, state, event, policy, managers)):
        return refusal
    return rule.change(state, event, policy)


def advance(state: LeadState, verdict: Verdict, cell: Cell, *, acts: bool) -> LeadState:
    """The state after exclusions, routes and the cell; ``acts`` is false while cells and routes must wait (R4.6)."""
    state = replace(state, stage=state.stage or Stage.RAW)
    if verdict.excluded and state.stage in BEFORE_SQL:
        return replace(state, stage=Stage.DISQUALIFIED, disqualified_by="rule", queued=None, pool_since=None)
    if state.stage is Stage.DISQUALIFIED and state.disqualified_by == "rule" and not verdict.excluded:
        state = replace(state, stage=Stage.NURTURE, disqualified_by=None, owner=None)
    if not acts or state.stage not in BEFORE_MQL:
        return state
    if verdict.route:
        return _become_mql(state)
    return _by_cell(state, cell)


def _by_cell(state: LeadState, cell: Cell) -> LeadState:
    early = state.stage in {Stage.RAW, Stage.NURTURE}
    match cell.action:
        case "nurture" if state.stage is Stage.RAW:
            return replace(state, stage=Stage.NURTURE)
        case "sdr" if early:
            return replace(state, stage=Stage.READY)
        case "disqualify" if early:
            return replace(state, stage=Stage.DISQUALIFIED, disqualified_by="cell", pool_since=None, queued=None)
        case _:
            return state


def _become_mql(state: LeadState) -> LeadState:
    """An MQL waits for sales: its SDR is remembered, the owner is whoever sales assignment names."""
    return replace(state, stage=Stage.MQL, owner=None, queued=None)


# ------------------------------------------------------------------------------------------------ what work does
def _touched(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    return replace(state, touches=state.touches + 1)


def _qualified(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    return replace(state, confirmed_at=event.occurred_at) if event.actor else state


def _accepted(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    return replace(state, stage=Stage.SQL, queued=None, pool_since=None)


def _rejected(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    state = replace(state, reject_reason=_reason(event), passed_over=_pass_over(state, event, "rejected"))
    return _sent_back(state, event, policy.feedback.on_reject)


def _released(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    state = replace(state, release_reason=_reason(event), passed_over=_pass_over(state, event, "released"))
    return _sent_back(state, event, policy.feedback.on_release)


def _sent_back(state: LeadState, event: LeadEvent, where: str) -> LeadState:
    """Back to the SDR, to nurture, or to the public pool (the stage is kept there, but sql becomes mql)."""
    state = replace(state, owner=None, queued=None, acts_after=event.occurred_at, confirmed_at=None)
    if where == "sdr":
        return replace(state, stage=Stage.READY)
    if where == "nurture":
        return replace(state, stage=Stage.NURTURE)
    stage = Stage.MQL if state.stage is Stage.SQL else state.stage
    return replace(state, stage=stage, pool_since=event.occurred_at)


def _claimed(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    stage = Stage.READY if state.stage in {Stage.RAW, Stage.NURTURE} else state.stage
    return replace(state, stage=stage, owner=event.actor, pool_since=None, queued=None)


def _disqualified(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    return replace(state, stage=Stage.DISQUALIFIED, disqualified_by="person", queued=None, pool_since=None)


def _new_cycle(state: LeadState, event: LeadEvent, policy: Policy) -> LeadState:
    return state.new_cycle(event.occurred_at)


def _to(stage: Stage) -> Callable[[LeadState, LeadEvent, Policy], LeadState]:
    return lambda state, event, policy: replace(state, stage=stage, queued=None, pool_since=None)


WORK: dict[str, WorkRule] = {
    "lead.touched": WorkRule(OPEN_STAGES, _touched),
    "lead.qualified": WorkRule(BEFORE_MQL, _qualified),
    "lead.accepted": WorkRule(frozenset({Stage.MQL}), _accepted, owner_only=True),
    "lead.rejected": WorkRule(frozenset({Stage.MQL}), _rejected, "reject", owner_only=True),
    "lead.released": WorkRule(
        frozenset({Stage.READY, Stage.MQL, Stage.SQL}), _released, "release", owner_only=True, owned_only=True
    ),
    "lead.claimed": WorkRule(BEFORE_SQL, _claimed, person_only=True, from_pool=True),
    "lead.disqualified": WorkRule(OPEN_STAGES, _disqualified, "disqualify"),
    "lead.recycled": WorkRule(OPEN_STAGES, _new_cycle, owned_only=True),
    "lead.reopened": WorkRule(CLOSED_STAGES, _new_cycle),
    "opportunity.created": WorkRule(frozenset({Stage.SQL}), _to(Stage.OPPORTUNITY)),
    "opportunity.withdrawn": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.SQL), "withdraw"),
    "opportunity.won": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.WON)),
    "opportunity.lost": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.LOST), "lost"),
}
"""The table: one row per event of people and trusted systems that moves a lead."""


# ------------------------------------------------------------------------------------------------ what is refused
def _refusal(
    rule: WorkRule, state: LeadState, event: LeadEvent, policy: Policy, managers: frozenset[str]
) -> Refusal | None:
    if state.stage is None or state.stage not in rule.origins:
        origins = ", ".join(stage for stage in Stage if stage in rule.origins)
        return Refusal("wrong_stage", f"{event.type} needs a lead in {origins}; this one is {state.stage or 'new'}")
    if rule.person_only and event.actor is None:
        return Refusal("person_required", f"{event.type} needs a person as actor")
    if rule.from_pool and state.pool_since is None:
        return Refusal("not_in_pool", "only leads of the public pool can be claimed")
    if rule.owned_only and state.owner is None:
        return Refusal("no_owner", f"{event.type} needs a lead that somebody owns")
    if rule.owner_only and event.actor not in {None, state.owner} | managers:
        return Refusal(
            "not_owner", f"the lead belongs to {state.owner or 'nobody'}; only its owner or a manager may do this"
        )
    return _reason_refusal(rule, event, policy)


def _reason_refusal(rule: WorkRule, event: LeadEvent, policy: Policy) -> Refusal | None:
    if rule.reasons is None:
        return None
    known = [reason.key for reason in getattr(policy.reasons, rule.reasons)]
    given = _reason(event)
    if given is None:
        return Refusal(
            "reason_required", f"{event.type} needs properties.reason: one of {', '.join(known) or 'any text'}"
        )
    if known and given not in known:
        return Refusal("reason_unknown", f"reason {given!r} is not in the policy: use one of {', '.join(known)}")
    return None


def _reason(event: LeadEvent) -> str | None:
    reason = event.properties.get("reason")
    return reason if isinstance(reason, str) and reason else None


def _pass_over(state: LeadState, event: LeadEvent, why: str) -> tuple[PassedOver, ...]:
    if state.owner is None:
        return state.passed_over
    return (*state.passed_over, PassedOver(state.owner, why, event.occurred_at))
