"""The key that signs sessions and tokens: `BATON_SECRET_KEY`, else made once and stored under `BATON_HOME`."""

import os
import secrets
from contextlib import suppress

from engine.errors import SettingError
from engine.settings import Settings


def secret_key(settings: Settings) -> str:
    """The signing key. Raises SettingError if outside servers are set and the key is not."""
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
        with suppress(FileExistsError):  # a link is atomic: of several processes that start together, the first wins
            os.link(draft, path)
        draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(f"cannot keep a secret key in {path} ({error.strerror}): set BATON_SECRET_KEY") from None
