"""The stage table: the moves of work events, and the moves by cells and routes (R3.9, R4.5–R4.7).

`move` applies the work of people and trusted systems: one row of `WORK` per event type. Work that the table does not
allow gives a `Refusal` with its reason. `advance` applies scores. Neither of them chooses people; `assignment` does.
Choices where the contract says nothing:

* work on an unknown lead finds it raw; contacts are logged in every stage, confirmations only in open stages;
* the owner and managers may do everything; a trusted system without an actor acts for the owner. The lead's SDR and rep
  may log contacts and confirm; while it has no owner they may also disqualify and reopen it. Docs: `docs/pool.md`;
* a manager or the owner may give a lead to somebody in any open stage, and the stage stays. A head dispatches their own
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
from rulesets.policy.work import WORK_STAGES

ERASED = "lead.erased"
"""The event that erases a person's data (R4.8); who may send it is asked at the door."""
ERASURE_REFUSES = frozenset({ERASED, "lead.merged"})
"""What is refused at an erased lead beside all work."""
CLOSED_STAGES = frozenset(Stage) - OPEN_STAGES
BEFORE_SQL = BEFORE_MQL | {Stage.MQL}


@dataclass(frozen=True, slots=True)
class Work:
    """A work event on a lead that has a stage, under a policy."""

    state: LeadState
    event: LeadEvent
    policy: Policy


@dataclass(frozen=True, slots=True)
class WorkRule:
    """A row of the table: legal ``origins``, the change, the list of accepted ``reasons``, ``who`` may do it.

    ``by_role``: also people of a role for which a clock counts the work of anybody of the role (R6.3). ``refuses``
    finds further reasons to refuse.
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
    """The state after the event, or a refusal; events that are not work do not change it. The lead must have a stage.

    Imported events are legal from anywhere (R4.5).
    """
    rule = WORK.get(event.type)
    if state.erased_at is not None:
        return Refusal("erased", {"event": event.type}) if rule or event.type in ERASURE_REFUSES else state
    if event.type == ERASED:
        return state.erased(event.occurred_at)
    if rule is None:
        return state
    if state.visitor and event.type != "lead.touched":
        return Refusal("shared_visitor")
    work = Work(state, event, policy)
    if not event.imported and (refusal := _refusal(rule, work, people)):
        return refusal
    return rule.change(work)


def named(event: LeadEvent) -> str | None:
    """The person that an assignment or a dispatch names, in lower case; None if there is none."""
    to = event.properties.get("to")
    return to.strip().lower() or None if isinstance(to, str) else None


def assigns(event: LeadEvent) -> bool:
    """Whether an event may assign the lead: every live event, an imported event on request (R4.5)."""
    return not event.imported or event.properties.get("assign") is True


def advance(state: LeadState, verdict: Verdict, cell: Cell, *, acts: bool) -> LeadState:
    """The state after exclusions, routes and the cell; ``acts`` is false while cells and routes must wait (R4.6)."""
    # Exclusions act even while cells and routes must wait (R4.1, R4.6).
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
    """The lead as an MQL: it leaves queue and pool, keeps its SDR, and has no owner until sales assignment."""
    return replace(state, stage=Stage.MQL, owner=None, queued=None, pool_since=None)


# ------------------------------------------------------------------------------------------------ what work does
def _touched(work: Work) -> LeadState:
    return replace(work.state, touches=work.state.touches + 1)


def _qualified(work: Work) -> LeadState:
    """Confirmed by a person, in this cycle (R4.3)."""
    state, event = work.state, work.event
    # A late event from before the recycling must not confirm the new cycle.
    in_cycle = state.recycled_at is None or event.occurred_at > state.recycled_at
    return replace(state, confirmed_at=event.occurred_at) if event.actor and in_cycle else state


def _accepted(work: Work) -> LeadState:
    return replace(work.state, stage=Stage.SQL, queued=None, pool_since=None)


def _rejected(work: Work) -> LeadState:
    return _sent_back(work, replace(work.state, reject_reason=_reason(work.event)), work.policy.feedback.on_reject)


def _released(work: Work) -> LeadState:
    return _sent_back(work, replace(work.state, release_reason=_reason(work.event)), work.policy.feedback.on_release)


def _sent_back(work: Work, state: LeadState, where: str) -> LeadState:
    """The lead back at the SDR, in nurture, or in the public pool; its owner is stored as passed over."""
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
    """The lead out of the pool, with the claiming person as owner: an SDR, or sales for an MQL (R7.3)."""
    state = replace(work.state, pool_since=None, pool_reason=None, queued=None)
    if state.stage in {Stage.RAW, Stage.NURTURE}:
        state = replace(state, stage=Stage.READY)
    if work.event.actor is None or not assigns(work.event):
        return state
    state = replace(state, owner=work.event.actor, assigned_by=None)
    return replace(state, sdr=state.owner) if state.stage is Stage.READY else replace(state, rep=state.owner)


def _given(work: Work) -> LeadState:
    """No change here: the assignment gives the lead to the named person, as a turn of a rotation (R5.8)."""
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
    """Whether the row allows the actor's relation; replays of old decisions use the rule of that time."""
    actor = work.event.actor
    if people.rights == 0:
        return work.event.type not in OWNED_BEFORE_RELATIONS or actor in {None, work.state.owner} | people.managers
    return relation_of(work.state, actor, people) in rule.who or (rule.by_role and _counts_by_role(work, people))


