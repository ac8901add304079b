"""Settings are data: the commands, the documentation and the tests read one table.

Values come from environment variables only. Secrets are never logged.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine.errors import SettingError

SIGNOFF_CHOICES = ("both", "one", "none")
LOCALE_CHOICES = ("zh_Hans", "zh_Hant", "en")
Network = IPv4Network | IPv6Network
MAIL_SCHEMES = {"smtp": ("offered", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
"""Scheme of BATON_SMTP_URL → how the connection is secured, and the usual port."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: ``name``, what it ``means``, and its ``default`` as the docs show it."""

    name: str
    means: str
    default: str


SETTINGS: tuple[Setting, ...] = (
    Setting("BATON_HOME", "data folder of the embedded servers", "./var"),
    Setting("BATON_DATABASE_URL", "outside PostgreSQL, as postgresql://…", "embedded"),
    Setting("BATON_REDIS_URL", "outside Redis or Valkey, as redis://…", "embedded"),
    Setting("BATON_HOST", "address the web process listens on", "127.0.0.1"),
    Setting("BATON_PORT", "port the web process listens on", "8000"),
    Setting("BATON_WORKERS", "worker processes of `baton up`", "number of cores"),
    Setting(
        "BATON_SECRET_KEY",
        "signs sessions and tokens, seals secrets of webhook sources",
        "generated under BATON_HOME when embedded, else required",
    ),
    Setting("BATON_SIGNOFF", "who signs a publication: both, one or none", "both"),
    Setting("BATON_LOCALE", "language of the admin: zh_Hans, zh_Hant or en", "the browser's choice"),
    Setting("BATON_SMTP_URL", "server that takes e-mail, as smtp://user:password@host:port", "no e-mail is sent"),
    Setting("BATON_MAIL_FROM", "address that e-mail comes from", "required with BATON_SMTP_URL"),
    Setting("BATON_PUBLIC_URL", "where people reach the admin; https makes cookies Secure", "no links in e-mail"),
    Setting("BATON_TRUSTED_PROXIES", "addresses or networks whose X-Forwarded-* headers count", "none"),
    Setting("BATON_RETENTION_MONTHS", "erase leads without activity for so many months", "none"),
    Setting("BATON_WEBHOOK_PRIVATE", "1: webhooks may go to private and loopback addresses", "0"),
)


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that accepts e-mail. ``security``: tls (from the first byte), starttls (required), or offered (used if
    the server offers it).
    """

    host: str
    port: int
    security: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of this process, read once at start. Every value is valid."""

    home: Path
    database_url: str | None
    redis_url: str | None
    host: str
    port: int
    workers: int
    secret_key: str | None
    signoff: str
    locale: str | None
    smtp: "MailServer | None" = None
    mail_from: str | None = None
    public_url: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    webhook_private: bool = False
    retention_months: int | None = None

    @property
    def https(self) -> bool:
        """Whether people use HTTPS. If so, cookies are marked Secure."""
        return (self.public_url or "").startswith("https:")

    @property
    def embedded(self) -> bool:
        """Whether Baton runs at least one of the two servers itself."""
        return self.database_url is None or self.redis_url is None


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the ``BATON_*`` variables. Raises `SettingError`, which names the variable and the values it accepts."""
    env = os.environ if environ is None else environ
    return Settings(
        home=Path(env.get("BATON_HOME") or "./var").absolute(),
        database_url=env.get("BATON_DATABASE_URL") or None,
        redis_url=env.get("BATON_REDIS_URL") or None,
        host=env.get("BATON_HOST") or "127.0.0.1",
        port=_whole_number(env, "BATON_PORT", 8000, low=0, high=65_535),
        workers=_whole_number(env, "BATON_WORKERS", os.cpu_count() or 1, low=1, high=256),
        secret_key=env.get("BATON_SECRET_KEY") or None,
        signoff=_choice(env, "BATON_SIGNOFF", SIGNOFF_CHOICES) or "both",
        locale=_choice(env, "BATON_LOCALE", LOCALE_CHOICES),
        smtp=_mail_server(env.get("BATON_SMTP_URL")),
        mail_from=_mail_from(env),
        public_url=_public_url(env.get("BATON_PUBLIC_URL")),
        trusted_proxies=_networks(env, "BATON_TRUSTED_PROXIES"),
        webhook_private=_choice(env, "BATON_WEBHOOK_PRIVATE", ("0", "1")) == "1",
        retention_months=_whole_number(env, "BATON_RETENTION_MONTHS", 0, low=1, high=1_200) or None,
    )


def _whole_number(env: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = env.get(name)
    if not text:
        return default
    # `isdigit` alone also accepts other scripts' digits.
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise SettingError(f"{name} is {text!r}: give a whole number from {low} to {high}")
    return int(text)


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    text = env.get(name)
    if text and text not in choices:
        raise SettingError(f"{name} is {text!r}: choose one of {', '.join(choices)}")
    return text or None


def _mail_server(text: str | None) -> MailServer | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        security, usual = MAIL_SCHEMES[parts.scheme]
        host, port = parts.hostname, parts.port or usual
    except (KeyError, ValueError):
        host = None
    if not host:
        raise SettingError(
            "BATON_SMTP_URL cannot be read: write smtp://user:password@host:port, or smtp+starttls:// or smtps:// "
            "to insist on an encrypted connection; write %40 for @ in a user or password"
        )
    # `urlsplit` keeps %40 and the like encoded; a password with an @ arrives that way.
    user, password = (unquote(given) if given else None for given in (parts.username, parts.password))
    return MailServer(host, port, security, user, password)


def _mail_from(env: Mapping[str, str]) -> str | None:
    text = env.get("BATON_MAIL_FROM") or None
    if text is None and env.get("BATON_SMTP_URL"):
        raise SettingError("BATON_MAIL_FROM is not set: with BATON_SMTP_URL, say which address e-mail comes from")
    address = parseaddr(text or "")[1]
    if text is not None and ("@" not in address or not text.isprintable()):
        raise SettingError(f"BATON_MAIL_FROM is {text!r}: give an address such as baton@example.com")
    return text


def _public_url(text: str | None) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise SettingError(
            f"BATON_PUBLIC_URL is {text!r}: give the address of the admin such as https://baton.example.com"
        )
    return text.rstrip("/")


def _networks(env: Mapping[str, str], name: str) -> tuple[Network, ...]:
    """The networks of a comma-separated list. A bare address is a network with one address."""
    found = []
    for part in filter(None, (word.strip() for word in env.get(name, "").split(","))):
        try:
            found.append(ip_network(part))
        except ValueError as error:
            raise SettingError(
                f"{name} has {part!r} ({error}): give addresses or networks such as 127.0.0.1, 10.0.0.0/24, ::1"
            ) from None
    return tuple(found)
