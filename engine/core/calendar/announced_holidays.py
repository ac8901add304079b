"""Days off that governments announce and the holiday library omits: weekend days inside a holiday.

They matter for people who work on weekends. The days of China come from `chinesecalendar`, which lists every day off of
the State Council's notices since 2004; next year's days come with its next release.
"""

from collections.abc import Mapping
from datetime import date

import chinese_calendar

ANNOUNCED: Mapping[str, frozenset[date]] = {"CN": frozenset(chinese_calendar.holidays)}
"""Country → days off."""
