"""The `baton` command: one table of commands. Each module is imported only when its command runs.

Commands call the same functions as the web application. May not do what no other entry point can.
"""

import sys

import click

from admin.cli.later import Later
from admin.logs import configure_logs
from engine.errors import BatonError

COMMANDS = {
    "up": ("operation.up:up", "Run everything in this terminal."),
    "web": ("operation.serve:web", "Serve the API and the admin."),
    "worker": ("operation.work:worker", "Decide waiting events."),
    "scheduler": ("operation.work:scheduler", "Wake waiting leads, fire due clocks, drain queues."),
    "migrate": ("operation.migrating:migrate", "Bring the database to this version's tables."),
    "policy": ("policy.policies:policy", "Lint, import, export and publish the policy."),
    "roster": ("access.rosters:roster", "Import and export people, teams and calendars."),
    "user": ("access.accounts:user", "People who sign in."),
    "key": ("access.accounts:key", "Keys of systems that call the API."),
    "webhook": ("access.webhooks:webhook", "Outside addresses that are told of changes."),
    "hook": ("access.hooks:hook", "Sources of vendor webhooks."),
    "import": ("leads.importing:import_file", "Import leads and events from a CSV or XLSX file."),
    "replay": ("leads.replay:replay", "Send a file of events through the HTTP API."),
    "simulate": ("policy.simulating:simulate", "Try a policy on a file of events; nothing is stored."),
    "explain": ("leads.explaining:explain", "Show a lead's score arithmetic and what is missing."),
    "report": ("leads.reports:report", "Fairness, clocks, speed, conversion and load over a period."),
    "verify": ("leads.verifying:verify", "Recompute every lead and compare."),
    "doctor": ("operation.doctor:doctor", "Check this installation and say how to mend it."),
    "demo-stream": ("demo.demo:demo_stream", "Stream made-up leads, for `baton up --demo`."),
}
"""Command → (module of this package and function, help text)."""
HIDDEN = frozenset({"demo-stream"})


@click.group(cls=Later, later=COMMANDS, hidden=HIDDEN, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="leadbaton")
def baton() -> None:
    """Carry leads from marketing to sales by rules that business people own."""


def main() -> None:
    """Entry point. A BatonError becomes one sentence on stderr and exit code 1; others keep their traceback."""
    configure_logs()
    try:
        baton()
    except BatonError as error:
        click.echo(f"baton: {error}", err=True)
        sys.exit(1)
