"""Bytes of a text file as text, whatever program saved it. May not know that the text is a table."""

import codecs

from charset_normalizer import from_bytes

from rulesets.document.tables import TableRefused
from rulesets.document.wording import says

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order mark → encoding; UTF-32's is looked for before UTF-16's, with which it begins."""
CHINESE = {"gb18030": ("gb2312", 0xD7), "big5": ("big5", 0xC6)}
"""Encoding → the set that orders its characters by use, and the last lead byte of the common ones. Few characters, as a
file of names has them, fit both: the one in which more of them are common is meant, Simplified where they are equal."""
OTHERS = ["gb18030", "big5hkscs", "cp1252"]
SAMPLE = 20_000
"""Characters that are looked at."""
LIKELY = 0.5
"""Share of common characters below which a text is not Chinese."""


def decoded(raw: bytes) -> str:
    """The text of a file; raises TableRefused when no encoding fits."""
    encoding = encoding_of(raw)
    try:
        if encoding is not None:
            return raw.decode(encoding)
    except UnicodeDecodeError:
        pass  # what the mark promises is not there: told below
    raise TableRefused(says("the encoding of the file is not known: save it as CSV UTF-8"))


def encoding_of(raw: bytes) -> str | None:
    """The encoding of a file: by its mark, else UTF-8 if it fits, else the likeliest; None for none."""
    for mark, encoding in MARKS.items():
        if raw.startswith(mark):
            return encoding
    if 0 in raw:  # no byte is 0 in text of the other encodings
        return "utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(raw)
    return "utf-8"


def _guess(raw: bytes) -> str | None:
    shares = {encoding: _common_share(raw, encoding) for encoding in CHINESE}
    chinese = max(shares, key=lambda encoding: shares[encoding])
    if shares[chinese] >= LIKELY:
        return chinese
    best = from_bytes(raw, cp_isolation=OTHERS).best()
    return best.encoding if best else None


def _common_share(raw: bytes, encoding: str) -> float:
    """The share of common ones among the characters that are not ASCII; 0 where the encoding does not fit."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return 0
    ordered, last = CHINESE[encoding]
    leads = [char.encode(ordered, "ignore")[:1] for char in text[:SAMPLE] if not char.isascii()]
    return sum(b"\xa1" <= lead <= bytes([last]) for lead in leads) / len(leads) if leads else LIKELY
