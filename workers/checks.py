"""Request a check of the draft from a worker, so that saving a row does not wait for the lint of the whole policy.

A check is requested once per revision. If no result appears, a page that shows the draft requests it again after a
while. The simulation worker runs it (`workers.simulator`). Nothing depends on the queue: a lost request is repeated at
the next page view.
"""

import redis
import structlog

from engine.errors import ServerUnavailable
from engine.policy.draft_check import check_draft
from engine.store.session import close_store
from workers import queues
from workers.simulator import SIMULATIONS

log = structlog.get_logger(__name__)

ASKED_SECONDS = 30
"""Time after which a check of the same revision may be requested again."""


def ask_check(revision: int) -> bool:
    """Request a check of the draft. Returns False if the queue does not answer."""
    try:
        # `nx` makes parallel page views request one check; `ex` allows a retry if it is lost.
        if queues.client().set(_asked(revision), "1", nx=True, ex=ASKED_SECONDS):
            queues.enqueue(SIMULATIONS, "check_draft", revision)
    except (redis.RedisError, ServerUnavailable) as error:
        log.warning("check.unheard", reason=type(error).__name__)
        return False
    return True


def check(revision: int) -> None:
    """The job: check the draft as it is now, whatever revision was requested. Afterwards it may be requested again."""
    try:
        check_draft()
    finally:
        close_store()
        # In `finally`: a failed check may be requested again at once.
        queues.client().delete(_asked(revision))


def _asked(revision: int) -> str:
    return f"baton:check:{revision}"
