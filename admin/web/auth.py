"""Sign-in with Flask-Security: sessions, Argon2 passwords, CSRF, no public registration.

`engine.store.access.accounts` reads and writes accounts. The datastore below adapts it, so that Flask-Security runs no
SQL. The library's `fs_uniquifier` of a user is here the token of one session, so a cookie names a session, which ends
on the server. `engine.store.access.sign_ins` stores sessions and counts attempts to sign in.
"""

import hashlib
import hmac
import math
from datetime import datetime
from typing import Any

from flask import Flask, Response, after_this_request, request
from flask_babel import ngettext
from flask_login import user_logged_out
from flask_security import LoginForm, RoleMixin, Security, UserDatastore, UserMixin, current_user
from flask_security.utils import get_message, validate_redirect_url
from flask_wtf import CSRFProtect

from admin.moment import now
from engine.store.access import accounts, sign_ins

GUARDED = ("/admin", "/login", "/logout", "/change", "/language")
"""Addresses that accept a session cookie, so writes there need a CSRF token. The API accepts only keys."""
LARGE_UPLOADS = {"/admin/imports/": 32 * 1024 * 1024}
"""Address → bytes of a request from somebody signed in; the limit of other pages is in `admin.app`."""

csrf = CSRFProtect()


class Role(RoleMixin):
    """A role by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


class SignedIn(UserMixin):
    """An account for Flask-Security. ``fs_uniquifier`` is the token of the session, empty before the sign-in."""

    fs_uniquifier = ""

    def __init__(self, account: accounts.SignInAccount, token: str = "") -> None:
        self.id = account.id
        self.email = account.email
        self.password = account.password
        self.active = account.active
        self.fs_uniquifier = self.token = token
        self.roles = [Role(name) for name in account.roles]

    def begin_session(self) -> None:
        """Begin a session. The cookie of this sign-in will hold its token."""
        self.fs_uniquifier = self.token = sign_ins.begin_session(self.id, now())


class Accounts(UserDatastore):
    """Flask-Security's view of the accounts."""

    def __init__(self) -> None:
        super().__init__(SignedIn, Role)

    def find_user(self, case_insensitive: bool = False, **by: Any) -> SignedIn | None:  # noqa: ARG002 - never sensitive
        """The account of an ``email``, or of the session with this ``fs_uniquifier``."""
        token = by.get("fs_uniquifier") or ""
        account = (
            accounts.account_signed_in(token, now() - sign_ins.SESSION_LASTS)
            if token
            else accounts.find_account(by.get("email") or "")
        )
        return SignedIn(account, token) if account else None

    def find_role(self, role: str) -> Role | None:
        """A known role, else None."""
        return Role(role) if role in accounts.ROLES else None

    def put(self, model: SignedIn) -> SignedIn:
        """Store a password: a changed one if the library set a new ``fs_uniquifier``, else the same one rehashed."""
        if model.fs_uniquifier == model.token:
            accounts.store_hash(model.id, model.password or "")
        else:
            accounts.store_new_password(model.id, model.password or "", model.fs_uniquifier, now())
            model.token = model.fs_uniquifier
        return model

    def delete(self, model: SignedIn) -> None:
        """Accounts are deactivated, never deleted: the audit log refers to them."""
        raise NotImplementedError(f"deactivate {model.id} instead")

    def commit(self) -> None:
        """Nothing to do: every write above has its own transaction."""


