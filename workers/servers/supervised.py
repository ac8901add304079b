"""Keep one program running: Baton's changes to the supervisor library.

The library (supervisor 4.3) forks, multiplexes output, reaps, stops programs by group, and kills hanging ones. Changed
here: a program may wait for another one; restarts back off up to a few seconds and never stop; a program dies with its
parent; it is asked twice to stop; its output appears line by line with its name. Knows no servers, queues or settings.
"""

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from supervisor import events, loggers, poller
from supervisor.datatypes import RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.options import ProcessConfig, ProcessGroupConfig, ServerOptions, decode_wait_status
from supervisor.process import Subprocess
from supervisor.states import ProcessStates, SupervisorStates

from workers.servers.lifeline import die_with_parent

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Seconds before an ended program is restarted: doubling from the first pause up to the longest, without end."""
STEADY = 10.0
"""Seconds of life after which the restart pause is reset."""
GLANCE = 0.1
"""Longest interval of the main loop, in seconds."""
IDLE_STATES = {ProcessStates.STOPPED, ProcessStates.EXITED, ProcessStates.BACKOFF}
NAME_WIDTH = 11


@dataclass(frozen=True, slots=True)
class Program:
    """A command to keep running. ``argv[0]`` is an absolute path.

    ``copies`` processes of it are kept. With ``once`` it runs until it exits with 0, and not again. It starts after the
    `once` program named ``after``. To stop it, ``stop_signal`` is sent, again after ``ask_again`` seconds; it is killed
    after ``stop_within``. ``death_signal`` is sent when the supervising process itself is killed.
    """

    name: str
    argv: tuple[str, ...]
    copies: int = 1
    once: bool = False
    after: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    ask_again: float = 5.0
    stop_within: float = 7.0
    death_signal: signal.Signals = signal.SIGKILL


@dataclass(slots=True)
class SupervisorState:
    """State shared by the programs of one supervisor: finished `once` programs, the callback, unfinished lines of
    output.
    """

    environment: Mapping[str, str]
    on_done: Callable[[str], None]
    done: set[str] = field(default_factory=set)
    unfinished: dict[str, bytes] = field(default_factory=dict)

    def finish(self, name: str) -> None:
        """Record that a `once` program succeeded, and call back."""
        self.done.add(name)
        self.on_done(name)

    def show(self, name: str, data: bytes) -> None:
        """Write the complete lines of ``data`` with the program's name. Keep an incomplete line for later."""
        *lines, rest = (self.unfinished.pop(name, b"") + data).split(b"\n")
        if rest:
            self.unfinished[name] = rest
        for line in lines:
            write_line(name, line.decode(errors="replace").rstrip())

    def show_rest(self, name: str) -> None:
        """Write the incomplete last line of an ended program."""
        if name in self.unfinished:
            self.show(name, b"\n")


