"""Ties a process to the one that started it, so that killing the parent leaves nothing behind.

May only speak to the kernel about this very process; knows nothing of servers, queues or leads. Linux only:
elsewhere `die_with_parent` does nothing, and a supervisor that is killed leaves its children to the operator.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals = signal.SIGTERM, parent: int | None = None) -> None:
    """Have the kernel send ``signum`` to this process as soon as its parent process ends, however it ends.

    Call it first thing in a child: after a fork (it is not inherited) and after giving up root (which clears it).
    It is kept over ``exec``. The tie is to the parent's *thread* that started this process: start children from
    the main thread. ``parent`` is the expected parent's process id; when that one is already gone, the process
    ends at once by ``signum``. Without ``parent`` the parent of this moment is taken.
    Raises OSError when the kernel refuses.
    """
    if sys.platform != "linux":
        return
    expected = os.getppid() if parent is None else parent
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_PDEATHSIG")
    if os.getppid() != expected:
        os.kill(os.getpid(), signum)
