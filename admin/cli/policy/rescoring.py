"""`baton policy progress`: how far leads already there are scored under the version in force."""

import time

import click

from admin.cli.terminal import connected, fail, json_option, print_json
from engine.store.due.rescore import progress
from engine.store.policy.versions import active_number

GLANCE_SECONDS = 0.1
BEGIN_SECONDS = 10.0
"""A scheduler begins within a second; without one nothing is scored anew."""


@click.command("progress")
@click.option("--wait", is_flag=True, help="Stay until every lead is done, with a progress bar.")
@json_option
def policy_progress(*, wait: bool, as_json: bool) -> None:
    """How far leads already there are scored under the version in force."""
    connected()
    number = active_number()
    if number is None:
        fail(["no policy is in force: `baton policy publish` puts one there"])
    if wait:
        _show_bar(number)
    _tell(number, as_json=as_json)


def await_rescored(number: int) -> None:
    """Stay until every lead is scored under a version, with a progress bar, and tell how far it came."""
    _show_bar(number)
    _tell(number, as_json=False)


def _tell(number: int, *, as_json: bool) -> None:
    state = progress()
    if state is None or state.number != active_number():
        fail([f"scoring under version {number} has not begun: it needs a running scheduler (`baton up`)"])
    if as_json:
        finished = state.finished_at is not None
        print_json({"number": state.number, "total": state.total, "done": state.done, "finished": finished})
        return
    told = "finished" if state.finished_at else f"{state.percent} %"
    click.echo(f"version {state.number}: {state.done:,} of {state.total:,} leads scored anew, {told}")


def _show_bar(number: int) -> None:
    """Show a bar until all is done; a version that becomes active meanwhile ends it, for its scores are wanted then."""
    limit = time.monotonic() + BEGIN_SECONDS
    while (state := progress()) is None and time.monotonic() < limit:
        time.sleep(GLANCE_SECONDS)
    if state is None:
        return
    with click.progressbar(length=max(1, state.total), label="leads scored anew", show_pos=True) as bar:
        while state is not None and state.number == number and not state.finished_at:
            bar.update(state.done - bar.pos)
            time.sleep(GLANCE_SECONDS)
            state = progress()
        bar.update(max(1, state.total if state else 1) - bar.pos)
