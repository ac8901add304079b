"""Deliveries: lease messages of the outbox, send them, retry failures (docs/contract/design.md §3).

Runs in threads of the scheduler's process and does not delay the clocks (docs/adr/0009). Holds no state that matters:
if the process dies, its messages become due again when their leases end, with the same ids. The caller supplies the
channels that send. Does not decide who receives what.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from queue import SimpleQueue

import structlog

from engine.clock import SystemClock, WallClock
from engine.errors import ServerUnavailable
from engine.store.outbox import deliveries
from engine.store.outbox.deliveries import Taken
from workers.channels.undelivered import Undelivered
from workers.scheduler import Duty

log = structlog.get_logger(__name__)

Send = Callable[[Taken, datetime], None]
"""Sends one message. Raises `Undelivered`."""

SENDERS = 12
"""Threads that send. They wait for the network, so there are more of them than cores."""
TICK_SECONDS = 0.25
"""Pause between two looks at an idle outbox: the most that a new message waits."""
OUTAGE_PAUSE_SECONDS = 1.0
"""Pause after an error of a server, so that an outage does not fill the log."""


class Deliverer:
    """Threads that send messages, and one that leases them. ``duties`` run in that one, each at its interval."""

    def __init__(
        self, channels: Mapping[str, Send], duties: Sequence[Duty] = (), clock: WallClock | None = None
    ) -> None:
        self._channels = dict(channels)
        self._duties = tuple(duties)
        self._clock = clock or SystemClock()
        self._next_at: dict[str, datetime] = {}
        self._work: SimpleQueue[Taken | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._targets: Counter[str] = Counter()
        self._something_ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, stop: threading.Event) -> None:
        """Start the threads. They end when ``stop`` is set."""
        jobs = [("deliver", lambda: self._find_work(stop)), *((f"sender-{n}", self._send_all) for n in range(SENDERS))]
        self._threads = [threading.Thread(target=job, name=name, daemon=True) for name, job in jobs]
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> None:
        """Wait up to this many seconds for messages in progress. The rest becomes due again when its leases end."""
        for thread in self._threads:
            # Each thread gets its share, so that together they stay within the limit.
            thread.join(seconds / len(self._threads))

    def _find_work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._do_duties()
                found = self._take()
            except ServerUnavailable as error:
                log.warning("deliver.outage", reason=type(error).__name__)
                stop.wait(OUTAGE_PAUSE_SECONDS)
            except Exception:
                log.exception("deliver.failed")
                stop.wait(OUTAGE_PAUSE_SECONDS)
            else:
                self._await_change(stop, found=found)
        # One end mark per sender; messages before it are still sent.
        for _ in range(SENDERS):
            self._work.put(None)

    def _do_duties(self) -> None:
        now = self._clock.now()
        for duty in self._duties:
            if self._next_at.get(duty.name, now) <= now:
                self._next_at[duty.name] = now + duty.every
                duty.do(now)

    def _take(self) -> int:
        """Lease as many messages as there are free senders, except for targets that are being sent to."""
        with self._lock:
            free, busy = SENDERS - self._targets.total(), [name for name, n in self._targets.items() if n]
        if not free:
            return 0
        # Outside the lock: a slow database must not block senders that finish.
        found = deliveries.take_due([*self._channels], busy, self._clock.now(), free)
        with self._lock:
            self._targets.update(taken.target for taken in found)
        for taken in found:
            self._work.put(taken)
        return len(found)

    def _await_change(self, stop: threading.Event, *, found: int) -> None:
        """Wait for a finished sender or a tick, unless messages were just found."""
        if not found and not stop.is_set():
            self._something_ended.wait(TICK_SECONDS)
        self._something_ended.clear()

    def _send_all(self) -> None:
        while (taken := self._work.get()) is not None:
            try:
                self._deliver(taken)
            except ServerUnavailable:
                log.warning("deliver.unnoted", delivery=taken.id)
            except Exception:
                log.exception("deliver.unnoted", delivery=taken.id)
            finally:
                with self._lock:
                    # In `finally`: a target that is never released would get no more messages.
                    self._targets[taken.target] -= 1
                self._something_ended.set()

    def _deliver(self, taken: Taken) -> None:
        """Send one message and record the result."""
        try:
            self._channels[taken.channel](taken, self._clock.now())
        except Undelivered as why:
            self._note_failure(taken, str(why), permanent=why.permanent)
        except Exception as error:
            log.exception("deliver.broken", delivery=taken.id)
            self._note_failure(taken, f"could not be written: {type(error).__name__}", permanent=False)
        else:
            deliveries.note_sent(taken, self._clock.now())
            log.info("deliver.sent", delivery=taken.id, channel=taken.channel, kind=taken.kind)

    def _note_failure(self, taken: Taken, why: str, *, permanent: bool) -> None:
        again = deliveries.note_failure(taken, why, self._clock.now(), permanent=permanent)
        log.warning(
            "deliver.again" if again else "deliver.given_up",
            delivery=taken.id,
            channel=taken.channel,
            kind=taken.kind,
            attempts=taken.attempts,
        )
