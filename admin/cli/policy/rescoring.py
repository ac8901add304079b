"""`baton policy progress`: how many existing leads are rescored under the version in force."""

import time

import click

from admin.cli.terminal import connected, fail, json_option, print_json
from engine.store.due.rescore import progress
from engine.store.policy.versions import active_number

GLANCE_SECONDS = 0.1
"""Seconds between two reads of the progress."""
BEGIN_SECONDS = 10.0
"""Seconds to wait for the first progress. A scheduler starts within a second; without one nothing is rescored."""


@click.command("progress")
@click.option("--wait", is_flag=True, help="Stay until every lead is done, with a progress bar.")
@json_option
def policy_progress(*, wait: bool, as_json: bool) -> None:
    """Show how many existing leads are rescored under the version in force."""
    connected()
    number = active_number()
    if number is None:
        fail(["no policy is in force: `baton policy publish` puts one there"])
    if wait:
        _show_bar(number)
    _tell(number, as_json=as_json)


def await_rescored(number: int) -> None:
    """Show a progress bar until every lead is rescored, then print the counts."""
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
    """Show a bar until all leads are rescored. A newer version ends it: leads are then rescored under that one."""
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
