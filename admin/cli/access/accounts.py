"""`baton user` and `baton key`: who may sign in, and which systems may call."""

import secrets
import sys

import click

from admin.cli.terminal import connected, json_option, print_json, print_table
from engine.clock import SystemClock
from engine.store.access.accounts import ROLES, add_user
from engine.store.access.keys import SCOPES, add_key, list_keys, revoke_key


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice(ROLES), multiple=True, help="May be given several times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin instead of making one.")
def user_add(email: str, role: tuple[str, ...], *, password_stdin: bool) -> None:
    """Add an account; its password is printed once, alone on stdout."""
    connected()
    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(12)
    add_user(email, role, password)
    if not password_stdin:
        click.echo(f"{email} may sign in with this password; it is not shown again:", err=True)
        click.echo(password)


@click.group()
def key() -> None:
    """Keys of systems that call the API."""


@key.command("add")
@click.argument("name")
@click.option("--scope", default="events:write", show_default=True, help=f"Comma-separated: {', '.join(SCOPES)}.")
@click.option("--public", is_flag=True, help="For browsers: sends behaviour and lead.identified only.")
@click.option("--person", help="E-mail of the person this key acts for.")
@click.option("--source", help="Source of its events, to keep when a secret is replaced; default: NAME.")
def key_add(name: str, scope: str, person: str | None, source: str | None, *, public: bool) -> None:
    """Make a key; its secret is printed once, alone on stdout."""
    connected()
    made = add_key(name, scope.split(","), SystemClock().now(), public=public, person=person, source=source)
    click.echo(f"the key {name}; it is not shown again:", err=True)
    click.echo(made.secret)


@key.command("list")
@json_option
def key_list(*, as_json: bool) -> None:
    """All keys, without their secrets."""
    connected()
    keys = [row.model_dump(exclude={"digest", "id"}) for row in list_keys()]
    if as_json:
        print_json(keys)
        return
    head = ("name", "prefix", "source", "scopes", "public", "person", "last used", "revoked")
    columns = ("name", "prefix", "source", "scopes", "public", "person", "last_used_at", "revoked_at")
    print_table(head, ([_shown(row[column]) for column in columns] for row in keys))


def _shown(value: object) -> object:
    return ",".join(value) if isinstance(value, list) else "" if value is None else value


@key.command("revoke")
@click.argument("name")
def key_revoke(name: str) -> None:
    """Revoke a key at once."""
    connected()
    revoke_key(name, SystemClock().now())
    click.echo(f"{name} opens nothing any more")
