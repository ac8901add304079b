"""The workers that have registered themselves in Redis. Reads only."""

import redis
from rq import Queue, Worker

from engine.errors import ServerUnavailable
from workers import queues


def worker_count() -> int:
    """The number of workers for events. Raises ServerUnavailable if the queue does not answer."""
    try:
        return int(Worker.count(queue=Queue(queues.EVENTS, connection=queues.client())))
    except redis.RedisError as error:
        raise ServerUnavailable(f"the queue does not answer ({type(error).__name__})") from error


def check_workers() -> None:
    """Raise ServerUnavailable if there is no worker."""
    if not worker_count():
        raise ServerUnavailable("no worker is running: start `baton worker`")
