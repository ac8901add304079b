"""The builders of `tests.factories` with the machine's clock, for tests of processes.

A test that starts a process, a thread or a command of Baton takes its builders from here. These use the machine's
clock, for which the fixed day of `tests.factories` is past or future. `tests/test_days.py` checks this.
"""

from datetime import datetime
from typing import Any

from engine.clock import SystemClock
from engine.store.inbox.inbox import Accepted, Intake
from tests import factories


def now() -> datetime:
    """The moment by the machine's clock."""
    return SystemClock().now()


def put_in_force(policy: dict[str, Any] | None = None, *, act_on_existing: str = "none") -> int:
    """As in `factories`, from now on."""
    return factories.put_in_force(policy, now(), act_on_existing=act_on_existing)


def event(event_type: str = "lead.identified", /, *, at: datetime | None = None, **parts: Any) -> Intake:
    """As in `factories`; it happens now, if ``at`` says nothing else."""
    return factories.event(event_type, at=at or now(), **parts)


def take_in(*events: Intake) -> Accepted:
    """As in `factories`, accepted now."""
    return factories.take_in(*events, now=now())


def decide_all() -> int:
    """As in `factories`: everything that is due by now."""
    return factories.decide_all(SystemClock())
