"""Every route of the API, in the order of the documentation."""

from admin.api import status
from admin.api.documents import policies, policy_life, rosters, simulations
from admin.api.events import events, segment
from admin.api.leads import leads, notices, privacy, reports, work
from admin.api.leads.pool import ROUTES as POOL
from admin.api.openapi import described_by
from admin.api.routes import Route

SERVICE: tuple[Route, ...] = (
    *events.ROUTES,
    *leads.ROUTES,
    *POOL,
    *work.ROUTES,
    *privacy.ROUTES,
    *notices.ROUTES,
    *segment.ROUTES,
    *policies.ROUTES,
    *policy_life.ROUTES,
    *simulations.ROUTES,
    *reports.ROUTES,
    *rosters.ROUTES,
    *status.ROUTES,
)
ROUTES: tuple[Route, ...] = (*SERVICE, *described_by(SERVICE))
