"""The whole API as one table, in the order of the documentation."""

from admin.api import events, status
from admin.api.routes import Route

ROUTES: tuple[Route, ...] = (*events.ROUTES, *status.ROUTES)
