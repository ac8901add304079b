"""Sign-ins: sessions that the server can end, and attempts that are counted before the password is checked.

Counts are stored in PostgreSQL, not in Redis: all web processes share one count, it survives a restart of the queue,
and it is where the accounts are. One upsert per subject is atomic, so parallel guesses cannot exceed a limit.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection, text
from sqlmodel import col, delete

from engine.store.orm import unit_of_work
from engine.store.schema.admin_tables import SignInSession
from engine.store.session import transaction

SESSION_LASTS = timedelta(days=365)
"""Lifetime of a session, and of the cookie of "stay signed in"."""
WINDOW = timedelta(minutes=15)
"""Time from the first failure after which counting starts again."""
PER_ACCOUNT_AND_ADDRESS = 5
PER_ACCOUNT = 30
PER_ADDRESS = 30
LONGEST_EMAIL = 320
"""Longest e-mail address in characters (RFC 5321). Longer input is cut."""

# At the limit and within the window the row is unchanged, and no row is returned.
CLAIM = text(
    "INSERT INTO sign_in_attempts AS known (subject, attempts, since) VALUES (:subject, 1, :now) "
    "ON CONFLICT (subject) DO UPDATE SET "
    "attempts = CASE WHEN known.since <= :old THEN 1 ELSE known.attempts + 1 END, "
    "since = CASE WHEN known.since <= :old THEN :now ELSE known.since END "
    "WHERE known.since <= :old OR known.attempts < :most RETURNING attempts"
)
SINCE = text("SELECT since FROM sign_in_attempts WHERE subject = :subject")
GIVE_BACK = text("UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE subject = :subject AND attempts > 0")
FORGET = text("DELETE FROM sign_in_attempts WHERE subject = :subject")
# Locked rows are skipped: waiting for them could deadlock. The next call deletes them.
FORGET_OLD = text(
    "DELETE FROM sign_in_attempts WHERE subject IN "
    "(SELECT subject FROM sign_in_attempts WHERE since <= :old FOR UPDATE SKIP LOCKED)"
)


class TooManyAttempts(Exception):
    """No attempt is allowed before ``until``."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"no sign-in before {until.isoformat()}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in: account and address. ``limits`` are its subjects in the order in which they are locked."""

    email: str
    address: str

    @property
    def pair(self) -> str:
        """The account together with this address."""
        return f"account {self._account} from {network_of(self.address)}"

    @property
    def limits(self) -> tuple[tuple[str, int], ...]:
        """(subject, attempts allowed). All processes lock in this order, so that they cannot deadlock."""
        return (
            (f"address {network_of(self.address)}", PER_ADDRESS),
            (f"account {self._account}", PER_ACCOUNT),
            (self.pair, PER_ACCOUNT_AND_ADDRESS),
        )

    @property
    def _account(self) -> str:
        return self.email.strip().lower()[:LONGEST_EMAIL]


def claim_attempt(attempt: Attempt, now: datetime) -> None:
    """Count an attempt before the password is checked. Raises `TooManyAttempts`, and then counts nothing."""
    with transaction() as connection:
        for subject, most in attempt.limits:
            given = {"subject": subject, "most": most, "now": now, "old": now - WINDOW}
            if connection.execute(CLAIM, given).first() is None:
                raise TooManyAttempts(_since(connection, subject) + WINDOW)
        connection.execute(FORGET_OLD, {"old": now - WINDOW})


def give_back_attempt(attempt: Attempt) -> None:
    """After a success: take the attempt off the counts, and reset those of this account from this address."""
    with transaction() as connection:
        for subject, _ in attempt.limits:
            connection.execute(FORGET if subject == attempt.pair else GIVE_BACK, {"subject": subject})


def _since(connection: Connection, subject: str) -> datetime:
    found: datetime = connection.execute(SINCE, {"subject": subject}).scalar_one()
    return found


def network_of(address: str) -> str:
    """The unit that an attacker controls: an IPv4 address, or the /64 of an IPv6 address, whose last half a client
    chooses.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return str(ip_network((int(ip), 64), strict=False))
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def begin_session(user_id: int, now: datetime) -> str:
    """Start a session and return its token. Expired sessions are deleted."""
    token = new_token()
    with unit_of_work() as session:
        session.exec(delete(SignInSession).where(col(SignInSession.began_at) <= now - SESSION_LASTS))
        session.add(SignInSession(token=token, user_id=user_id, began_at=now))
    return token


def end_session(token: str) -> None:
    """End one session. Copies of its cookie become invalid."""
    with unit_of_work() as session:
        session.exec(delete(SignInSession).where(col(SignInSession.token) == token))


def new_token() -> str:
    """A random session token."""
    return secrets.token_urlsafe(32)
