"""The stage table: which event moves a lead from where to where, what cells and routes do (R3.9, R4.5–R4.7).

`move` is the work of people and trusted systems: one row of `WORK` per event type; anything the table does not allow
is a `Refusal` with its reason. `advance` is what scores do. Neither looks at people: who gets the lead is `assignment`.
Choices made where the contract is silent:

* work on a lead nobody has heard of finds it raw; contacts are logged in every stage, answers confirmed in open ones;
* accepting, rejecting and releasing is for the owner or a manager; a trusted system without an actor speaks for them;
* a manager or the owner gives a lead to somebody in any open stage, and the stage stays; a head dispatches their own
  leads to people of their team.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.core.model import BEFORE_MQL, OPEN_STAGES, LeadEvent, Stage, Verdict
from engine.core.people import People
from engine.core.pool import claim_refusal, into_pool, parted_from
from engine.core.qualification import CLOSED_ACTIONS
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
class Work:
    """A work event at a lead that has a stage, under a policy."""

    state: LeadState
    event: LeadEvent
    policy: Policy


@dataclass(frozen=True, slots=True)
class WorkRule:
    """A row of the table: legal ``origins``, what it does, the list of ``reasons`` it takes, who may do it.

    ``refuses`` are further reasons against it: a code and a sentence, or None.
    """

    origins: frozenset[Stage]
    change: Callable[[Work], LeadState]
    reasons: str | None = None
    owner_only: bool = False
    person_only: bool = False
    owned_only: bool = False
    refuses: Callable[[Work, People], tuple[str, str] | None] = lambda _work, _people: None


def enter(state: LeadState) -> LeadState:
    """The lead at its first event: raw, before anything moves it (R4.5)."""
    return state if state.stage else replace(state, stage=Stage.RAW)


def move(state: LeadState, event: LeadEvent, policy: Policy, people: People) -> LeadState | Refusal:
    """The state of a lead that has a stage after the event, or why not; events that are not work leave it as it is.

    Imported events are legal from anywhere (R4.5).
    """
    rule = WORK.get(event.type)
    if rule is None:
        return state
    work = Work(state, event, policy)
    if not event.imported and (refusal := _refusal(rule, work, people)):
        return refusal
    return rule.change(work)


def named(event: LeadEvent) -> str | None:
    """The person an assignment or a dispatch names, folded."""
    to = event.properties.get("to")
    return to.strip().lower() or None if isinstance(to, str) else None


def assigns(event: LeadEvent) -> bool:
    """Whether an event may give the lead to somebody: every live one, an imported one on request (R4.5)."""
    return not event.imported or event.properties.get("assign") is True


def advance(state: LeadState, verdict: Verdict, cell: Cell, *, acts: bool) -> LeadState:
    """The state after exclusions, routes and the cell; ``acts`` is false while cells and routes must wait (R4.6)."""
    if verdict.excluded and state.stage in BEFORE_SQL:
        return replace(state, stage=Stage.DISQUALIFIED, disqualified_by="rule", queued=None, pool_since=None)
    if state.stage is Stage.DISQUALIFIED and state.disqualified_by == "rule" and not verdict.excluded:
        state = replace(state, stage=Stage.NURTURE, disqualified_by=None, owner=None)
    if not acts or state.stage not in BEFORE_MQL:
        return state
    if verdict.route and cell.action not in CLOSED_ACTIONS:
        return _become_mql(state)
    return _by_cell(state, cell)


def _by_cell(state: LeadState, cell: Cell) -> LeadState:
    early = state.stage in {Stage.RAW, Stage.NURTURE}
    match cell.action:
        case "nurture" if state.stage is Stage.RAW:
            return replace(state, stage=Stage.NURTURE)
        case "sdr" if early:
            return replace(state, stage=Stage.READY, pool_since=None)
        case "disqualify" if early:
            return replace(state, stage=Stage.DISQUALIFIED, disqualified_by="cell", pool_since=None, queued=None)
        case _:
            return state


def _become_mql(state: LeadState) -> LeadState:
    """An MQL waits for sales, wherever it was: its SDR is remembered, the owner is whoever sales assignment names."""
    return replace(state, stage=Stage.MQL, owner=None, queued=None, pool_since=None)


# ------------------------------------------------------------------------------------------------ what work does
def _touched(work: Work) -> LeadState:
    return replace(work.state, touches=work.state.touches + 1)


def _qualified(work: Work) -> LeadState:
    """Confirmed by a person, in this cycle (R4.3)."""
    state, event = work.state, work.event
    in_cycle = state.recycled_at is None or event.occurred_at > state.recycled_at
    return replace(state, confirmed_at=event.occurred_at) if event.actor and in_cycle else state


def _accepted(work: Work) -> LeadState:
    return replace(work.state, stage=Stage.SQL, queued=None, pool_since=None)


def _rejected(work: Work) -> LeadState:
    return _sent_back(work, replace(work.state, reject_reason=_reason(work.event)), work.policy.feedback.on_reject)


def _released(work: Work) -> LeadState:
    return _sent_back(work, replace(work.state, release_reason=_reason(work.event)), work.policy.feedback.on_release)


def _sent_back(work: Work, state: LeadState, where: str) -> LeadState:
    """Back to the SDR, to nurture, or to the public pool; whoever lets it go is remembered."""
    at, why = work.event.occurred_at, work.event.type.removeprefix("lead.")
    if state.owner:
        state = replace(state, passed_over=(*state.passed_over, PassedOver(state.owner, why, at)))
        state = parted_from(state, state.owner or "", why, at)
    state = replace(state, owner=None, queued=None, pool_since=None, acts_after=at)
    if where == "sdr":
        return replace(state, stage=Stage.READY)
    if where == "nurture":
        return replace(state, stage=Stage.NURTURE)
    return into_pool(state, at, why)


def _claimed(work: Work) -> LeadState:
    """Out of the pool, into the hands of whoever claims it: an SDR, or sales if it is an MQL (R7.3)."""
    state = replace(work.state, pool_since=None, pool_reason=None, queued=None)
    if state.stage in {Stage.RAW, Stage.NURTURE}:
        state = replace(state, stage=Stage.READY)
    if work.event.actor is None or not assigns(work.event):
        return state
    state = replace(state, owner=work.event.actor, assigned_by=None)
    return replace(state, sdr=state.owner) if state.stage is Stage.READY else replace(state, rep=state.owner)


def _given(work: Work) -> LeadState:
    """Somebody is named who gets the lead; putting it into their hands is a turn of a rotation (R5.8)."""
    return work.state


def _disqualified(work: Work) -> LeadState:
    return replace(work.state, stage=Stage.DISQUALIFIED, disqualified_by="person", queued=None, pool_since=None)


def _new_cycle(work: Work) -> LeadState:
    return work.state.new_cycle(work.event.occurred_at)


def _to(stage: Stage) -> Callable[[Work], LeadState]:
    return lambda work: replace(work.state, stage=stage, queued=None, pool_since=None)


# ------------------------------------------------------------------------------------------------ what is refused
def _refusal(rule: WorkRule, work: Work, people: People) -> Refusal | None:
    state, event = work.state, work.event
    if state.stage not in rule.origins:
        origins = ", ".join(stage for stage in Stage if stage in rule.origins)
        return Refusal("wrong_stage", f"{event.type} needs a lead in {origins}; this one is {state.stage}")
    if rule.person_only and event.actor is None:
        return Refusal("person_required", f"{event.type} needs a person as actor")
    if rule.owned_only and state.owner is None:
        return Refusal("no_owner", f"{event.type} needs a lead that somebody owns")
    if rule.owner_only and event.actor not in {None, state.owner} | people.managers:
        owner = state.owner or "nobody"
        return Refusal("not_owner", f"the lead belongs to {owner}; only its owner or a manager may do this")
    if against := rule.refuses(work, people):
        return Refusal(*against)
    return _reason_refusal(rule, work)


def _not_claimable(work: Work, people: People) -> tuple[str, str] | None:
    return claim_refusal(work.state, work.event, work.policy, people)


def _not_assignable(work: Work, people: People) -> tuple[str, str] | None:
    to = named(work.event)
    if to is None:
        return "to_required", f"{work.event.type} needs properties.to: the e-mail of a person of the roster"
    if to not in people.roles:
        return "unknown_person", f"{to} is not in the roster"
    if to not in people.active:
        return "inactive_person", f"{to} is not active in the roster"
    return ("already_owner", f"the lead is {to}'s already") if to == work.state.owner else None


def _not_dispatchable(work: Work, people: People) -> tuple[str, str] | None:
    """A lead is dispatched by the head whose it is, to somebody of their team (R5.7)."""
    to, owner = named(work.event), work.state.owner
    if against := _not_assignable(work, people):
        return against
    if owner is None or people.heads_of(to or "") != owner:
        return "not_of_team", f"{to} is in no team that {owner} heads"
    return None


def _reason_refusal(rule: WorkRule, work: Work) -> Refusal | None:
    if rule.reasons is None:
        return None
    known = [reason.key for reason in getattr(work.policy.reasons, rule.reasons)]
    choices = ", ".join(known) or "any text"
    given = _reason(work.event)
    if given is None:
        return Refusal("reason_required", f"{work.event.type} needs properties.reason: one of {choices}")
    if known and given not in known:
        return Refusal("reason_unknown", f"reason {given!r} is not in the policy: use one of {choices}")
    return None


def _reason(event: LeadEvent) -> str | None:
    reason = event.properties.get("reason")
    return reason if isinstance(reason, str) and reason else None


# ------------------------------------------------------------------------------------------------ the table
WORK: dict[str, WorkRule] = {
    "lead.touched": WorkRule(frozenset(Stage), _touched),
    "lead.qualified": WorkRule(OPEN_STAGES, _qualified),
    "lead.accepted": WorkRule(frozenset({Stage.MQL}), _accepted, owner_only=True),
    "lead.rejected": WorkRule(frozenset({Stage.MQL}), _rejected, "reject", owner_only=True),
    "lead.released": WorkRule(frozenset({Stage.READY, Stage.MQL, Stage.SQL}), _released, "release", owner_only=True),
    "lead.claimed": WorkRule(BEFORE_SQL, _claimed, person_only=True, refuses=_not_claimable),
    "lead.assigned": WorkRule(OPEN_STAGES, _given, owner_only=True, refuses=_not_assignable),
    "lead.dispatched": WorkRule(OPEN_STAGES, _given, owner_only=True, owned_only=True, refuses=_not_dispatchable),
    "lead.disqualified": WorkRule(OPEN_STAGES, _disqualified, "disqualify"),
    "lead.recycled": WorkRule(OPEN_STAGES, _new_cycle, owned_only=True),
    "lead.reopened": WorkRule(CLOSED_STAGES, _new_cycle),
    "opportunity.created": WorkRule(frozenset({Stage.SQL}), _to(Stage.OPPORTUNITY)),
    "opportunity.withdrawn": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.SQL), "withdraw"),
    "opportunity.won": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.WON)),
    "opportunity.lost": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.LOST), "lost"),
}
"""The table: one row per event of people and trusted systems that moves a lead or tells of work on it."""
