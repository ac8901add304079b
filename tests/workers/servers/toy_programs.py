"""Small programs for a supervisor to keep: ``python -m tests.workers.servers.toy_programs
web|worker|stubborn|deaf|failing``.

They import nothing of Baton, so that they start at once.
"""

import http.server
import os
import signal
import sys
import threading
from collections.abc import Callable


def say(line: str) -> None:
    """Write one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


def web() -> None:
    """Answers every request with 200; says that it was asked to stop."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["BATON_PORT"])), _Ready)
    stop_on_signal(lambda: threading.Thread(target=server.shutdown).start())
    say(f"pid {os.getpid()}")
    server.serve_forever()
    say("stopped")


def worker() -> None:
    """Waits to be stopped."""
    asked = threading.Event()
    stop_on_signal(asked.set)
    say(f"pid {os.getpid()}")
    asked.wait()
    say("stopped")


def stubborn() -> None:
    """Ends only when asked a second time."""
    asked = threading.Semaphore(0)
    stop_on_signal(asked.release)
    say(f"pid {os.getpid()}")
    asked.acquire()
    asked.acquire()
    say("asked twice")


def deaf() -> None:
    """Never ends by itself."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(f"pid {os.getpid()}")
    threading.Event().wait()


def failing() -> None:
    """Ends at once, unsuccessfully, with a last word without newline."""
    sys.stdout.write("no good; # 50% 'quoted'")
    sys.exit(3)


def stop_on_signal(act: Callable[[], object]) -> None:
    """Call ``act`` on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: act())


PROGRAMS = {"web": web, "worker": worker, "stubborn": stubborn, "deaf": deaf, "failing": failing}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