class SignInForm(LoginForm):
    """The sign-in form. It refuses for a while after too many failures."""

    def validate(self, **kwargs: Any) -> bool:
        """Check e-mail and password. The order matters: parallel guesses must not pass the limit.

        1. An incomplete form is no attempt.
        2. Count the attempt before the password is checked, or refuse with 429.
        3. Check the password. A success removes the attempt from the count.
        4. Begin the session; Flask-Login puts its token into the cookie.
        """
        if not super(LoginForm, self).validate(**kwargs):
            return False
        attempt = sign_ins.Attempt(self.email.data or "", request.remote_addr or "")
        try:
            sign_ins.claim_attempt(attempt, now())
        except sign_ins.TooManyAttempts as refused:
            self.form_errors.append(_try_again(refused.until))
            return False
        if len((self.password.data or "").encode()) > accounts.LONGEST_PASSWORD:
            self.form_errors.append(get_message("GENERIC_AUTHN_FAILED")[0])  # the hasher raises on longer ones
            return False
        if not super().validate(**kwargs) or not isinstance(self.user, SignedIn):
            return False
        sign_ins.give_back_attempt(attempt)
        self.user.begin_session()
        return True

    def validate_next(self, field: Any) -> None:
        """Drop a foreign ``next`` (open redirect) instead of refusing the sign-in."""
        if not validate_redirect_url(field.data or ""):
            field.data = ""


def _try_again(until: datetime) -> str:
    """Set status 429 and `Retry-After`; returns the sentence to show."""
    seconds = max(1, math.ceil((until - now()).total_seconds()))

    @after_this_request
    def say(response: Response) -> Response:
        response.status_code = 429
        response.headers["Retry-After"] = str(seconds)
        return response

    minutes = math.ceil(seconds / 60)
    return str(
        ngettext(
            "Too many failed sign-ins. Try again in %(num)d minute.",
            "Too many failed sign-ins. Try again in %(num)d minutes.",
            minutes,
        )
    )


def register(app: Flask) -> None:
    """Register the sign-in. ``SECRET_KEY`` and ``BATON_SETTINGS`` must be set before."""
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
        SECURITY_RETURN_GENERIC_RESPONSES=True,  # the answer does not say which e-mails have an account
        SECURITY_LOGOUT_METHODS=["POST"],  # a link or an image on another site must not sign anybody out
        SECURITY_LOGOUT_CSRF=True,
        SECURITY_POST_LOGIN_VIEW="/admin/",
        SECURITY_POST_LOGOUT_VIEW="/login",
        SECURITY_POST_CHANGE_VIEW="/admin/",
        SECURITY_UNAUTHORIZED_VIEW=None,
        SECURITY_FLASH_MESSAGES=True,
        SECURITY_DEFAULT_REMEMBER_ME=False,
        SECURITY_CACHE_CONTROL=None,  # `admin.web.headers` sets it; the library writes it as `no-store=True`
        SECURITY_I18N_DIRNAME=["builtin", f"{app.root_path}/translations"],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config["BATON_SETTINGS"].https,
        REMEMBER_COOKIE_SECURE=app.config["BATON_SETTINGS"].https,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_DURATION=sign_ins.SESSION_LASTS,
        WTF_CSRF_CHECK_DEFAULT=False,  # `_guard` checks; the default would refuse every POST to the API
        WTF_CSRF_TIME_LIMIT=None,  # a form left open overnight still works; the token ends with the session
    )
    csrf.init_app(app)
    Security(app, Accounts(), login_form=SignInForm)
    # The library would search every body for tokens, of any size and before its size is checked. Sessions only.
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined] # set by Flask-Login
    user_logged_out.connect(_end_session, app)
    app.before_request(_guard)


def _end_session(_app: Flask, user: SignedIn, **_: Any) -> None:
    """End the session on the server, so that a copied cookie is useless after the sign-out."""
    sign_ins.end_session(user.fs_uniquifier)


def _guard() -> None:
    """Require a CSRF token for every write to the pages, here once, so that no view can forget it."""
    if request.path in LARGE_UPLOADS and current_user.is_authenticated:
        request.max_content_length = LARGE_UPLOADS[request.path]
    if request.path.startswith(GUARDED) and request.method not in {"GET", "HEAD", "OPTIONS"}:
        csrf.protect()


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(str(secret).encode(), purpose.encode(), hashlib.sha256).hexdigest()
