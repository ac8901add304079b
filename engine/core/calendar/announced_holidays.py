"""Days off that governments announced and the holiday library leaves out: weekends inside a holiday.

Whoever works on weekends has these days off nevertheless. China's come from `chinesecalendar`, which lists every day
off of the State Council's notices since 2004 by its date; next year's come with its next release.
"""

from collections.abc import Mapping
from datetime import date

import chinese_calendar

ANNOUNCED: Mapping[str, frozenset[date]] = {"CN": frozenset(chinese_calendar.holidays)}
"""Country → days off."""
