"""Texts that fill a field and name nobody: `undefined`, `n/a`, a number of one digit (docs/contract/design.md §2).

Values are compared folded (R2.4). The list of a company's own is the caller's.
"""

from collections.abc import Collection
from itertools import pairwise

import phonenumbers

from rulesets.policy.vocabulary import fold

WORDS = frozenset(
    {
        "", "undefined", "null", "none", "nil", "n/a", "na", "nan", "-", "0", "true", "false", "anonymous", "guest",
        "unknown", "test", "[object object]", "00000000-0000-0000-0000-000000000000",
    }
)  # fmt: skip
"""What programs and people write where an identifier is missing; the last is the nil UUID."""
NOBODYS_MAILBOXES = frozenset({"noreply", "no-reply"})
"""Local parts that send and are never read."""
FEWEST_DIGITS = 5
"""Shorter numbers are no phone numbers, whatever their digits."""


def names_nobody(kind: str, value: str, own: Collection[str] = frozenset()) -> bool:
    """Whether a value stands for nobody; ``own`` are further values, folded."""
    text = fold(value)
    if text in WORDS or text in own:
        return True
    if kind == "email":
        return _is_nobodys_mailbox(text)
    return kind == "phone" and _is_filler(text.partition(";")[0])


def is_filler_number(digits: str) -> bool:
    """Whether digits are one repeated, or each one more or one less than the digit before (1234567890)."""
    if len(digits) < FEWEST_DIGITS or not digits.isdecimal():
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(digits)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def _is_nobodys_mailbox(address: str) -> bool:
    """`noreply@…`, and mailboxes whose name is their domain's and a word for nobody or one letter: `test@test.com`."""
    local, _, domain = address.partition("@")
    filler = local in WORDS or len(local) == 1
    return local in NOBODYS_MAILBOXES or (filler and domain.partition(".")[0] == local)


def _is_filler(number: str) -> bool:
    """Whether a number is a filler, in E.164 behind its country code; most show at their end that they are not."""
    if not is_filler_number(number[-FEWEST_DIGITS:]):
        return False
    try:
        return is_filler_number(str(phonenumbers.parse(number).national_number))
    except phonenumbers.NumberParseException:
        return is_filler_number(number.removeprefix("+"))
