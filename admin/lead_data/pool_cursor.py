"""The cursor of the public pool: a place in the list, as text in an address."""

import base64
import binascii
from decimal import Decimal, InvalidOperation

from engine.store.read.leads import MAX_ID
from engine.store.read.pool_list import BEST_FIRST, Place


class UnknownCursor(ValueError):
    """Text that is no cursor of `cursor_of`."""


def cursor_of(place: Place) -> str:
    """A place as a cursor."""
    text = f"{place.stage}~{place.grade}~{place.merit}~{place.lead}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place | None:
    """The place of a cursor; None for an empty one. Raises UnknownCursor."""
    if not cursor:
        return None
    try:
        stage, grade, merit, lead = base64.urlsafe_b64decode(cursor.encode() + b"==").decode("ascii").split("~")
        place = Place(stage, grade[:1], Decimal(merit), int(lead))
        good = stage in BEST_FIRST and place.merit.is_finite() and 0 <= place.lead <= MAX_ID
    except (binascii.Error, ValueError, InvalidOperation):
        good = False
    if not good:
        raise UnknownCursor(cursor)
    return place
