"""The public pool: how long an owner may keep a lead, when it is taken back, who may claim it (R7.1–R7.3).

Pure. Deadlines are instants. What a running protection was started with goes with it: a policy published later, or a
rule switched off and on, moves none (R7.2). Choices made where the contract is silent:

* any activity of the list extends, whoever does it; one at the very deadline is too late;
* while the policy in force has no protection nothing is taken back; deadlines run on, and what passed meanwhile is
  taken back when the rule is there again;
* suspended and inactive people claim nothing; what somebody holds are their open leads.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from engine.core.lead.model import LeadEvent, Stage
from engine.core.lead.people import ClaimStanding, People
from engine.core.lead.refusal import Refusal
from engine.core.lead.state import FORMER_OWNERS_KEPT, LeadState, PassedOver, Protection
from engine.core.notify.effects import Effect, Notice, Record
from rulesets.policy.policy import Policy, Pool

ROLE_OF_CLAIM = {Stage.RAW: "sdr", Stage.NURTURE: "sdr", Stage.READY: "sdr", Stage.MQL: "sales"}
"""Who claims leads of a stage (R7.3)."""


def is_in_pool(state: LeadState) -> bool:
    """Nobody's lead of an early stage is in the pool as it is, later ones when they were put there."""
    return state.owner is None and (state.pool_since is not None or state.stage in {Stage.RAW, Stage.NURTURE})


def into_pool(state: LeadState, at: datetime, why: str) -> LeadState:
    """The lead in the public pool: nobody's, its stage kept, but what sales had accepted is an MQL (R4.5)."""
    stage = Stage.MQL if state.stage in {Stage.SQL, Stage.OPPORTUNITY} else state.stage
    return replace(
        state, stage=stage, owner=None, queued=None, pool_since=at, pool_reason=why, protection=None, conflict=None
    )


def with_former_owner(state: LeadState, person: str, why: str, at: datetime) -> LeadState:
    """The lead remembers who lost or returned it, the latest of each person."""
    others = tuple(entry for entry in state.former_owners if entry.person != person)
    return replace(state, former_owners=(*others, PassedOver(person, why, at))[-FORMER_OWNERS_KEPT:])


# ------------------------------------------------------------------------------------------------ protection
def handed_over(before: LeadState, after: LeadState, event: LeadEvent, policy: Policy, now: datetime) -> LeadState:
    """Since when the owner has the lead and how long they may keep it; every change of owner starts anew (R7.1)."""
    if after.owner == before.owner:
        return after
    if after.owner is None:
        return replace(after, owned_since=None, protection=None)
    return replace(after, owned_since=now, protection=None if event.imported else _started(policy, now))


def extended(state: LeadState, key: str, event: LeadEvent) -> LeadState:
    """The deadline after an activity of the owner's time: moved only if that is later, never beyond the latest."""
    kept = state.protection
    if kept is None or kept.extend is None or key not in kept.extend_on:
        return state
    if not kept.start <= event.occurred_at < kept.until:
        return state
    until = max(kept.until, event.occurred_at + kept.extend)
    until = min(until, kept.latest) if kept.latest else until
    if until == kept.until:
        return state
    return replace(state, protection=replace(kept, until=until, warned_at=event.occurred_at))


def next_at(state: LeadState, pool: Pool | None) -> datetime | None:
    """The next moment at which the owner is to be warned or loses the lead; None while it cannot be taken back.

    A warning whose moment has passed without it is given late.
    """
    kept, rule = state.protection, pool or Pool()
    if kept is None or state.owner is None or state.stage not in rule.stages:
        return None
    warnings = (kept.until - before.timedelta for before in rule.warn_before)
    return min([kept.until, *(at for at in warnings if at > (kept.warned_at or kept.start))])


def event_type(until: datetime, now: datetime) -> str:
    """What happens to a lead whose protection lasts until then."""
    return "pool.reclaimed" if until <= now else "pool.warned"


def event_id(lead: int, until: datetime, at: datetime) -> str:
    """The id of that event: each happens once."""
    return f"pool:{lead}:{int(until.timestamp() * 1000)}:{int(at.timestamp() * 1000)}"


def reclaimed(state: LeadState, event: LeadEvent, policy: Policy) -> tuple[LeadState, tuple[Effect, ...]]:
    """The lead after a warning or at the deadline; what an event tells that is no longer so does nothing (R7.2)."""
    kept = state.protection
    if event.type not in {"pool.warned", "pool.reclaimed"} or kept is None or state.owner is None:
        return state, ()
    rule = policy.pool
    told = event.properties.get("until") == kept.until.isoformat()
    if not told or rule is None or rule.protection is None or state.stage not in rule.stages:
        return state, ()
    owner, values = state.owner, {"until": kept.until.isoformat()}
    if event.type == "pool.warned":
        warned = replace(state, protection=replace(kept, warned_at=event.occurred_at))
        return warned, (Notice("pool_warned", "owner", owner, event.id, values),)
    left = replace(into_pool(state, kept.until, "reclaimed"), assigned_by=None)
    effects: tuple[Effect, ...] = (
        Record("lost", owner, kept.until, "reclaimed"),
        Notice("pool_reclaimed", "owner", owner, event.id, values),
        Notice("pool_reclaimed", "manager", owner, event.id, values),
    )
    return with_former_owner(left, owner, "reclaimed", kept.until), effects


def _started(policy: Policy, now: datetime) -> Protection | None:
    rule = policy.pool.protection if policy.pool else None
    if rule is None:
        return None
    latest = now + rule.max.timedelta if rule.max else None
    until = now + timedelta(days=1) * float(rule.days)
    extend = rule.extend.timedelta if rule.extend else None
    return Protection(now, min(until, latest) if latest else until, latest, extend, rule.extend_on)


# ------------------------------------------------------------------------------------------------ claims
def claim_refusal(state: LeadState, event: LeadEvent, policy: Policy, people: People) -> Refusal | None:
    """Why somebody may not claim a lead of the pool; None when they may (R7.3)."""
    person, rule = event.actor or "", policy.pool or Pool()
    standing = people.standings.get(person, ClaimStanding())
    needed = ROLE_OF_CLAIM.get(state.stage) if state.stage else None
    left = next((entry for entry in state.former_owners if entry.person == person), None)
    cooldown = rule.claim.cooldown.timedelta if rule.claim.cooldown else timedelta()
    again = left.at + cooldown if left else event.occurred_at
    limits, who = rule.claim, {"person": person}
    checks = (
        (not is_in_pool(state), Refusal("not_in_pool")),
        (people.roles.get(person) != needed, Refusal("wrong_role", {"stage": state.stage, "role": needed})),
        (person not in people.active, Refusal("inactive", who)),
        (standing.suspended, Refusal("suspended", who)),
        (event.occurred_at < again, Refusal("cooldown", {**who, "until": again.isoformat()})),
        (_reached(standing.claimed_today, limits.per_day), Refusal("claims_per_day", {"limit": limits.per_day})),
        (_reached(standing.holding, limits.holding), Refusal("holding", {"limit": limits.holding})),
    )
    return next((refusal for applies, refusal in checks if applies), None)


def _reached(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit
