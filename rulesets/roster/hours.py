"""Spans of working time as text: ``09:00-12:00``; one that ends before it begins crosses midnight (R8.2, R8.4)."""

import re

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
MINUTES_OF_DAY = 24 * 60


def span_minutes(text: str) -> tuple[int, int] | None:
    """Beginning and end in minutes after 00:00 of the day to which the span belongs; None: the text is no span.

    The end lies after the beginning, beyond 1440 where it is on the next day: ``22:00-06:00`` is (1320, 1800).
    24:00 ends a day.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if start == end or end > MINUTES_OF_DAY:
        return None
    return start, end if start < end else end + MINUTES_OF_DAY
