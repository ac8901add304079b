"""The stage table: which event moves a lead from where to where, what cells and routes do (R3.9, R4.5–R4.7).

`move` is the work of people and trusted systems: one row of `WORK` per event type; anything the table does not allow
is a `Refusal` with its reason. `advance` is what scores do. Neither chooses people: who gets the lead is `assignment`.
Choices made where the contract is silent:

* work on a lead nobody has heard of finds it raw; contacts are logged in every stage, answers confirmed in open ones;
* the owner and managers may do everything; a trusted system without an actor speaks for the owner. Who has or had the
  lead in hand logs contacts and confirms; who had it last disqualifies and reopens it while nobody owns it. Docs:
  `docs/pool.md`;
* a manager or the owner gives a lead to somebody in any open stage, and the stage stays; a head dispatches their own
  leads to people of their team.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.core.assignment.pool import claim_refusal, into_pool, with_former_owner
from engine.core.lead.model import BEFORE_MQL, OPEN_STAGES, LeadEvent, Stage, Verdict
from engine.core.lead.people import People
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import LeadState, PassedOver
from engine.core.qualification.qualification import CLOSED_ACTIONS
from engine.core.qualification.relations import HANDS, OWNERS, OWNERS_OR_LAST, PERSONS, Relation, relation_of
from rulesets.policy.policy import Cell, Policy

CLOSED_STAGES = frozenset(Stage) - OPEN_STAGES
BEFORE_SQL = BEFORE_MQL | {Stage.MQL}


@dataclass(frozen=True, slots=True)
class Work:
    """A work event at a lead that has a stage, under a policy."""

    state: LeadState
    event: LeadEvent
    policy: Policy


@dataclass(frozen=True, slots=True)
class WorkRule:
    """A row of the table: legal ``origins``, what it does, the list of ``reasons`` it takes, ``who`` may do it.

    ``by_role``: people of a role may do it whose clocks count what anybody of the role does (R6.3). ``refuses`` finds
    further reasons against it.
    """

    origins: frozenset[Stage]
    change: Callable[[Work], LeadState]
    reasons: str | None = None
    who: frozenset[Relation] = OWNERS
    by_role: bool = False
    owned_only: bool = False
    refuses: Callable[[Work, People], Refusal | None] = lambda _work, _people: None


def enter(state: LeadState, event: LeadEvent | None = None) -> LeadState:
    """The lead at its first event: raw, before anything moves it (R4.5); whether several people are meant by it."""
    if event is not None and event.visitor and not state.visitor:
        state = replace(state, visitor=True)
    return state if state.stage else replace(state, stage=Stage.RAW)


def move(state: LeadState, event: LeadEvent, policy: Policy, people: People) -> LeadState | Refusal:
    """The state of a lead that has a stage after the event, or why not; events that are not work leave it as it is.

    Imported events are legal from anywhere (R4.5).
    """
    rule = WORK.get(event.type)
    if rule is None:
        return state
    if state.visitor and event.type != "lead.touched":
        return Refusal("shared_visitor")
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
        state = with_former_owner(state, state.owner or "", why, at)
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
    state, type_ = work.state, work.event.type
    if state.stage not in rule.origins:
        origins = [stage for stage in Stage if stage in rule.origins]
        return Refusal("wrong_stage", {"event": type_, "origins": origins, "stage": state.stage})
    if work.event.actor is None and Relation.SYSTEM not in rule.who:
        return Refusal("person_required", {"event": type_})
    if rule.owned_only and state.owner is None:
        return Refusal("no_owner", {"event": type_})
    if not _is_allowed(rule, work, people):
        in_hand = Relation.IN_HAND in rule.who
        return Refusal("not_yours" if in_hand else "not_owner", {"event": type_, "owner": state.owner})
    return rule.refuses(work, people) or _reason_refusal(rule, work)


def _is_allowed(rule: WorkRule, work: Work, people: People) -> bool:
    """Whether the actor stands to the lead as the row demands; old decisions are replayed by the rule of their time."""
    actor = work.event.actor
    if people.rights == 0:
        return work.event.type not in OWNED_BEFORE_RELATIONS or actor in {None, work.state.owner} | people.managers
    return relation_of(work.state, actor, people) in rule.who or (rule.by_role and _counts_by_role(work, people))


def _counts_by_role(work: Work, people: People) -> bool:
    """Whether a clock of the actor's role counts this event by anybody of the role (R6.3)."""
    role, type_ = people.roles.get(work.event.actor or ""), work.event.type
    clocks = (clock for clock in work.policy.sla if clock.by == "role" and clock.role == role)
    return any(type_ == (item if isinstance(item, str) else item.event) for clock in clocks for item in clock.met_by)


