"""Secrets of sources at rest: encrypted by a key derived from the key of the installation (BATON_SECRET_KEY).

Fernet (AES-128-CBC with HMAC-SHA256) of the library `cryptography`. Who changes BATON_SECRET_KEY enters the secrets
anew.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"baton hook secrets, version 1"
"""Binds the derived key to this use: sessions are signed with another one."""


class UnreadableSecret(ValueError):
    """A secret was sealed under another key of the installation."""


def seal(secret: str, installation_key: str) -> str:
    """A secret as it is stored."""
    return _box(installation_key).encrypt(secret.encode()).decode()


def unseal(sealed: str, installation_key: str) -> str:
    """A stored secret as it is; raises UnreadableSecret."""
    try:
        return _box(installation_key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise UnreadableSecret("BATON_SECRET_KEY was changed since this secret was entered: enter it again") from None


def _box(installation_key: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(installation_key.encode())
    return Fernet(base64.urlsafe_b64encode(key))
