"""Which pages there are, in the order of the navigation."""

from flask_admin import BaseView
from flask_babel import lazy_gettext as _l

from admin.views.leads import Leads
from engine.store.tables import Lead

LEADS = _l("Leads")


def pages() -> list[BaseView]:
    """New instances of every page: an application has its own."""
    return [Leads(Lead, name=LEADS, endpoint="leads", url="leads")]
