"""A place in the list of the public pool as the text of an address, for pages and API alike."""

import base64
import binascii
from decimal import Decimal, InvalidOperation

from engine.store.read.leads import MAX_ID
from engine.store.read.pool_list import BEST_FIRST, Place


class UnknownCursor(ValueError):
    """A cursor that `cursor_of` never made."""


def cursor_of(place: Place) -> str:
    """A place as the text of an address."""
    text = f"{place.stage}~{place.grade}~{place.merit}~{place.lead}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place | None:
    """The place a cursor names, None for an empty one; raises UnknownCursor."""
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
