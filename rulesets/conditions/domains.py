"""The one reading of domains: from a domain, a website or a mailbox to the registrable domain (R1.13).

`publicsuffixlist` brings the public suffix list with it, private section included; nothing is fetched. Domains stand as
people write them, not in Punycode, so that conditions can name them.
"""

import re
import unicodedata
from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

_IN_BRACKETS = re.compile(r".*<([^<>]*)>")
_SCHEME = re.compile(r"(?:mailto:|[a-z][a-z0-9+.-]*://|//)")
_AFTER_HOST = re.compile(r"[/?#\\].*", re.DOTALL)
_PORT = re.compile(r":[0-9]*$")


@lru_cache(maxsize=16_384)
def registrable_domain(text: str) -> str | None:
    """The registrable domain of a domain, a web address or a mailbox such as ``Li <li@acme.cn>``, or None.

    1. what stands in angle brackets; 2. without scheme, path, user and port; 3. without the final dot and ``www.``;
    4. by IDNA; 5. the public suffix and one label more. An unknown suffix is one label; a public suffix alone, a host
    without a dot and an address in numbers are no domain.
    """
    host = unicodedata.normalize("NFKC", text).casefold().strip()
    if bracketed := _IN_BRACKETS.fullmatch(host):
        host = bracketed[1].strip()
    host = _AFTER_HOST.sub("", _SCHEME.sub("", host, count=1) if _SCHEME.match(host) else host)
    host = _PORT.sub("", host.rpartition("@")[2]).strip().removesuffix(".").removeprefix("www.")
    try:
        ascii_host = idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
    if ascii_host.rpartition(".")[2].isdigit():
        return None
    found = _suffixes().privatesuffix(ascii_host)
    return idna.decode(found) if found else None


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """Read at the first question: it takes a quarter of a second that few commands need."""
    return PublicSuffixList()
