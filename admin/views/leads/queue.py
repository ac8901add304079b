"""The page of the queue: leads that wait for a person, since when and why. Managers assign them here."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from flask import flash, redirect, request
from flask_admin import BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin.moment import now
from admin.permissions import May, may
from admin.text import terms
from admin.views import problems
from admin.views.leads.lead_work import by_role, do_work, living
from admin.views.lists import Guarded, page
from engine.store.read.lead_cards import LeadCard, lead_cards
from engine.store.read.queue_list import QueuedLead, count_queue, read_queue
from engine.store.roster.colleagues import read_colleagues

PAGE = 50
LAST_PAGE = 2000
ROLES = ("sdr", "sales")


class Queue(Guarded, BaseView):  # type: ignore[misc] # the library carries no types
    """Leads that nobody could take."""

    needs: ClassVar[May] = May.SEE_ALL_LEADS

    @page("/")
    def index(self) -> str:
        """Fifty per page, in the order in which they are assigned."""
        role = request.args.get("role") if request.args.get("role") in ROLES else None
        number = min(max(request.args.get("page", 0, type=int), 0), LAST_PAGE)
        found = read_queue(role, skip=number * PAGE, limit=PAGE + 1)
        return str(
            self.render(
                "baton/queue.html",
                rows=found[:PAGE],
                cards=_cards(found[:PAGE]),
                more=len(found) > PAGE,
                number=number,
                role=role,
                roles=ROLES,
                waiting=count_queue(),
                why=reasons_of,
                people=by_role(read_colleagues()),
                assigns=may(May.WORK_ANY_LEAD),
                at=now(),
            )
        )

    @page("/<int:number>/assign", "POST")
    def assign(self, number: int) -> AnyResponse:
        """Assign a queued lead to a person, by an event."""
        if not may(May.WORK_ANY_LEAD):
            problems.refuse()
        flash(*do_work(living(number), "assign", request.form))
        return redirect(self.get_url(".index", **request.args.to_dict()))


def reasons_of(lead: QueuedLead) -> list[str]:
    """Why nobody could take the lead at the last try: each reason with its number of people."""
    if lead.assignment is None:
        return [] if lead.conflict else [str(gettext("nobody was looked for yet"))]
    choices: list[Mapping[str, Any]] = [lead.assignment, *lead.assignment.get("tried", ())]
    against = {(one["person"], one["reason"]) for choice in choices for one in choice.get("candidates", ())}
    codes = Counter(reason for _, reason in against)
    told = [f"{count} × {terms.term(terms.CANDIDATES, code)}" for code, count in codes.most_common()]
    return told or [str(gettext("no policy of assignment looks at anybody"))]


def _cards(leads: list[QueuedLead]) -> dict[int, LeadCard]:
    return lead_cards(lead.row["id"] for lead in leads)
