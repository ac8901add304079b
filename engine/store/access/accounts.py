"""Accounts of people who sign in: add, change, find. Their sessions are in `engine.store.access.sign_ins`.

Passwords are stored as Argon2id hashes with the library's parameters. Nothing here returns or logs a password.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from engine.errors import BatonError, NotFound
from engine.store.access import audit
from engine.store.orm import unit_of_work
from engine.store.schema.admin_tables import SignInSession, UserAccount, UserRole
from rulesets.document.wording import Word, says, words

ROLES = ("admin", "marketing", "sdr_manager", "sales_manager", "sdr", "sales", "viewer")
"""Roles of an account (docs/contract/design.md §6). `admin.views.permissions` defines what each may do."""

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1024
"""Bytes in UTF-8. The sign-in library refuses to hash more than 4,096, with an exception."""


class AccountRefused(BatonError):
    """An account that cannot be added or changed; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class SignInAccount:
    """An account as the sign-in reads it."""

    id: int
    email: str
    password: str
    active: bool
    roles: tuple[str, ...]


def add_user(email: str, role: str | Iterable[str], password: str, by: str = "operator") -> int:
    """Add an account with one or several roles and return its number. Raises `AccountRefused`."""
    address, roles = _address(email), _roles(role)
    hashed = hash_password(password)
    with unit_of_work() as session:
        if session.exec(select(UserAccount.id).where(UserAccount.email == address)).first() is not None:
            raise AccountRefused(
                says("%(email)s has an account already: change its role or password instead", email=address)
            )
        user = UserAccount(email=address, password=hashed)
        session.add(user)
        session.flush()
        number = user.id or 0
        session.add_all(UserRole(user_id=number, role=name) for name in roles)
        audit.record(session, actor=by, action="user.added", subject=address, after={"roles": list(roles)})
    return number


def change_user(number: int, *, roles: Iterable[str], active: bool, by: str, password: str | None = None) -> None:
    """Set roles, activity and (if given) password. Unless only roles changed, all sessions of the person end."""
    names = _roles(roles)
    # Before the transaction: Argon2 is slow by design, and rows should not be locked meanwhile.
    hashed = hash_password(password) if password else None
    with unit_of_work() as session:
        user = session.get(UserAccount, number, with_for_update=True)
        if user is None:
            raise NotFound(says("there is no account number %(number)s", number=number))
        before = {"roles": sorted(_roles_of(session, number)), "active": user.active}
        _keep_an_admin(session, number, names if active else ())
        session.exec(delete(UserRole).where(col(UserRole.user_id) == number))
        session.add_all(UserRole(user_id=number, role=name) for name in names)
        if hashed or user.active != active:
            session.exec(delete(SignInSession).where(col(SignInSession.user_id) == number))
        user.active, user.password = active, hashed or user.password
        session.add(user)
        after = {"roles": sorted(names), "active": active, "new_password": hashed is not None}
        audit.record(session, actor=by, action="user.changed", subject=user.email, before=before, after=after)


def store_hash(number: int, hashed: str) -> None:
    """Store a new hash of the same password, made by the sign-in with stronger parameters."""
    with unit_of_work() as session:
        _put_hash(session, number, hashed)


def store_new_password(number: int, hashed: str, token: str, now: datetime) -> None:
    """Store the hash of a password that the person chose. All sessions end; a new one begins with ``token``."""
    with unit_of_work() as session:
        _put_hash(session, number, hashed)
        session.exec(delete(SignInSession).where(col(SignInSession.user_id) == number))
        session.add(SignInSession(token=token, user_id=number, began_at=now))


def _put_hash(session: Session, number: int, hashed: str) -> None:
    user = session.get(UserAccount, number, with_for_update=True)
    if user is not None and user.password != hashed:
        user.password = hashed
        session.add(user)
        audit.record(session, actor=user.email, action="user.password_stored", subject=user.email)


def find_account(email: str) -> SignInAccount | None:
    """The account of an e-mail, in any case; None if there is none."""
    return _read_account(select(UserAccount).where(UserAccount.email == email.strip().lower()))


def account_signed_in(token: str, began_after: datetime) -> SignInAccount | None:
    """The account of a session that began after a moment; None if there is none."""
    return _read_account(
        select(UserAccount)
        .join(SignInSession, col(SignInSession.user_id) == col(UserAccount.id))
        .where(SignInSession.token == token, SignInSession.began_at > began_after)
    )


def _read_account(query: SelectOfScalar[UserAccount]) -> SignInAccount | None:
    with unit_of_work() as session:
        user = session.exec(query).first()
        if user is None or user.id is None:
            return None
        roles = tuple(sorted(_roles_of(session, user.id)))
        return SignInAccount(user.id, user.email, user.password, user.active, roles)


def roles_by_account() -> dict[int, tuple[str, ...]]:
    """The roles of every account, by its number."""
    found: dict[int, list[str]] = {}
    with unit_of_work() as session:
        for row in session.exec(select(UserRole).order_by(col(UserRole.role))):
            found.setdefault(row.user_id, []).append(row.role)
    return {number: tuple(roles) for number, roles in found.items()}


def hash_password(password: str) -> str:
    """The Argon2id hash. Raises `AccountRefused` if the password is too short."""
    if len(password.encode()) > LONGEST_PASSWORD:
        raise AccountRefused(says("the password is too long: give at most %(most)s bytes", most=LONGEST_PASSWORD))
    if len(password) < SHORTEST_PASSWORD:
        raise AccountRefused(
            says("the password is too short: give at least %(least)s characters", least=SHORTEST_PASSWORD)
        )
    return PasswordHasher().hash(password)


def _address(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise AccountRefused(
            says("%(email)s is not an e-mail address: %(why)s", email=repr(email), why=Word("problem", str(error)))
        ) from None


def _roles(role: str | Iterable[str]) -> tuple[str, ...]:
    roles = tuple(dict.fromkeys([role] if isinstance(role, str) else role))
    unknown = [name for name in roles if name not in ROLES]
    if unknown or not roles:
        raise AccountRefused(
            says(
                "no such role: %(given)s; choose of %(roles)s",
                given=words("role", *unknown) or says("none given"), roles=words("role", *ROLES),
            )
        )  # fmt: skip
    return roles


def _roles_of(session: Session, number: int) -> list[str]:
    return list(session.exec(select(UserRole.role).where(UserRole.user_id == number)))


def _keep_an_admin(session: Session, number: int, roles: tuple[str, ...]) -> None:
    """Refuse to remove the last administrator. Locks the admins' rows, so that two removals at once cannot both
    pass.
    """
    admins = session.exec(
        select(UserAccount.id)
        .join(UserRole, col(UserRole.user_id) == col(UserAccount.id))
        .where(UserRole.role == "admin", col(UserAccount.active))
        .order_by(col(UserAccount.id))
        .with_for_update()
    ).all()
    if "admin" not in roles and list(admins) == [number]:
        raise AccountRefused(says("this is the last administrator: make somebody else one first"))
