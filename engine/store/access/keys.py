"""API keys: shown once, stored as digests, found by their prefix.

A key is `baton_` + 8 characters that find it + `_` + 32 random bytes. The secret is random and long, so one round of
SHA-256 is enough: a slow hash protects only secrets that can be guessed. Never logs or returns a secret, except once
when it is made.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from engine.errors import BatonError, NotFound
from engine.store.access import audit
from engine.store.inbox.inbox import ENGINE_SOURCE
from engine.store.orm import unit_of_work
from engine.store.schema.admin_tables import ApiKey
from engine.store.session import transaction
from rulesets.document.wording import Word, says

SCOPES = (
    "events:write", "leads:read", "leads:write", "policy:read", "policy:write", "roster:read", "roster:write",
)  # fmt: skip
PUBLIC_SCOPES = ("events:write",)
"""All scopes of a public key, which anybody can read in a web page."""
WORK_SOURCE = "work"
"""Source of the events that people's work actions create."""
RESERVED_SOURCES = frozenset({ENGINE_SOURCE, WORK_SOURCE})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TOKEN = re.compile(r"baton_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
USE_NOTED_EVERY = timedelta(minutes=1)
"""Shortest time between two writes of a key's last use: not every request should write."""


class KeyRefused(BatonError):
    """A key that cannot be made; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as requests see it."""

    id: int
    name: str
    source: str
    scopes: frozenset[str]
    public: bool
    person: str | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key. ``secret`` is the whole token and is shown only this once."""

    id: int
    secret: str


def add_key(
    name: str,
    scopes: Iterable[str],
    now: datetime,
    *,
    public: bool = False,
    person: str | None = None,
    source: str | None = None,
    by: str = "operator",
) -> NewKey:
    """Make a key. Raises `KeyRefused`. ``source`` names its events; the default is the key's name."""
    granted = _checked_scopes(scopes, public=public)
    origin = source or name
    _check_names(name, origin)
    if public and person:
        raise KeyRefused(says("a public key cannot act for a person: anybody who reads the page could"))
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    row = ApiKey(
        name=name,
        prefix=prefix,
        digest=_digest(secret),
        scopes=list(granted),
        public=public,
        person=person.strip().lower() if person else None,
        source=origin,
        created_at=now,
    )
    try:
        with unit_of_work() as session:
            session.add(row)
            session.flush()
            after = {"scopes": list(granted), "public": public, "person": row.person, "source": origin}
            audit.record(session, actor=by, action="key.added", subject=name, after=after)
    # The unique name decides; a check before would miss a parallel request.
    except IntegrityError:
        raise KeyRefused(
            says("there is a key named %(name)s already: choose another name, or revoke it", name=name)
        ) from None
    return NewKey(row.id or 0, f"baton_{prefix}_{secret}")


def _checked_scopes(scopes: Iterable[str], *, public: bool) -> tuple[str, ...]:
    granted = tuple(dict.fromkeys(scope.strip() for scope in scopes if scope.strip()))
    allowed = PUBLIC_SCOPES if public else SCOPES
    wrong = [scope for scope in granted if scope not in allowed]
    if wrong or not granted:
        given = tuple(wrong) or says("none given")
        if public:
            told = says(
                "no such scope: %(given)s; a public key may have %(scopes)s", given=given, scopes=tuple(allowed)
            )
            raise KeyRefused(told)
        raise KeyRefused(says("no such scope: %(given)s; choose of %(scopes)s", given=given, scopes=tuple(allowed)))
    return granted


def _check_names(name: str, source: str) -> None:
    for what, text in (("name", name), ("source", source)):
        if NAME.fullmatch(text) is None:
            raise KeyRefused(
                says(
                    "the %(what)s %(value)s is unusable: give 1 to 64 letters, digits, dots, dashes, underscores",
                    what=Word("key", what),
                    value=repr(text),
                )
            )
    if source in RESERVED_SOURCES:
        raise KeyRefused(says("the source %(value)s is Baton's own: choose another name", value=repr(source)))


@contextmanager
def temporary_key(source: str, scopes: Iterable[str], now: datetime) -> Iterator[str]:
    """The secret of a key that is deleted when the block ends. For Baton's own commands on its own machine."""
    made = add_key(f"{source}-{secrets.token_hex(6)}", scopes, now, source=source)
    try:
        yield made.secret
    finally:
        with transaction() as connection:
            connection.execute(delete(ApiKey).where(col(ApiKey.id) == made.id))


def revoke_key(name: str, now: datetime, by: str = "operator") -> None:
    """Make a key invalid at once. Raises NotFound. Revoking twice is no error."""
    with unit_of_work() as session:
        row = session.exec(select(ApiKey).where(ApiKey.name == name).with_for_update()).first()
        if row is None:
            raise NotFound(says("there is no key named %(name)s", name=name))
        if row.revoked_at is None:
            row.revoked_at = now
            session.add(row)
            audit.record(session, actor=by, action="key.revoked", subject=name)


def list_keys() -> list[ApiKey]:
    """All keys by name, revoked ones too."""
    with unit_of_work() as session:
        return list(session.exec(select(ApiKey).order_by(col(ApiKey.name))))


def find_key(token: str) -> Key | None:
    """The key of a token; None for anything but a valid key. Compares in constant time."""
    shape = TOKEN.fullmatch(token)
    if shape is None:
        return None
    query = select(ApiKey).where(ApiKey.prefix == shape[1], col(ApiKey.revoked_at).is_(None))
    with transaction() as connection:
        row = connection.execute(query).mappings().first()
    # Computed also for unknown prefixes, so that the time of the answer says nothing.
    given = _digest(shape[2])
    if row is None or not hmac.compare_digest(given, row["digest"]):
        return None
    return Key(
        row["id"],
        row["name"],
        row["source"],
        frozenset(row["scopes"]),
        row["public"],
        row["person"],
        row["last_used_at"],
    )


def note_use(key: Key, now: datetime) -> None:
    """Record that a key was used, to the minute."""
    if key.last_used_at is not None and now - key.last_used_at < USE_NOTED_EVERY:
        return
    with transaction() as connection:
        connection.execute(update(ApiKey).where(col(ApiKey.id) == key.id).values(last_used_at=now))


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
