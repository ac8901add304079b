"""The key that signs sessions and tokens: set by whoever runs Baton, else made once and kept in its data folder."""

import os
import secrets
from contextlib import suppress

from engine.errors import SettingError
from engine.settings import Settings


def secret_key(settings: Settings) -> str:
    """The key that signs sessions: as set, else made once and kept under ``BATON_HOME``."""
    if settings.secret_key:
        return settings.secret_key
    if not settings.embedded:
        raise SettingError(
            "BATON_SECRET_KEY is not set: with outside servers, give every web process the same long text"
        )
    path = settings.home / "secret_key"
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"secret_key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # it was made before, or somebody was faster: theirs counts
            os.link(draft, path)
        draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(f"cannot keep a secret key in {path} ({error.strerror}): set BATON_SECRET_KEY") from None
