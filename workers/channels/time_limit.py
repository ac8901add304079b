"""Ending a conversation that takes too long as a whole, however slowly the other side goes on talking.

Time-outs of sockets are per read: somebody who sends a byte now and then never meets one.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_off_after(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the socket down that ``current`` gives if the block is not done by then; its next read then fails."""
    timer = threading.Timer(seconds, _cut, [current])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(current: Callable[[], socket.socket | None]) -> None:
    found = current()
    if found is not None:
        with suppress(OSError):  # it is closed already: the conversation has ended by itself
            found.shutdown(socket.SHUT_RDWR)