def _not_claimable(work: Work, people: People) -> Refusal | None:
    return claim_refusal(work.state, work.event, work.policy, people)


def _not_assignable(work: Work, people: People) -> Refusal | None:
    to = named(work.event)
    if to is None:
        return Refusal("to_required", {"event": work.event.type})
    who = {"person": to}
    if to not in people.roles:
        return Refusal("unknown_person", who)
    if to not in people.active:
        return Refusal("inactive_person", who)
    return Refusal("already_owner", who) if to == work.state.owner else None


def _not_dispatchable(work: Work, people: People) -> Refusal | None:
    """A lead is dispatched by the head whose it is, to somebody of their team (R5.7)."""
    to, owner = named(work.event), work.state.owner
    if against := _not_assignable(work, people):
        return against
    if owner is None or people.heads_of(to or "") != owner:
        return Refusal("not_of_team", {"person": to, "owner": owner})
    return None


def _reason_refusal(rule: WorkRule, work: Work) -> Refusal | None:
    if rule.reasons is None:
        return None
    known = [reason.key for reason in getattr(work.policy.reasons, rule.reasons)]
    given = _reason(work.event)
    if given is None:
        return Refusal("reason_required", {"event": work.event.type, "reasons": known})
    if known and given not in known:
        return Refusal("reason_unknown", {"reason": given, "reasons": known})
    return None


def _reason(event: LeadEvent) -> str | None:
    reason = event.properties.get("reason")
    return reason if isinstance(reason, str) and reason else None


# ------------------------------------------------------------------------------------------------ the table
WORK: dict[str, WorkRule] = {
    "lead.touched": WorkRule(frozenset(Stage), _touched, who=HANDS, by_role=True),
    "lead.qualified": WorkRule(OPEN_STAGES, _qualified, who=HANDS),
    "lead.accepted": WorkRule(frozenset({Stage.MQL}), _accepted),
    "lead.rejected": WorkRule(frozenset({Stage.MQL}), _rejected, "reject"),
    "lead.released": WorkRule(frozenset({Stage.READY, Stage.MQL, Stage.SQL}), _released, "release"),
    "lead.claimed": WorkRule(BEFORE_SQL, _claimed, who=PERSONS, refuses=_not_claimable),
    "lead.assigned": WorkRule(OPEN_STAGES, _given, refuses=_not_assignable),
    "lead.dispatched": WorkRule(OPEN_STAGES, _given, owned_only=True, refuses=_not_dispatchable),
    "lead.disqualified": WorkRule(OPEN_STAGES, _disqualified, "disqualify", who=OWNERS_OR_LAST),
    "lead.recycled": WorkRule(OPEN_STAGES, _new_cycle, owned_only=True),
    "lead.reopened": WorkRule(CLOSED_STAGES, _new_cycle, who=OWNERS_OR_LAST),
    "opportunity.created": WorkRule(frozenset({Stage.SQL}), _to(Stage.OPPORTUNITY)),
    "opportunity.withdrawn": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.SQL), "withdraw"),
    "opportunity.won": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.WON)),
    "opportunity.lost": WorkRule(frozenset({Stage.OPPORTUNITY}), _to(Stage.LOST), "lost"),
}
"""The table: one row per event of people and trusted systems that moves a lead or tells of work on it."""

OWNED_BEFORE_RELATIONS = frozenset({
    "lead.accepted", "lead.rejected", "lead.released", "lead.assigned", "lead.dispatched",
})  # fmt: skip
"""Work that only the owner or a manager could do before rows had ``who``; for replays of decisions of that time."""
