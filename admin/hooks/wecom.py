"""WeCom (企业微信) callbacks: a SHA-1 signature over an encrypted text, AES-256-CBC inside.

As documented by the vendor: the key is the base64 of EncodingAESKey and ``=``, its first 16 bytes are the vector; the
plain text is 16 random bytes, the length (4 bytes, big endian), the message, the receiver's id, PKCS#7 of 32.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from admin.hooks.options import SignatureOptions
from admin.hooks.received import BadSignature, halves
from admin.hooks.xml_text import UnreadableXml, parse_xml

BLOCK = 32
RANDOM = 16
UNREADABLE = "the encrypted text cannot be read with the EncodingAESKey of this source"


def encrypted(body: bytes) -> str:
    """The encrypted text of a callback's body; raises BadSignature."""
    try:
        value = parse_xml(body)
    except UnreadableXml as error:
        raise BadSignature(str(error)) from None
    text = value.get("Encrypt") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        raise BadSignature("the body has no element Encrypt")
    return text


def signature(secret: str, moment: str, nonce: str, text: str) -> str:
    """The right signature under a secret, which is ``Token:EncodingAESKey``."""
    parts = sorted([halves(secret)[0], moment, nonce, text])
    return hashlib.sha1("".join(parts).encode("utf-8", "replace")).hexdigest()  # noqa: S324 - the vendor's scheme


def key_of(secret: str) -> bytes:
    """The 32 bytes of the AES key in a secret; raises BadSignature."""
    try:
        key = base64.b64decode(halves(secret)[1] + "=", validate=True)
    except ValueError:
        key = b""
    if len(key) != BLOCK:
        raise BadSignature("the EncodingAESKey of this source must have 43 letters and digits")
    return key


def opened(secret: str, text: str, options: SignatureOptions) -> bytes:
    """The message inside an encrypted text; raises BadSignature when it was made with another key or for another."""
    key = key_of(secret)
    try:
        sealed = base64.b64decode(text, validate=True)
        machine = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).decryptor()
        plain = machine.update(sealed) + machine.finalize()
        message, receiver = _parts(plain)
    except (ValueError, IndexError):
        raise BadSignature(UNREADABLE) from None
    if options.receive_id and receiver != options.receive_id:
        raise BadSignature("the message was made for another company")
    return message


def _parts(plain: bytes) -> tuple[bytes, str]:
    """Message and receiver's id of a decrypted text; raises ValueError or IndexError."""
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
        raise ValueError("padding")
    content = plain[RANDOM:-padding]
    length = int.from_bytes(content[:4], "big")
    if length > len(content) - 4:
        raise ValueError("length")
    return content[4 : 4 + length], content[4 + length :].decode()
