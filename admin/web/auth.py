"""Sign-in with Flask-Security: sessions, Argon2 passwords, CSRF, no public registration.

Accounts are read and written by `engine.store.access.accounts`; Flask-Security sees them through the datastore below
and never speaks SQL itself. What it calls the uniquifier of a user is here the token of one session: cookies name a
session, which ends on the server. Attempts to sign in are counted there, too (`engine.store.access.sign_ins`).
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
from flask_security.utils import validate_redirect_url
from flask_wtf import CSRFProtect

from admin.moment import now
from engine.store.access import accounts, sign_ins

GUARDED = ("/admin", "/login", "/logout", "/change", "/language")
LARGE_UPLOADS = {"/admin/imports/": 32 * 1024 * 1024}
"""Address → bytes of a request there from somebody signed in; the other pages take what `admin.app` says."""
"""Where a session cookie counts, and where every write therefore needs a CSRF token. The API knows keys only."""

csrf = CSRFProtect()


class Role(RoleMixin):
    """A role by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


class SignedIn(UserMixin):
    """An account as Flask-Security wants it; ``fs_uniquifier`` is the session's token, empty before the sign-in."""

    fs_uniquifier = ""

    def __init__(self, account: accounts.SignInAccount, token: str = "") -> None:
        self.id = account.id
        self.email = account.email
        self.password = account.password
        self.active = account.active
        self.fs_uniquifier = self.token = token
        self.roles = [Role(name) for name in account.roles]

    def begin_session(self) -> None:
        """Begin the session that the cookie of this sign-in will name."""
        self.fs_uniquifier = self.token = sign_ins.begin_session(self.id, now())


class Accounts(UserDatastore):
    """Flask-Security's view of the accounts."""

    def __init__(self) -> None:
        super().__init__(SignedIn, Role)

    def find_user(self, case_insensitive: bool = False, **by: Any) -> SignedIn | None:  # noqa: ARG002 - never sensitive
        """The account of an ``email`` or of a session's ``fs_uniquifier``."""
        token = by.get("fs_uniquifier") or ""
        account = (
            accounts.account_signed_in(token, now() - sign_ins.SESSION_LASTS)
            if token
            else accounts.find_account(by.get("email") or "")
        )
        return SignedIn(account, token) if account else None

    def find_role(self, role: str) -> Role | None:
        """A role of the closed list."""
        return Role(role) if role in accounts.ROLES else None

    def put(self, model: SignedIn) -> SignedIn:
        """Keep a password that the sign-in hashed anew, or, with another uniquifier, one that the person changed."""
        if model.fs_uniquifier == model.token:
            accounts.store_hash(model.id, model.password or "")
        else:
            accounts.store_new_password(model.id, model.password or "", model.fs_uniquifier, now())
            model.token = model.fs_uniquifier
        return model

    def delete(self, model: SignedIn) -> None:
        """Accounts are deactivated, never deleted: the audit log speaks of them."""
        raise NotImplementedError(f"deactivate {model.id} instead")

    def commit(self) -> None:
        """Every write above is a transaction of its own."""


class SignInForm(LoginForm):
    """The sign-in, closed for a while after too many failures."""

    def validate(self, **kwargs: Any) -> bool:
        """Whether the person is who they say. An attempt is counted before it is judged; a success gives it back.

        1. A form that lacks something is no attempt.
        2. The attempt is counted, or refused with 429.
        3. The password is judged.
        4. The session begins; Flask-Login puts its token into the cookie.
        """
        if not super(LoginForm, self).validate(**kwargs):
            return False
        attempt = sign_ins.Attempt(self.email.data or "", request.remote_addr or "")
        try:
            sign_ins.claim_attempt(attempt, now())
        except sign_ins.TooManyAttempts as refused:
            self.form_errors.append(_try_again(refused.until))
            return False
        if not super().validate(**kwargs) or not isinstance(self.user, SignedIn):
            return False
        sign_ins.give_back_attempt(attempt)
        self.user.begin_session()
        return True

    def validate_next(self, field: Any) -> None:
        """Forget where to go next when that is not here; it says nothing about who signs in."""
        if not validate_redirect_url(field.data or ""):
            field.data = ""


def _try_again(until: datetime) -> str:
    """Answer 429 with `Retry-After`, and the sentence for it."""
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
        SECURITY_CACHE_CONTROL=None,  # `admin.web.headers` sets it; the library writes it as `no-store=True`
        SECURITY_I18N_DIRNAME=["builtin", f"{app.root_path}/translations"],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config["BATON_SETTINGS"].https,
        REMEMBER_COOKIE_SECURE=app.config["BATON_SETTINGS"].https,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_DURATION=sign_ins.SESSION_LASTS,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    csrf.init_app(app)
    Security(app, Accounts(), login_form=SignInForm)
    # The library looks for tokens in every body, of any size, before the door that measures it: sessions only.
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined] # set by Flask-Login
    user_logged_out.connect(_end_session, app)
    app.before_request(_guard)


def _end_session(_app: Flask, user: SignedIn, **_: Any) -> None:
    """End the session on the server: a copy of the cookie must not open anything after the sign-out."""
    sign_ins.end_session(user.fs_uniquifier)


def _guard() -> None:
    """Refuse writes to the pages without a CSRF token: views need not remember it."""
    if request.path in LARGE_UPLOADS and current_user.is_authenticated:
        request.max_content_length = LARGE_UPLOADS[request.path]
    if request.path.startswith(GUARDED) and request.method not in {"GET", "HEAD", "OPTIONS"}:
        csrf.protect()


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(str(secret).encode(), purpose.encode(), hashlib.sha256).hexdigest()
