"""Which pages there are, in the order of the navigation."""

from flask_admin import BaseView
from flask_babel import lazy_gettext as _l

from admin.views.document import WholeDocument
from admin.views.draft import Cells, Clocks, Groups, Models, Rules, Signals
from admin.views.leads import Leads
from admin.views.publish import Publish
from admin.views.versions import Versions
from engine.store.draft_tables import DraftCell, DraftClock, DraftGroup, DraftModel, DraftRule, DraftSignal
from engine.store.tables import Lead

ROAD = _l("Road of events")
ROSTER = _l("Roster")
POLICY = _l("Policy draft")
OPERATION = _l("Administration")


def pages() -> list[BaseView]:
    """New instances of every page: an application has its own."""
    return [
        Leads(Lead, name=_l("Leads"), endpoint="leads", url="leads"),
        *_policy(),
    ]


def _policy() -> list[BaseView]:
    return [
        Models(DraftModel, name=_l("Models and edges"), category=POLICY, endpoint="models", url="draft/models"),
        Groups(DraftGroup, name=_l("Groups"), category=POLICY, endpoint="groups", url="draft/groups"),
        Rules(DraftRule, name=_l("Fit rules"), category=POLICY, endpoint="rules", url="draft/rules"),
        Signals(DraftSignal, name=_l("Signals"), category=POLICY, endpoint="signals", url="draft/signals"),
        Cells(DraftCell, name=_l("Matrix"), category=POLICY, endpoint="cells", url="draft/matrix"),
        Clocks(DraftClock, name=_l("Clocks"), category=POLICY, endpoint="clocks", url="draft/clocks"),
        WholeDocument(name=_l("Whole document"), category=POLICY, endpoint="document", url="draft/document"),
        Publish(name=_l("Publish"), category=POLICY, endpoint="publish", url="draft/publish"),
        Versions(name=_l("Versions"), category=POLICY, endpoint="versions", url="versions"),
    ]
