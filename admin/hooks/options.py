"""What a signature scheme needs to know beside the secret, checked once."""

from ipaddress import ip_network
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

SchemeName = Literal[
    "hmac", "hub", "hubspot_v1", "hubspot_v2", "hubspot_v3", "calendly", "standard_webhooks", "wecom", "bearer",
    "basic", "none",
]  # fmt: skip


class SignatureOptions(BaseModel):
    """A scheme and its options. ``url`` is the address as the vendor knows it, when a proxy changes it on the way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: SchemeName
    header: str = ""
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    url: str = ""
    receive_id: str = ""
    addresses: tuple[str, ...] = ()

    @field_validator("addresses")
    @classmethod
    def _networks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for text in addresses:
            ip_network(text, strict=False)
        return addresses

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.scheme in {"hmac", "hub"} and not self.header:
            raise ValueError(f"the scheme {self.scheme} needs header: the name of the header with the signature")
        if self.scheme == "none" and not self.addresses:
            raise ValueError("the scheme none needs addresses: the addresses or networks that may send")
        return self
