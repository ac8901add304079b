"""Sign-in with Flask-Security: sessions, Argon2 passwords, CSRF, no public registration.

Accounts are read and written by `engine.store.accounts`; Flask-Security sees them through the datastore below and never
speaks SQL itself. Guessing is slowed down per address and per account.
"""

import hashlib
import hmac
from typing import Any

from flask import Flask, request
from flask_babel import lazy_gettext
from flask_security import LoginForm, RoleMixin, Security, UserDatastore, UserMixin
from flask_wtf import CSRFProtect

from admin.moment import now
from engine.store import accounts

GUARDED = ("/admin", "/login", "/logout", "/change", "/language")
"""Where a session cookie counts, and where every write therefore needs a CSRF token. The API knows keys only."""

csrf = CSRFProtect()


class Role(RoleMixin):
    """A role by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


class SignedIn(UserMixin):
    """An account as Flask-Security wants it."""

    fs_uniquifier = ""

    def __init__(self, account: accounts.Account) -> None:
        self.id = account.id
        self.email = account.email
        self.password = account.password
        self.active = account.active
        self.fs_uniquifier = account.uniquifier
        self.roles = [Role(name) for name in account.roles]


class Accounts(UserDatastore):
    """Flask-Security's view of the accounts."""

    def __init__(self) -> None:
        super().__init__(SignedIn, Role)

    def find_user(self, case_insensitive: bool = False, **by: Any) -> SignedIn | None:  # noqa: ARG002 - never sensitive
        """The account of an ``email`` or of a session's ``fs_uniquifier``."""
        account = accounts.find_account(email=by.get("email"), uniquifier=by.get("fs_uniquifier"))
        return SignedIn(account) if account else None

    def find_role(self, role: str) -> Role | None:
        """A role of the closed list."""
        return Role(role) if role in accounts.ROLES else None

    def put(self, model: SignedIn) -> SignedIn:
        """Keep a password that the sign-in hashed anew or the person changed."""
        accounts.store_hash(model.id, model.password or "", model.fs_uniquifier)
        return model

    def delete(self, model: SignedIn) -> None:
        """Accounts are deactivated, never deleted: the audit log speaks of them."""
        raise NotImplementedError(f"deactivate {model.id} instead")

    def commit(self) -> None:
        """Every write above is a transaction of its own."""


class SignInForm(LoginForm):
    """The sign-in, closed for a while after too many failures."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether the person is who they say; failures are counted by e-mail and address."""
        email, address = self.email.data or "", request.remote_addr or ""
        if not accounts.may_try(email, address, now()):
            self.form_errors.append(lazy_gettext("Too many failed sign-ins. Try again in 15 minutes."))
            return False
        if super().validate(**kwargs):
            accounts.note_success(email, address)
            return True
        accounts.note_failure(email, address, now())
        return False


def register(app: Flask) -> None:
    """Give the application its sign-in. ``SECRET_KEY`` and ``BATON_SETTINGS`` must be set before."""
    secret = app.config["SECRET_KEY"]
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the scheme
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_SALT=_derived(secret, "password salt"),
        SECURITY_PASSWORD_LENGTH_MIN=accounts.SHORTEST_PASSWORD,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
        SECURITY_REGISTERABLE=False,
        SECURITY_RECOVERABLE=False,
        SECURITY_CHANGEABLE=True,
        SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_LOGOUT_CSRF=True,
        SECURITY_POST_LOGIN_VIEW="/admin/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_POST_CHANGE_VIEW="/admin/",
        SECURITY_UNAUTHORIZED_VIEW=None,
        SECURITY_FLASH_MESSAGES=True,
        SECURITY_DEFAULT_REMEMBER_ME=False,
        SECURITY_I18N_DIRNAME=["builtin", f"{app.root_path}/translations"],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config["BATON_SETTINGS"].https,
        REMEMBER_COOKIE_SECURE=app.config["BATON_SETTINGS"].https,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_HTTPONLY=True,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    csrf.init_app(app)
    Security(app, Accounts(), login_form=SignInForm)
    # The library looks for tokens in every body, of any size, before the door that measures it: sessions only.
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined] # set by Flask-Login
    app.before_request(_guard)


def _guard() -> None:
    """Refuse writes to the pages without a CSRF token: views need not remember it."""
    if request.path.startswith(GUARDED) and request.method not in {"GET", "HEAD", "OPTIONS"}:
        csrf.protect()


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(str(secret).encode(), purpose.encode(), hashlib.sha256).hexdigest()
