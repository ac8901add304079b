"""Publications at a planned moment: scheduled with all signatures, put in force by the scheduler.

1. `schedule` checks a publication exactly as `engine.policy.publish` does, and stores it with the version it is based
on. 2. `activate_due` publishes what is due. If another version came into force meanwhile, the plan is suspended with
that reason, because people signed a change of another version. If the process died after publishing and before
recording it, the version is found by its digest, and nothing is published twice. 3. A suspended plan is scheduled
again, based on the version in force, or cancelled.
"""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from engine.errors import PolicyRefused
from engine.policy.publish import BaseChanged, Request, Signature, agreed, publish, signature_body
from engine.store.policy.plans import Plan, add_plan, due_plans, move_plan, read_plan, settle
from engine.store.policy.versions import active_number, list_versions
from rulesets.document import document as documents
from rulesets.document.wording import says

log = structlog.get_logger(__name__)
SCHEDULER = "scheduler"


def moment_in(text: str, zone: str) -> datetime:
    """A moment from text: local time of a zone, or with its own offset. Raises `PolicyRefused` with the reason.

    If a local time occurs twice, when the clocks are put back, the first one is meant.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise PolicyRefused(says("%(value)s is no moment: write 2026-12-01T09:00", value=repr(text[:40]))) from None
    try:
        local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone), fold=0)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PolicyRefused(
            says("there is no time zone %(zone)s: write one like Asia/Shanghai", zone=repr(zone[:60]))
        ) from None
    moment = local.astimezone(UTC)
    # A local time that the clocks skip does not survive the round trip through UTC.
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise PolicyRefused(
            says("%(moment)s does not exist in %(zone)s: the clocks are put forward over it", moment=text, zone=zone)
        )
    return moment


def schedule(request: Request, at: datetime, zone: str, now: datetime) -> int:
    """Plan a publication for a moment and return the plan's id. Raises `PolicyRefused` like `publish`."""
    _must_come(at, now)
    agreement = agreed(request)
    base = active_number()
    values = {
        "digest": agreement.digest, "document": documents.plain(agreement.policy), "at": at, "zone": zone, "base": base,
        "by": request.by, "reason": request.reason, "signoff": request.signoff, "authors": list(request.authors),
        "signatures": [signature_body(one) for one in request.signatures if one.digest == agreement.digest],
        "bypass": bool(agreement.lacking), "act_on_existing": request.act_on_existing,
    }  # fmt: skip
    return add_plan(values, now)


def activate_due(now: datetime) -> list[int]:
    """Publish the plans that are due. Returns the numbers of the versions. Several schedulers may run this at once."""
    return [number for plan in due_plans(now) if (number := _activate(plan, now)) is not None]


def cancel(number: int, by: str, reason: str | None = None) -> bool:
    """Cancel a plan. Returns False if it is in force, cancelled, or changed meanwhile. Raises `NotFound`."""
    plan = read_plan(number)
    return plan.state in {"scheduled", "suspended"} and settle(plan, "cancelled", by, reason=reason)


def reschedule(number: int, at: datetime, zone: str, by: str, now: datetime) -> bool:
    """Move a plan to another moment, based on the version in force now. Raises `NotFound`, `PolicyRefused`."""
    _must_come(at, now)
    plan = read_plan(number)
    return plan.state in {"scheduled", "suspended"} and move_plan(plan, at, zone, active_number(), by)


def request_of(plan: Plan) -> Request:
    """The publication that people signed."""
    return Request(
        document=plan.document,
        by=plan.by,
        reason=plan.reason,
        signoff=plan.signoff,
        signatures=tuple(
            Signature(one["side"], one["by"], one["digest"], datetime.fromisoformat(one["at"]))
            for one in plan.signatures
        ),
        authors=tuple(plan.authors),
        bypass=plan.bypass,
        act_on_existing=plan.act_on_existing,
    )


def _activate(plan: Plan, now: datetime) -> int | None:
    try:
        number = publish(replace(request_of(plan), check_base=True, base=plan.base), now).number
    except BaseChanged as changed:
        published = _published_already(plan)
        if published is None:
            _suspend(plan, f"version {changed.active} came into force after this was scheduled")
            return None
        number = published
    except PolicyRefused as refused:
        _suspend(plan, str(refused))
        return None
    # False if another scheduler recorded it first; the version is the same one.
    if settle(plan, "activated", SCHEDULER, number=number):
        log.info("policy.activated", plan=plan.id, number=number)
    return number


def _published_already(plan: Plan) -> int | None:
    """The version this plan became, if the process died before recording it and other versions followed since."""
    later = [version for version in list_versions() if version["number"] > (plan.base or 0)]
    return next((version["number"] for version in later if version["digest"] == plan.digest), None)


def _suspend(plan: Plan, why: str) -> None:
    if settle(plan, "suspended", SCHEDULER, note=why[:1000]):
        log.warning("policy.suspended", plan=plan.id, reason=why)


def _must_come(at: datetime, now: datetime) -> None:
    if at <= now:
        raise PolicyRefused(
            says("%(moment)s is past: choose a moment that is to come, or publish at once", moment=at.isoformat())
        )