def _counts_by_role(work: Work, people: People) -> bool:
    """Whether a clock of the actor's role counts this event from anybody of the role (R6.3)."""
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
    """Refuses a dispatch unless the owner is the head of the named person's team (R5.7)."""
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
def _stages(event: str) -> frozenset[Stage]:
    return frozenset(map(Stage, WORK_STAGES[event]))


WORK: dict[str, WorkRule] = {
    "lead.touched": WorkRule(_stages("lead.touched"), _touched, who=HANDS, by_role=True),
    "lead.qualified": WorkRule(_stages("lead.qualified"), _qualified, who=HANDS),
    "lead.accepted": WorkRule(_stages("lead.accepted"), _accepted),
    "lead.rejected": WorkRule(_stages("lead.rejected"), _rejected, "reject"),
    "lead.released": WorkRule(_stages("lead.released"), _released, "release"),
    "lead.claimed": WorkRule(_stages("lead.claimed"), _claimed, who=PERSONS, refuses=_not_claimable),
    "lead.assigned": WorkRule(_stages("lead.assigned"), _given, refuses=_not_assignable),
    "lead.dispatched": WorkRule(_stages("lead.dispatched"), _given, owned_only=True, refuses=_not_dispatchable),
    "lead.disqualified": WorkRule(_stages("lead.disqualified"), _disqualified, "disqualify", who=OWNERS_OR_LAST),
    "lead.recycled": WorkRule(_stages("lead.recycled"), _new_cycle, owned_only=True),
    "lead.reopened": WorkRule(_stages("lead.reopened"), _new_cycle, who=OWNERS_OR_LAST),
    "opportunity.created": WorkRule(_stages("opportunity.created"), _to(Stage.OPPORTUNITY)),
    "opportunity.withdrawn": WorkRule(_stages("opportunity.withdrawn"), _to(Stage.SQL), "withdraw"),
    "opportunity.won": WorkRule(_stages("opportunity.won"), _to(Stage.WON)),
    "opportunity.lost": WorkRule(_stages("opportunity.lost"), _to(Stage.LOST), "lost"),
}
"""The table: one row per work event of people and trusted systems."""

OWNED_BEFORE_RELATIONS = frozenset({
    "lead.accepted", "lead.rejected", "lead.released", "lead.assigned", "lead.dispatched",
})  # fmt: skip
"""Work for the owner or a manager only, before rows had ``who``; for replays of decisions of that time."""
