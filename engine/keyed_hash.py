"""What stays of a person's identifiers after erasure: keyed hashes, which only this installation can make.

HMAC-SHA-256 (RFC 2104) with a key derived from BATON_SECRET_KEY. Told once per process with `init_keyed_hash`; knows
no tables.
"""

import hmac
from hashlib import sha256

from engine.errors import SettingError

PREFIX = "erased:"
"""What every hash begins with; no identifier in its normal form does."""
_PURPOSE = b"baton erasure 1"
_keys: list[bytes] = []


def init_keyed_hash(secret: str) -> None:
    """Tell this process the secret that its sessions are signed with; the key is derived for this one purpose."""
    _keys[:] = [hmac.digest(secret.encode(), _PURPOSE, "sha256")]


def keyed_hash(*parts: str) -> str:
    """The hash of several texts in their order. Raises SettingError in a process that knows no secret."""
    if not _keys:
        raise SettingError("BATON_SECRET_KEY is not set: a worker needs it to erase a person, the same as the web")
    message = "\0".join(parts).encode("utf-8", "surrogatepass")
    return PREFIX + hmac.new(_keys[0], message, sha256).hexdigest()


def known_as(source: str, name: str) -> list[str]:
    """The ids under which an event may be stored: its own, and the hash of it once its lead was erased."""
    return [name, keyed_hash(source, name)] if _keys else [name]
