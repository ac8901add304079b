"""Settings are data: one table that the commands, the documentation and the tests read.

Values come from the environment only. Secrets are never logged.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SettingError

SIGNOFF_CHOICES = ("both", "one", "none")
LOCALE_CHOICES = ("zh_Hans", "zh_Hant", "en")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: ``name``, what it ``means``, and its ``default`` as shown in the docs."""

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
    Setting("BATON_SECRET_KEY", "signs sessions and tokens", "generated under BATON_HOME when embedded, else required"),
    Setting("BATON_SIGNOFF", "who signs a publication: both, one or none", "both"),
    Setting("BATON_LOCALE", "language of the admin: zh_Hans, zh_Hant or en", "the browser's choice"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of this process, read once at the edge; a value that exists here is valid."""

    home: Path
    database_url: str | None
    redis_url: str | None
    host: str
    port: int
    workers: int
    secret_key: str | None
    signoff: str
    locale: str | None

    @property
    def embedded(self) -> bool:
        """Whether Baton runs at least one of the two servers itself."""
        return self.database_url is None or self.redis_url is None


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read ``BATON_*`` variables; raises `SettingError` naming the variable and what it takes."""
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
    )


def _whole_number(env: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    text = env.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise SettingError(f"{name} is {text!r}: give a whole number from {low} to {high}")
    return int(text)


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    text = env.get(name)
    if text and text not in choices:
        raise SettingError(f"{name} is {text!r}: choose one of {', '.join(choices)}")
    return text or None
