"""The time of a request. The web code reads the clock only here, so that tests can replace it."""

from datetime import datetime
from typing import cast

from flask import current_app

from engine.clock import SystemClock, WallClock


def now() -> datetime:
    """The current time by the application's clock."""
    return cast("WallClock", current_app.config.get("BATON_CLOCK") or SystemClock()).now()
