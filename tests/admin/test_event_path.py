"""The page on architecture tells the path of an event as it is: a real event is traced, file by file.

docs/architecture.md lists the files that an engineer reads to follow one event, in the order in which they are called.
Everything else that the event runs through must be in a folder that the page names as a part those files use.
"""

import gc
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from engine.store.session import transaction
from tests.admin.api_client import Api, event
from tests.admin.deciding import REPS, start_with_policy
from tests.factories import column
from workers import jobs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
STEPS = re.findall(r"^\| \d+ \| `([a-z_/]+\.py)` \|", PAGE, re.MULTILINE)
PARTS = re.findall(r"^\| `([a-z_/]+(?:/|\.py))` \|", PAGE, re.MULTILINE)
OWN = ("admin/", "workers/", "engine/", "rulesets/")


@contextmanager
def traced() -> Iterator[list[str]]:
    """Our files in the order in which one of their functions is called first."""
    seen: dict[str, None] = {}

    def look(frame: FrameType, what: str, _argument: Any) -> None:
        if what == "call" and frame.f_code.co_name != "<module>" and frame.f_code.co_filename.startswith(str(ROOT)):
            seen.setdefault(str(Path(frame.f_code.co_filename).relative_to(ROOT)))

    files: list[str] = []
    sys.setprofile(look)
    try:
        yield files
    finally:
        sys.setprofile(None)
        files += [file for file in seen if file.startswith(OWN)]


@pytest.fixture
def as_before() -> Iterator[None]:
    """A drain tunes the garbage collector of its process, which ends with it; here the process lives on."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def run_traced(api: Api, headers: dict[str, str], drain: Callable[[int, int], int]) -> list[str]:
    body = event(1, type="demo.requested", lead={"email": "li.na@acme.test"}, company={"employees": 120})
    with traced() as files:
        assert api.send(body, headers).status_code == 202
        assert drain(0, 1) == 1
    return files


def test_an_event_takes_the_path_of_the_page(api: Api, as_before: None, monkeypatch: pytest.MonkeyPatch) -> None:
    start_with_policy()
    headers = api.key()
    monkeypatch.setattr(jobs._time, "clock", api.clock)  # noqa: SLF001 - the child of a worker gets its clock there
    files = run_traced(api, headers, jobs.drain)
    with transaction():
        assert column("SELECT owner FROM lead") == [REPS[1]], "the lead became an MQL and was given to sales"
    assert 5 <= len(STEPS) <= 12
    assert [file for file in files if file in STEPS] == STEPS
    strangers = [file for file in files if file not in STEPS and not file.startswith(tuple(PARTS))]
    assert strangers == [], "the page names neither them nor their folder"
