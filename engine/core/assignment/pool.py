"""The public pool: how long an owner may keep a lead, when it is taken back, who may claim it (R7.1–R7.3).

Pure. Deadlines are instants. A running protection keeps the values with which it started: a later policy, or a rule
that is removed and added again, does not change it (R7.2). Choices where the contract says nothing:

* an activity of the list extends the deadline, no matter who does it; an activity exactly at the deadline is too late;
* while the active policy has no protection, nothing is taken back. Deadlines keep running: leads whose deadline has
  passed are taken back when a policy has protection again;
* suspended and inactive people may not claim; ``holding`` counts a person's open leads.
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
"""Stage → role that may claim leads of it (R7.3)."""


def is_in_pool(state: LeadState) -> bool:
    """Whether a lead is in the pool: it has no owner, and is raw or nurture or was put into the pool."""
    return state.owner is None and (state.pool_since is not None or state.stage in {Stage.RAW, Stage.NURTURE})


def into_pool(state: LeadState, at: datetime, why: str) -> LeadState:
    """The lead in the public pool: without owner, in its stage; an SQL or opportunity becomes an MQL (R4.5)."""
    stage = Stage.MQL if state.stage in {Stage.SQL, Stage.OPPORTUNITY} else state.stage
    return replace(
        state, stage=stage, owner=None, queued=None, pool_since=at, pool_reason=why, protection=None, conflict=None
    )


def with_former_owner(state: LeadState, person: str, why: str, at: datetime) -> LeadState:
    """The lead with the person who lost or returned it; one entry per person, the latest."""
    others = tuple(entry for entry in state.former_owners if entry.person != person)
    return replace(state, former_owners=(*others, PassedOver(person, why, at))[-FORMER_OWNERS_KEPT:])


# ------------------------------------------------------------------------------------------------ protection
def handed_over(before: LeadState, after: LeadState, event: LeadEvent, policy: Policy, now: datetime) -> LeadState:
    """Sets since when the owner has the lead and how long they may keep it, at every change of owner (R7.1)."""
    if after.owner == before.owner:
        return after
    if after.owner is None:
        return replace(after, owned_since=None, protection=None)
    return replace(after, owned_since=now, protection=None if event.imported else _started(policy, now))


def extended(state: LeadState, key: str, event: LeadEvent) -> LeadState:
    """Moves the deadline after an activity: only to a later time, at most to the latest one."""
    kept = state.protection
    if kept is None or kept.extend is None or key not in kept.extend_on:
        return state
    # Late events count by when they happened, not by when they arrived.
    if not kept.start <= event.occurred_at < kept.until:
        return state
    until = max(kept.until, event.occurred_at + kept.extend)
    until = min(until, kept.latest) if kept.latest else until
    if until == kept.until:
        return state
    return replace(state, protection=replace(kept, until=until, warned_at=event.occurred_at))


def next_at(state: LeadState, pool: Pool | None) -> datetime | None:
    """The next moment at which the owner is warned or loses the lead; None while it cannot be taken back.

    A warning that was not sent at its moment is sent late.
    """
    kept, rule = state.protection, pool or Pool()
    if kept is None or state.owner is None or state.stage not in rule.stages:
        return None
    warnings = (kept.until - before.timedelta for before in rule.warn_before)
    return min([kept.until, *(at for at in warnings if at > (kept.warned_at or kept.start))])


def event_type(until: datetime, now: datetime) -> str:
    """The event type that is due at ``now`` for a protection until ``until``."""
    return "pool.reclaimed" if until <= now else "pool.warned"


def event_id(lead: int, until: datetime, at: datetime) -> str:
    """The id of that event; equal ids are one event, so each happens once."""
    return f"pool:{lead}:{int(until.timestamp() * 1000)}:{int(at.timestamp() * 1000)}"


def reclaimed(state: LeadState, event: LeadEvent, policy: Policy) -> tuple[LeadState, tuple[Effect, ...]]:
    """The lead after a warning or at the deadline; an event for a deadline that has moved has no effect (R7.2)."""
    kept = state.protection
    if event.type not in {"pool.warned", "pool.reclaimed"} or kept is None or state.owner is None:
        return state, ()
    rule = policy.pool
    # The event was created for one deadline; an extension since then makes it obsolete.
    told = event.properties.get("until") == kept.until.isoformat()
    if not told or rule is None or rule.protection is None or state.stage not in rule.stages:
        return state, ()
    owner, values = state.owner, {"until": kept.until.isoformat()}
    if event.type == "pool.warned":
        warned = replace(state, protection=replace(kept, warned_at=event.occurred_at))
        return warned, (Notice("pool_warned", "owner", owner, event.id, values),)
    # At the deadline and not at now: a server that was down must not lengthen the protection.
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
    """Why a person may not claim a lead of the pool; None if they may (R7.3)."""
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