def write_line(name: str, line: str) -> None:
    """Write one line of the common log. If its reader has ended (`baton up | head`), the log stops and the programs go
    on.
    """
    try:
        sys.stdout.write(f"{name:<{NAME_WIDTH}} | {line}\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the rest of this process


class Child(Subprocess):  # type: ignore[misc]  # the library carries no types
    """One process of a program."""

    backoff: int = 0

    def __init__(self, config: Any, program: Program, stage: SupervisorState) -> None:
        super().__init__(config)
        self.program = program
        self.stage = stage
        self.failures = 0
        self.started = self.stop_asked = self.not_before = 0.0

    def spawn(self) -> Any:
        """Start the process. The moment counts for the back-off, also if the start fails."""
        self.started, self.stop_asked = time.monotonic(), 0.0
        return super().spawn()

    def _spawn_as_child(self, filename: str, argv: list[str]) -> None:
        die_with_parent(self.program.death_signal, self.config.options.own_pid)
        super()._spawn_as_child(filename, argv)

    def change_state(self, new_state: int, expected: bool = True) -> Any:
        """As the library's, but a program that cannot be started is retried within seconds, too."""
        if new_state == ProcessStates.BACKOFF:
            # The library waits `backoff` seconds, one more after each failure: cap it.
            self.backoff = min(self.backoff, int(LONGEST_PAUSE) - 1)
            write_line("baton", f"{self.config.name} cannot be started: {self.spawnerr}")
        return super().change_state(new_state, expected)

    def transition(self) -> None:
        """Runs several times a second: start programs that may start, and repeat stop signals."""
        if self.state not in IDLE_STATES or self._may_start():
            super().transition()
        waited = time.monotonic() - self.stop_asked if self.stop_asked else 0.0
        if self.state == ProcessStates.STOPPING and waited >= self.program.ask_again:
            self.stop_asked = 0.0
            self.signal(self.program.stop_signal)

    def _may_start(self) -> bool:
        gate = self.program.after
        return (gate is None or gate in self.stage.done) and time.monotonic() >= self.not_before

    def stop(self) -> Any:
        """Ask the process to stop."""
        self.stop_asked = time.monotonic()
        return super().stop()

    def finish(self, pid: int, status: int) -> None:
        """Handle the end of the process: set when it may start again, and log it."""
        wanted = self.killing
        super().finish(pid, status)
        self.stage.show_rest(self.config.name)
        code, how = decode_wait_status(status)
        if self.program.once and code == 0:
            self.stage.finish(self.program.name)
        elif not wanted and self.config.options.mood > SupervisorStates.RESTARTING:
            self._note_failure(how)

    def _note_failure(self, how: str) -> None:
        steady = time.monotonic() - self.started >= STEADY
        self.failures = 0 if steady else self.failures + 1
        pause = pause_after(self.failures)
        self.not_before = time.monotonic() + pause
        write_line("baton", f"{self.config.name} ended ({how}); starting it again in {pause:.1f} s")


def pause_after(failures: int) -> float:
    """Seconds before the next start, after this many quick ends in a row (0: it had run steadily)."""
    # Capped exponent: a shift by thousands of failures would build a huge integer.
    return min(LONGEST_PAUSE, FIRST_PAUSE * float(1 << min(failures, 16)))


class Config(ProcessConfig):  # type: ignore[misc]  # the library carries no types
    """The library's settings of one process, made from a `Program`."""

    def __init__(self, options: Any, program: Program, name: str, stage: SupervisorState) -> None:
        given = {
            "name": name,
            "command": shlex.join(program.argv),
            "autostart": True,
            "autorestart": RestartWhenExitUnexpected if program.once else RestartUnconditionally,
            "exitcodes": [0],
            "startsecs": 0,
            "startretries": sys.maxsize,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": program.stop_within,
            "stopasgroup": False,
            "killasgroup": True,
            "redirect_stderr": True,
            "stdout_events_enabled": True,
            "priority": 1,
        }
        super().__init__(options, **(dict.fromkeys(self.req_param_names) | given), environment=dict(stage.environment))
        self.program, self.stage = program, stage

    def make_process(self, group: Any = None) -> Child:
        """The process object that the library drives."""
        child = Child(self, self.program, self.stage)
        child.group = group
        return child


class Poller(poller.Poller):  # type: ignore[misc]  # the library carries no types
    """Polls at least every `GLANCE` seconds. The library's one second would delay each step and each stop."""

    def poll(self, timeout: float) -> Any:
        """File descriptors that are ready to read and to write."""
        return super().poll(min(timeout, GLANCE))


class Options(ServerOptions):  # type: ignore[misc]  # the library carries no types
    """The library's own settings: no configuration file, no control port, no files, runs in the foreground."""

    nodaemon = True
    first = True
    test = False
    strip_ansi = False
    minfds = 1024
    serverurl = None
    identifier = "baton"
    loglevel = loggers.LevelsByName.INFO

    def __init__(self, groups: Mapping[str, list[Program]], stage: SupervisorState) -> None:
        super().__init__()
        self.logger = loggers.getLogger()
        self.poller = Poller(self)
        self.own_pid = os.getpid()
        for priority, (name, programs) in enumerate(groups.items()):
            configs = [Config(self, program, each, stage) for program in programs for each in _names(program)]
            self.process_group_configs.append(ProcessGroupConfig(self, name, priority, configs))

    def openhttpservers(self, supervisord: object) -> None:
        """No control port."""

    def write_pidfile(self) -> None:
        """No file: the lock in the data folder shows the process id."""


def _names(program: Program) -> list[str]:
    if program.copies == 1:
        return [program.name]
    return [f"{program.name}-{number}" for number in range(1, program.copies + 1)]


def show_output(stage: SupervisorState) -> None:
    """Make the library pass all output to ``stage``."""
    events.subscribe(events.ProcessLogEvent, lambda event: stage.show(event.process.config.name, event.data))
