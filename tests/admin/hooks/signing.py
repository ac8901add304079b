"""Signs bodies as vendors do, by the rule of each scheme, written apart from the code that checks."""

import base64
import hashlib
import hmac
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from admin.hooks.options import SignatureOptions
from admin.hooks.received import Received
from tests.admin.api_client import NOW

URL = "http://localhost/hooks/demo"
AES = base64.b64encode(bytes(range(32))).decode().rstrip("=")
OTHER_AES = base64.b64encode(bytes(range(1, 33))).decode().rstrip("=")
SECRETS = {
    "hmac": ("one", "two"), "hub": ("app:verify", "other:verify"), "hubspot_v1": ("one", "two"),
    "hubspot_v2": ("one", "two"), "hubspot_v3": ("one", "two"), "calendly": ("one", "two"),
    "standard_webhooks": ("whsec_b25lb25lb25lb25lb25lb25l", "whsec_dHdvdHdvdHdvdHdvdHdvdHdv"),
    "wecom": (f"token:{AES}", f"token2:{OTHER_AES}"), "bearer": ("one", "two"), "basic": ("user:one", "user:two"),
}  # fmt: skip
__all__ = ["NOW", "SECRETS", "signed", "wecom_message"]


def signed(
    scheme: str, body: bytes, *, url: str = URL, now: datetime = NOW, options: SignatureOptions | None = None
) -> tuple[Received, SignatureOptions]:
    """A request with this body, signed by the first secret of the scheme, and the options to check it."""
    secret = SECRETS[scheme][0]
    chosen = options or SignatureOptions.model_validate(
        {"scheme": scheme} | ({"header": "X-Hub-Signature-256", "prefix": "sha256="} if scheme[:1] == "h" else {})
    )
    seconds = str(int(now.timestamp()))
    headers: dict[str, str] = {}
    if scheme == "wecom":
        body, query = wecom_message(body, now)
        return Received(body, {}, query, url=url), chosen
    key, millis = secret.encode(), f"{seconds}000"
    match scheme:
        case "hmac" | "hub":
            mac = hmac.new(key.partition(b":")[0], body, "sha256").digest()
            coded = mac.hex() if chosen.encoding == "hex" else base64.b64encode(mac).decode()
            headers[chosen.header.lower()] = f"{chosen.prefix}{coded}"
        case "hubspot_v1":
            headers["x-hubspot-signature"] = hashlib.sha256(key + body).hexdigest()
        case "hubspot_v2":
            headers["x-hubspot-signature"] = hashlib.sha256(key + b"POST" + url.encode() + body).hexdigest()
        case "hubspot_v3":
            mac = hmac.new(key, b"POST" + url.encode() + body + millis.encode(), "sha256").digest()
            headers["x-hubspot-signature-v3"] = base64.b64encode(mac).decode()
            headers["x-hubspot-request-timestamp"] = millis
        case "calendly":
            mac = hmac.new(key, seconds.encode() + b"." + body, "sha256").digest()
            headers["calendly-webhook-signature"] = f"t={seconds},v1={mac.hex()}"
        case "standard_webhooks":
            raw = base64.b64decode(secret.removeprefix("whsec_"))
            mac = hmac.new(raw, b"msg_1." + seconds.encode() + b"." + body, "sha256").digest()
            headers["webhook-id"], headers["webhook-timestamp"] = "msg_1", seconds
            headers["webhook-signature"] = f"v1,{base64.b64encode(mac).decode()}"
        case "bearer":
            headers["authorization"] = f"Bearer {secret}"
        case "basic":
            headers["authorization"] = f"Basic {base64.b64encode(key).decode()}"
    return Received(body, headers, url=url), chosen


def wecom_message(plain: bytes, now: datetime = NOW) -> tuple[bytes, dict[str, str]]:
    """A callback's body and query around a message."""
    token, _, aes = SECRETS["wecom"][0].partition(":")
    content = b"r" * 16 + len(plain).to_bytes(4, "big") + plain + b"ww-demo"
    padding = 32 - len(content) % 32
    key = base64.b64decode(aes + "=")
    machine = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    text = base64.b64encode(machine.update(content + bytes([padding]) * padding) + machine.finalize()).decode()
    query = {"timestamp": str(int(now.timestamp())), "nonce": "n-1"}
    parts = "".join(sorted([token, *query.values(), text]))
    query["msg_signature"] = hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324 - theirs
    body = f"<xml><ToUserName><![CDATA[ww-demo]]></ToUserName><Encrypt><![CDATA[{text}]]></Encrypt></xml>"
    return body.encode(), query
