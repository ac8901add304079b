"""`baton webhook`: subscriptions of other systems to changes."""

import click

from admin.cli.terminal import connected, json_option, print_json, print_table
from engine.core.outgoing import EVENTS
from engine.errors import NotFound
from engine.store.outbox.subscriptions import (
    add_subscription,
    change_subscription,
    list_subscriptions,
    remove_subscription,
    replace_secret,
)
from engine.store.schema.notice_tables import Subscription

OPERATOR = "operator"


@click.group()
def webhook() -> None:
    """Addresses that receive webhooks."""


@webhook.command("add")
@click.argument("url")
@click.option("--event", "events", help=f"Comma-separated: {', '.join(EVENTS)}. Default: all.")
def webhook_add(url: str, events: str | None) -> None:
    """Subscribe an address to events. The signing secret is printed once, alone on stdout."""
    connected()
    made = add_subscription(url, events.split(",") if events else EVENTS, OPERATOR)
    click.echo(f"webhook {made.id}; its secret is not shown again:", err=True)
    click.echo(made.secret)


@webhook.command("list")
@json_option
def webhook_list(*, as_json: bool) -> None:
    """All webhooks, without their secrets."""
    connected()
    found = list_subscriptions()
    if as_json:
        print_json([row.model_dump(exclude={"secret"}) for row in found])
        return
    rows = ((row.id, row.url, ",".join(row.events), "active" if row.active else "paused") for row in found)
    print_table(("number", "url", "events", "state"), rows)


@webhook.command("change")
@click.argument("number", type=int)
@click.option("--url", help="Another address.")
@click.option("--event", "events", help="Other events, comma-separated.")
@click.option("--pause/--resume", "pause", default=None, help="Send nothing for now; send again.")
def webhook_change(number: int, url: str | None, events: str | None, *, pause: bool | None) -> None:
    """Change the address or events of a webhook, or pause it."""
    connected()
    row = _found(number)
    change_subscription(
        number,
        url=url or row.url,
        events=events.split(",") if events else row.events,
        active=row.active if pause is None else not pause,
        by=OPERATOR,
    )
    click.echo(f"webhook {number} is changed")


@webhook.command("secret")
@click.argument("number", type=int)
def webhook_secret(number: int) -> None:
    """Make a new secret and print it once. It signs all later messages."""
    connected()
    secret = replace_secret(number, OPERATOR)
    click.echo(f"the new secret of webhook {number}; it is not shown again:", err=True)
    click.echo(secret)


@webhook.command("remove")
@click.argument("number", type=int)
def webhook_remove(number: int) -> None:
    """Remove a webhook at once."""
    connected()
    remove_subscription(number, OPERATOR)
    click.echo(f"webhook {number} is told nothing any more")


def _found(number: int) -> Subscription:
    found = next((row for row in list_subscriptions() if row.id == number), None)
    if found is None:
        raise NotFound(f"there is no webhook number {number}")
    return found
