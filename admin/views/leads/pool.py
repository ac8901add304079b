"""The page of the public pool: the best leads without an owner, their former owners, and the claim button.

A claim is an event, and its decision says whether it was legal. May not decide that here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, flash, redirect, request
from flask_admin import BaseView
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from admin.lead_data.lead_json import policy_of, returned_for
from admin.lead_data.pool_cursor import UnknownCursor, cursor_of, place_of
from admin.moment import now
from admin.permissions import May, actor, may
from admin.text import terms
from admin.views import problems
from admin.views.leads.lead_page import why_in_pool
from admin.views.leads.lead_work import claim_refusal, do_work, living, reason_label
from admin.views.lists import EXPORT_ROWS, Guarded, list_answer, page
from engine.core.assignment.pool import ROLE_OF_CLAIM
from engine.core.lead.model import Stage
from engine.core.lead.people import ClaimStanding, People
from engine.store.policy.versions import active_number
from engine.store.read.lead_cards import LeadCard, lead_cards
from engine.store.read.pool_list import BEST_FIRST, COUNTED, PoolFilter, PoolLead, count_pool, read_desk, read_pool
from rulesets.policy.policy import GRADES, Policy
from rulesets.policy.policy import Pool as PoolRule
from rulesets.policy.sla import ClockRule

PAGE = 50
EXPORTED_AT_ONCE = 1000
ALL = "all"
HEADINGS = (
    _l("Lead"), _l("Name"), _l("Company"), _l("Stage"), _l("Cell"), _l("Fit"), _l("Engagement"), _l("Region"),
    _l("Since"), _l("Why"), _l("Reason given"), _l("Last owner"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the list: the lead, its name, and why the reader may not claim it.

    People who see only their own leads get the name and no contact details: they must claim first.
    """

    lead: PoolLead
    name: str
    company: str
    why: str
    reason: str
    refusal: str | None

    @property
    def last_owner(self) -> Any:
        """The last former owner."""
        former_owners = self.lead.state.former_owners
        return former_owners[-1] if former_owners else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """The reader's limits: claims today and leads owned, each with its maximum."""

    standing: ClaimStanding
    rule: PoolRule

    @property
    def claims_left(self) -> int | None:
        """How many leads the reader may still claim today. None: no limit."""
        limit = self.rule.claim.per_day
        return None if limit is None else max(0, limit - self.standing.claimed_today)


