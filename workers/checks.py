"""Asking a worker to check the draft: whoever saves a row does not wait for the lint of the whole policy.

Asked for once per revision, and again after a while when nobody answered: a page that looks asks. The worker is the one
of questions (`workers.simulator`). Nothing depends on the queue: a check that was lost is asked for at the next look.
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
"""A check of one revision is asked for again after so long."""


def ask_check(revision: int) -> bool:
    """Have the draft checked soon; False when the queue does not answer."""
    try:
        if queues.client().set(_asked(revision), "1", nx=True, ex=ASKED_SECONDS):
            queues.enqueue(SIMULATIONS, "check_draft", revision)
    except (redis.RedisError, ServerUnavailable) as error:
        log.warning("check.unheard", reason=type(error).__name__)
        return False
    return True


def check(revision: int) -> None:
    """The job: check the draft as it is now, whichever revision was asked for; then it may be asked for again."""
    try:
        check_draft()
    finally:
        close_store()
        queues.client().delete(_asked(revision))


def _asked(revision: int) -> str:
    return f"baton:check:{revision}"
