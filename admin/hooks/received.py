"""One request to ``/hooks/{source}`` as a value, and what is wrong with it. Reads nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. Names of ``headers`` are lower case; ``url`` is what the vendor called."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    url: str = ""
    address: str = ""


class BadSignature(ValueError):
    """The request does not prove who sent it; the message names what is missing or wrong, never a secret."""


def halves(secret: str) -> tuple[str, str]:
    """The two parts of a secret that is written ``one:other``; raises BadSignature when one is missing."""
    one, _, other = secret.rpartition(":")
    if not one or not other:
        raise BadSignature("the secret of this source has two parts, joined by a colon")
    return one, other
