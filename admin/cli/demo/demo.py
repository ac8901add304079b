"""The demo of `baton up --demo`: a starter policy, a sample roster, accounts, and made-up leads sent over HTTP.

It runs beside the web process and uses the same calls as everybody. Existing data stay unchanged.
"""

import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

import click

from admin.cli.demo.events import DemoLeads, Envelope
from admin.cli.demo.people import ACCOUNTS, ROSTER
from admin.cli.leads.replay import local_address
from admin.cli.sending import EventSender, SendingSummary, lists_of
from admin.cli.terminal import connected, print_table
from admin.publishing import publish_draft
from engine.clock import SystemClock
from engine.errors import ServerUnavailable
from engine.settings import Settings
from engine.store.access.accounts import add_user, find_account
from engine.store.access.keys import temporary_key
from engine.store.policy.drafts import save_draft
from engine.store.read import readiness
from engine.store.read.leads import open_leads_of
from engine.store.read.source_summary import SourceSummary, source_summary
from engine.store.roster.roster import export_roster, import_roster
from rulesets import starters

DEMO = "demo"
STARTER = "growth_smb"
SCOPES = ("events:write", "leads:write")
DECIDED_WITHIN = 120.0
"""Seconds the demo waits for its events to be decided."""
PAUSE = 0.2
"""Seconds between two lists of events, and between two looks at the backlog."""


@dataclass(frozen=True, slots=True)
class Stream:
    """How many leads are made up, from which seed, and how many events are sent per second."""

    leads: int
    seed: int
    per_second: float


@click.command("demo-stream")
@click.option("--leads", default=400, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--seed", default=7, show_default=True)
@click.option("--rate", default=150.0, show_default=True, help="Events a second.")
def demo_stream(leads: int, seed: int, rate: float) -> None:
    """Set the demo up, send made-up leads, and print the result."""
    settings = connected()
    passwords = set_up()
    stream(settings, Stream(leads, seed, rate))
    tell(settings, passwords, source_summary(DEMO))


def set_up() -> dict[str, str]:
    """Create policy, roster and accounts that are missing. Returns e-mail → password of new accounts."""
    if readiness.active_version() is None:
        save_draft(starters.load(STARTER), None, DEMO)
        publish_draft(DEMO, "the demo starts with the starter policy", SystemClock().now(), signoff="both", bypass=True)
    if not export_roster().get("people"):
        import_roster(ROSTER, by=DEMO)
    fresh = {email: secrets.token_urlsafe(12) for email in ACCOUNTS if find_account(email) is None}
    for email, password in fresh.items():
        add_user(email, ACCOUNTS[email], password, by=DEMO)
    return fresh


def stream(settings: Settings, much: Stream) -> None:
    """Send events of leads, wait for the decisions, then send the work of the new owners, stage by stage."""
    clock = SystemClock()
    made_up = DemoLeads(much.seed, clock.now().strftime("%m%d%H%M%S"))
    with temporary_key(DEMO, SCOPES, clock.now()) as secret:
        sender = EventSender(local_address(settings), secret)
        try:
            _send(sender, made_up.arriving(much.leads, clock.now()), much.per_second)
            for stage in ("ready", "mql", "sql"):
                _await_decisions()
                leads = open_leads_of(DEMO, stage)
                _send(sender, (act for lead in leads for act in made_up.worked(lead, clock.now())), much.per_second)
            _await_decisions()
        finally:
            sender.close()


def _send(sender: EventSender, events: Iterable[Envelope], per_second: float) -> None:
    summary, started, sent = SendingSummary(), time.monotonic(), 0
    lines = (json.dumps(event, ensure_ascii=False).encode() for event in events)
    for part in lists_of(lines, summary.refusals.append, items=max(1, int(per_second * PAUSE))):
        sender.send(part, summary)
        sent += len(part)
        time.sleep(max(0.0, started + sent / per_second - time.monotonic()))
    for refusal in summary.refusals:
        click.echo(f"refused: {refusal.message}", err=True)


def _await_decisions() -> None:
    until = time.monotonic() + DECIDED_WITHIN
    while (backlog := readiness.backlog(SystemClock().now())).waiting_events:
        if time.monotonic() > until:
            raise ServerUnavailable(f"{backlog.waiting_events} events still wait: look at the workers' lines above")
        time.sleep(PAUSE)


def tell(settings: Settings, passwords: dict[str, str], found: SourceSummary) -> None:
    """Print the result, the address, and the new accounts. Scripts read the account table and the last line."""
    address = local_address(settings)
    click.echo(f"\nWhat became of {found.leads:,} made-up leads\n")
    lag = f"median {found.lag_median * 1000:.0f} ms, 95 % within {found.lag_p95 * 1000:.0f} ms"
    rows: list[tuple[str, object]] = [("events", found.events), ("decided", found.decided), ("waiting", found.waiting)]
    rows += [("set aside", found.set_aside), ("lag", lag)]
    rows += [(f"stage {stage or 'none'}", number) for stage, number in found.stages.items()]
    rows += [(f"owner {owner or 'nobody'}", number) for owner, number in found.owners.items()]
    print_table(("", ""), rows)
    click.echo(f"\nOpen {address}/admin/ and sign in; the API is described at {address}/docs/api")
    if passwords:
        click.echo("These passwords are shown this once:\n")
        print_table(("e-mail", "password", "role"), [(e, password, ACCOUNTS[e]) for e, password in passwords.items()])
    else:
        click.echo("The demo's accounts were made by an earlier start; `baton user add` makes another one.")
    click.echo("\nBaton keeps serving. Ctrl-C stops it; the data stay in BATON_HOME.")