class PublicPool(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """The public pool."""

    needs: ClassVar[May] = May.ENTER

    def is_accessible(self) -> bool:
        """Everybody who sees any leads sees the pool."""
        return may(May.SEE_ALL_LEADS) or may(May.SEE_OWN_LEADS)

    @page("/")
    def index(self) -> str:
        """The best leads first, fifty at a time."""
        policy, people = _desk()
        role = people.roles.get(actor()) if people else None
        wanted = _wanted(role)
        found = read_pool(wanted, after=_place(), limit=PAGE + 1)
        rows = _shown(found[:PAGE], policy, people)
        standing = people.standings.get(actor()) if people and role in {"sdr", "sales"} else None
        return str(
            self.render(
                "baton/pool.html",
                rows=rows,
                next=cursor_of(found[PAGE - 1].place) if len(found) > PAGE else None,
                asked=_asked(),
                claims=standing is not None,
                allowance=Allowance(standing, policy.pool or PoolRule()) if standing and policy else None,
                stages=_stage_options(role),
                grades=GRADES,
                reasons=_why_options(policy),
                total=count_pool(),
                counted=COUNTED,
            )
        )

    @page("/<int:number>/claim", "POST")
    def claim(self, number: int) -> AnyResponse:
        """Claim a lead. On success, redirect to its page."""
        if not (may(May.WORK_OWN_LEADS) or may(May.WORK_ANY_LEAD)):
            problems.refuse()
        lead = living(number)
        message, kind = do_work(lead, "claim", {})
        flash(message, kind)
        if kind == "success":
            return redirect(self.get_url("leads.lead", number=lead))
        return redirect(self.get_url(".index", **request.args.to_dict()))

    @page("/export/<export_type>/")
    def export(self, export_type: str) -> Response:
        """The filtered list as CSV or XLSX, 50,000 rows at most."""
        policy, people = _desk()
        wanted = _wanted(people.roles.get(actor()) if people else None)
        return list_answer(HEADINGS, [_exported(row) for row in _everything(wanted, policy)], "pool", export_type)


def _desk() -> tuple[Policy | None, People | None]:
    """The policy in force, and the roster with the reader's claims. Both are None before the first publication."""
    number = active_number()
    if number is None:
        return None, None
    policy = policy_of(number)
    return policy, read_desk(actor(), policy, now())


def _asked() -> dict[str, str]:
    return {name: request.args.get(name, "").replace("\x00", "")[:200] for name in ("stage", "grade", "region", "why")}


def _wanted(role: str | None) -> PoolFilter:
    """The filter of the address. Without a stage: the stages that the role may claim."""
    asked = _asked()
    mine = [stage for stage in BEST_FIRST if ROLE_OF_CLAIM.get(Stage(stage)) == role]
    if asked["stage"] in BEST_FIRST:
        stages = [asked["stage"]]
    else:
        stages = mine if mine and asked["stage"] != ALL else list(BEST_FIRST)
    grade = asked["grade"] if asked["grade"] in GRADES else None
    return PoolFilter(stages=stages, grade=grade, region=asked["region"].strip() or None, why=asked["why"] or None)


def _place() -> Any:
    """The place after which the page starts. An unknown cursor means the beginning."""
    try:
        return place_of(request.args.get("after", ""))
    except UnknownCursor:
        return None


def _shown(leads: Sequence[PoolLead], policy: Policy | None, people: People | None) -> list[Shown]:
    """The rows. Reads the names of these leads in one query."""
    cards = lead_cards(lead.row["id"] for lead in leads)
    claims = policy is not None and people is not None and people.roles.get(actor()) in {"sdr", "sales"}
    return [
        Shown(
            lead,
            *_called(lead.row["id"], cards.get(lead.row["id"]) or LeadCard()),
            why=why_in_pool(lead.state, policy),
            reason=_reason(lead, policy),
            refusal=claim_refusal(lead.state, policy, people) if claims and policy and people else None,
        )
        for lead in leads
    ]


def _called(number: int, card: LeadCard) -> tuple[str, str]:
    """Name and company of a lead."""
    return (card.title if may(May.SEE_ALL_LEADS) else card.name) or f"#{number}", card.company


def _reason(lead: PoolLead, policy: Policy | None) -> str:
    """The label of the reason of the last rejection or release."""
    key = returned_for(lead.state)
    known = (*policy.reasons.reject, *policy.reasons.release) if policy else ()
    return next((reason_label(reason) for reason in known if reason.key == key), key or "")


def _stage_options(role: str | None) -> list[tuple[str, Any]]:
    """The choices of the stage filter. For people who claim, the first one is what they may claim."""
    mine = [("", _l("those I may claim")), (ALL, _l("all"))] if role in ROLE_OF_CLAIM.values() else [("", _l("all"))]
    return [*mine, *((stage, terms.STAGES[stage]) for stage in BEST_FIRST)]


def _why_options(policy: Policy | None) -> list[tuple[str, Any]]:
    """Every reason why a lead may be in the pool under the policy in force."""
    clocks = [clock.key for clock in policy.sla if _pools(clock)] if policy else []
    policies = [rule.key for rule in policy.assignment if rule.otherwise == "pool"] if policy else []
    return [*terms.POOL_REASONS.items(), *((key, key) for key in (*clocks, *policies))]


def _pools(clock: ClockRule) -> bool:
    """Whether a clock may put a lead into the pool."""
    chained = clock.then.actions if clock.then else ()
    return any(action.do == "pool" for action in (*clock.on_breach, *chained))


def _everything(wanted: PoolFilter, policy: Policy | None) -> Iterator[Shown]:
    """The whole list, read in pages so that an export needs little memory."""
    after, left = None, EXPORT_ROWS
    while left > 0 and (found := read_pool(wanted, after=after, limit=min(EXPORTED_AT_ONCE, left))):
        yield from _shown(found, policy, None)
        after, left = found[-1].place, left - len(found)


def _exported(shown: Shown) -> tuple[Any, ...]:
    row, last = shown.lead.row, shown.last_owner
    numbers = (row["fit"], row["engagement"])
    return (row["id"], shown.name, shown.company, row["stage"], row["cell"], *numbers, shown.lead.region,
            row["pool_since"], shown.why, shown.reason, last.person if last else None)  # fmt: skip
