"""Which pages there are, in the order of the navigation."""

from flask_admin import BaseView
from flask_babel import lazy_gettext as _l

from admin.views.administration import AuditLog, Keys, Users
from admin.views.calendars import Calendars
from admin.views.document import WholeDocument
from admin.views.draft import Cells, Clocks, Groups, Models, Rules, Signals
from admin.views.eligibility import Eligibility
from admin.views.entries import PAGES
from admin.views.leads import Leads
from admin.views.notifications import Notifications
from admin.views.outgoing import Deliveries, Webhooks
from admin.views.pool import PublicPool
from admin.views.publish import Publish
from admin.views.queue import Queue
from admin.views.reports import Reports
from admin.views.road import Events, SetAside
from admin.views.roster import People, Teams
from admin.views.roster_document import RosterDocument
from admin.views.versions import Versions
from engine.store.admin_tables import ApiKey, AuditEntry, UserAccount
from engine.store.draft_tables import DraftCell, DraftClock, DraftEntry, DraftGroup, DraftModel, DraftRule, DraftSignal
from engine.store.notice_tables import Delivery, Subscription
from engine.store.tables import CalendarRow, Event, Inbox, Lead, Person, Team

ROAD = _l("Road of events")
ROSTER = _l("Roster")
POLICY = _l("Policy draft")
CONTENTS = _l("Rules of the draft")
OPERATION = _l("Administration")


def pages() -> list[BaseView]:
    """New instances of every page: an application has its own."""
    return [
        Leads(Lead, name=_l("Leads"), endpoint="leads", url="leads"),
        PublicPool(name=_l("Public pool"), endpoint="pool", url="pool"),
        Queue(name=_l("Queue"), endpoint="queue", url="queue"),
        Reports(name=_l("Reports"), endpoint="reports", url="reports"),
        Notifications(name=_l("Notifications"), endpoint="notifications", url="notifications"),
        Events(Event, name=_l("Events"), category=ROAD, endpoint="events", url="events"),
        SetAside(Inbox, name=_l("Set aside"), category=ROAD, endpoint="set_aside", url="set-aside"),
        *_policy(),
        People(Person, name=_l("People"), category=ROSTER, endpoint="people", url="roster/people"),
        Teams(Team, name=_l("Teams"), category=ROSTER, endpoint="teams", url="roster/teams"),
        Calendars(CalendarRow, name=_l("Calendars"), category=ROSTER, endpoint="calendars", url="roster/calendars"),
        Eligibility(name=_l("Monthly lists"), category=ROSTER, endpoint="eligibility", url="roster/eligibility"),
        RosterDocument(name=_l("Import and export"), category=ROSTER, endpoint="roster", url="roster/document"),
        Keys(ApiKey, name=_l("API keys"), category=OPERATION, endpoint="keys", url="keys"),
        Webhooks(Subscription, name=_l("Webhooks"), category=OPERATION, endpoint="webhooks", url="webhooks"),
        Deliveries(Delivery, name=_l("Deliveries"), category=OPERATION, endpoint="deliveries", url="deliveries"),
        Users(UserAccount, name=_l("Users"), category=OPERATION, endpoint="users", url="users"),
        AuditLog(AuditEntry, name=_l("Audit log"), category=OPERATION, endpoint="audit", url="audit"),
    ]


def _policy() -> list[BaseView]:
    return [
        Models(DraftModel, name=_l("Models and edges"), category=POLICY, endpoint="models", url="draft/models"),
        Groups(DraftGroup, name=_l("Groups"), category=POLICY, endpoint="groups", url="draft/groups"),
        Rules(DraftRule, name=_l("Fit rules"), category=POLICY, endpoint="rules", url="draft/rules"),
        Signals(DraftSignal, name=_l("Signals"), category=POLICY, endpoint="signals", url="draft/signals"),
        Cells(DraftCell, name=_l("Matrix"), category=POLICY, endpoint="cells", url="draft/matrix"),
        Clocks(DraftClock, name=_l("Clocks"), category=POLICY, endpoint="clocks", url="draft/clocks"),
        *(
            view(
                DraftEntry, name=name, category=CONTENTS, endpoint=f"draft_{url.replace('-', '_')}", url=f"draft/{url}"
            )
            for view, name, url in PAGES
        ),
        WholeDocument(name=_l("Whole document"), category=POLICY, endpoint="document", url="draft/document"),
        Publish(name=_l("Publish"), category=POLICY, endpoint="publish", url="draft/publish"),
        Versions(name=_l("Versions"), category=POLICY, endpoint="versions", url="versions"),
    ]
