"""A `baton up` with toy programs, for the tests of the supervisor: ``python -m tests.workers.servers.toy_up CAST``."""

import sys
import time
from dataclasses import replace

from engine.errors import BatonError
from engine.settings import load_settings
from tests.workers.servers.toy_programs import say
from workers.servers.supervised import Program
from workers.servers.supervisor import run_up


def program(name: str, after: str) -> Program:
    """One of the toy programs."""
    return Program(name, (sys.executable, "-m", "tests.workers.servers.toy_programs", name), after=after)


def saying(name: str, words: str, after: str) -> Program:
    """A step that says something and is done."""
    return Program(name, (sys.executable, "-c", f"print({words!r})"), once=True, after=after)


CASTS = {
    "whole": [
        saying("migrate", "migrated", "servers"),
        program("web", "migrate"),
        replace(program("worker", "migrate"), copies=2),
        saying("demo", "demonstrated", "ready"),
    ],
    "stuck": [
        program("web", "servers"),
        replace(program("stubborn", "servers"), ask_again=0.5),
        replace(program("deaf", "servers"), ask_again=0.5, stop_within=1.5),
    ],
    "quarrel": [program("web", "servers"), program("failing", "servers")],
}


def up(cast: str) -> int:
    """Run one cast of programs."""
    started = time.monotonic()
    try:
        return run_up(load_settings(), CASTS[cast], lambda: say(f"READY after {time.monotonic() - started:.1f} s"))
    except BatonError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(up(sys.argv[1]))
