"""Webhook subscriptions: addresses, their events, and the secrets that sign the messages.

Signing needs the secret itself, so it is stored in plain text. It is shown once, when it is made.
"""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import update
from sqlmodel import Session, col, select

from engine.core.outgoing import EVENTS
from engine.errors import BatonError, NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.notice_tables import Delivery, Subscription
from rulesets.document.wording import says

SECRET_BYTES = 24
"""By the Standard Webhooks specification: 24 to 64 random bytes."""
LONGEST_URL = 2000


class SubscriptionRefused(BatonError):
    """A subscription that cannot be made or changed; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A new subscription. ``secret`` is shown only this once."""

    id: int
    secret: str


def add_subscription(url: str, events: Iterable[str], by: str) -> NewSubscription:
    """Subscribe an address to events. Raises `SubscriptionRefused`."""
    address, names = _address(url), _events(events)
    secret = new_secret()
    with unit_of_work() as session:
        row = Subscription(url=address, events=names, secret=secret, created_by=by)
        session.add(row)
        session.flush()
        number = row.id or 0
        after = {"url": address, "events": names}
        audit.record(session, actor=by, action="webhook.added", subject=f"webhook/{number}", after=after)
    return NewSubscription(number, secret)


def change_subscription(number: int, *, url: str, events: Iterable[str], active: bool, by: str) -> None:
    """Change the events of a subscription, or pause it. Pending messages keep their address."""
    address, names = _address(url), _events(events)
    with unit_of_work() as session:
        row = _locked(session, number)
        before = {"url": row.url, "events": row.events, "active": row.active}
        row.url, row.events, row.active = address, names, active
        session.add(row)
        after = {"url": address, "events": names, "active": active}
        audit.record(
            session, actor=by, action="webhook.changed", subject=f"webhook/{number}", before=before, after=after
        )


def replace_secret(number: int, by: str) -> str:
    """Make a new secret for all messages from now on, and return it this once."""
    secret = new_secret()
    with unit_of_work() as session:
        row = _locked(session, number)
        row.secret = secret
        session.add(row)
        audit.record(session, actor=by, action="webhook.secret_replaced", subject=f"webhook/{number}")
    return secret


def remove_subscription(number: int, by: str) -> None:
    """Remove a subscription. Its pending messages are not sent."""
    with unit_of_work() as session:
        row = _locked(session, number)
        waiting = (col(Delivery.subscription_id) == number, col(Delivery.state) == "waiting")
        session.connection().execute(
            update(Delivery).where(*waiting).values(state="failed", last_error="the subscription was removed")
        )
        audit.record(session, actor=by, action="webhook.removed", subject=f"webhook/{number}", before={"url": row.url})
        session.delete(row)


def list_subscriptions() -> list[Subscription]:
    """All subscriptions, in the order they were made."""
    with unit_of_work() as session:
        return list(session.exec(select(Subscription).order_by(col(Subscription.id))))


def new_secret() -> str:
    """A new secret in the form of the Standard Webhooks specification."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def _locked(session: Session, number: int) -> Subscription:
    row = session.get(Subscription, number, with_for_update=True)
    if row is None:
        raise NotFound(says("there is no webhook number %(number)s", number=number))
    return row


def _address(url: str) -> str:
    text = url.strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or not text.isascii() or not text.isprintable() or " " in text or len(text) > LONGEST_URL:
        raise SubscriptionRefused(
            says("%(value)s is not an address to send to: write https://host/path", value=repr(text))
        )
    if parts.username is not None or parts.fragment:
        raise SubscriptionRefused(says("leave name, password and #fragment out of the address: what is sent is signed"))
    return text


def _events(events: Iterable[str]) -> list[str]:
    given = set(events)
    if unknown := sorted(given - set(EVENTS)):
        raise SubscriptionRefused(
            says("no such event: %(given)s; choose of %(events)s", given=tuple(unknown), events=tuple(EVENTS))
        )
    if not given:
        raise SubscriptionRefused(says("choose at least one event of %(events)s", events=tuple(EVENTS)))
    return [name for name in EVENTS if name in given]
