"""All pages, in the order of the navigation."""

from flask_admin import BaseView
from flask_babel import lazy_gettext as _l

from admin.views.imports.imports import Imports
from admin.views.leads.leads import Leads
from admin.views.leads.pool import PublicPool
from admin.views.leads.queue import Queue
from admin.views.leads.reports import Reports
from admin.views.policy.document import WholeDocument
from admin.views.policy.draft import Cells, Clocks, Groups, Models, Rules, Signals
from admin.views.policy.entries import PAGES
from admin.views.policy.publish import Publish
from admin.views.policy.versions import Versions
from admin.views.roster.calendars import Calendars
from admin.views.roster.eligibility import Eligibility
from admin.views.roster.roster import PeopleView, TeamsView
from admin.views.roster.roster_document import RosterDocumentView
from admin.views.system.administration import AuditLog, Keys, Users
from admin.views.system.events import Events, SetAside
from admin.views.system.hooks import Hooks, Quarantine
from admin.views.system.nobody import NobodyList
from admin.views.system.notifications import Notifications
from admin.views.system.outgoing import Deliveries, Webhooks
from engine.store.schema.admin_tables import ApiKey, AuditEntry, UserAccount
from engine.store.schema.draft_tables import (
    DraftCell,
    DraftClock,
    DraftEntry,
    DraftGroup,
    DraftModel,
    DraftRule,
    DraftSignal,
)
from engine.store.schema.event_tables import Event, Inbox
from engine.store.schema.intake_tables import HookSource, QuarantinedHook
from engine.store.schema.lead_tables import Lead
from engine.store.schema.notice_tables import Delivery, Subscription
from engine.store.schema.roster_tables import CalendarRow, Person, Team

EVENTS = _l("Event log")
ROSTER = _l("Roster")
POLICY = _l("Policy draft")
CONTENTS = _l("Rules of the draft")
OPERATION = _l("Administration")


def pages() -> list[BaseView]:
    """New instances of every page. Each application needs its own."""
    return [
        Leads(Lead, name=_l("Leads"), endpoint="leads", url="leads"),
        PublicPool(name=_l("Public pool"), endpoint="pool", url="pool"),
        Queue(name=_l("Queue"), endpoint="queue", url="queue"),
        Reports(name=_l("Reports"), endpoint="reports", url="reports"),
        Imports(name=_l("Import"), endpoint="imports", url="imports"),
        Notifications(name=_l("Notifications"), endpoint="notifications", url="notifications"),
        Events(Event, name=_l("Events"), category=EVENTS, endpoint="events", url="events"),
        SetAside(Inbox, name=_l("Set aside"), category=EVENTS, endpoint="set_aside", url="set-aside"),
        NobodyList(name=_l("Values that name nobody"), category=EVENTS, endpoint="nobody", url="nobody"),
        *_policy(),
        PeopleView(Person, name=_l("People"), category=ROSTER, endpoint="people", url="roster/people"),
        TeamsView(Team, name=_l("Teams"), category=ROSTER, endpoint="teams", url="roster/teams"),
        Calendars(CalendarRow, name=_l("Calendars"), category=ROSTER, endpoint="calendars", url="roster/calendars"),
        Eligibility(name=_l("Monthly lists"), category=ROSTER, endpoint="eligibility", url="roster/eligibility"),
        RosterDocumentView(name=_l("Import and export"), category=ROSTER, endpoint="roster", url="roster/document"),
        Keys(ApiKey, name=_l("API keys"), category=OPERATION, endpoint="keys", url="keys"),
        Webhooks(Subscription, name=_l("Webhooks"), category=OPERATION, endpoint="webhooks", url="webhooks"),
        Hooks(HookSource, name=_l("Incoming webhooks"), category=OPERATION, endpoint="hooks", url="hooks"),
        Quarantine(QuarantinedHook, name=_l("Quarantine"), category=OPERATION, endpoint="quarantine", url="quarantine"),
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
