"""End a conversation that takes too long in total.

Time-outs of sockets are per read: a peer that sends a byte now and then never exceeds one.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_off_after(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut down the socket that ``current`` returns if the block takes longer. Its next read then fails."""
    timer = threading.Timer(seconds, _cut, [current])
    # A pending timer must not delay the end of the process.
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
