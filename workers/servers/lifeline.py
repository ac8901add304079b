"""Tie a process to its parent, so that killing the parent leaves no process behind.

Sets kernel options of this process only; knows no servers, queues or leads. Linux only: elsewhere `die_with_parent`
does nothing, and the operator must end the children of a killed supervisor.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals = signal.SIGTERM, parent: int | None = None) -> None:
    """Make the kernel send ``signum`` to this process when its parent process ends, for any reason.

    Call it first in a child: after a fork (it is not inherited) and after giving up root (which clears it). It survives
    ``exec``. The tie is to the parent's *thread* that started this process, so start children from the main thread.
    ``parent`` is the expected parent's process id; if that process is already gone, this process ends at once by
    ``signum``. Without ``parent`` the current parent is used. Raises OSError if the kernel refuses.
    """
    if sys.platform != "linux":
        return
    expected = os.getppid() if parent is None else parent
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_PDEATHSIG")
    # The parent may have died before prctl; then no signal would ever come.
    if os.getppid() != expected:
        os.kill(os.getpid(), signum)
