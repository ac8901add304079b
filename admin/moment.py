"""The moment of a request: the pages' only look at the clock. Tests give the application another one."""

from datetime import datetime
from typing import cast

from flask import current_app

from engine.clock import SystemClock, WallClock


def now() -> datetime:
    """The current moment by the application's clock."""
    return cast("WallClock", current_app.config.get("BATON_CLOCK") or SystemClock()).now()
