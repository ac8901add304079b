"""Days off that governments announced and the holiday library leaves out: weekends inside a holiday.

Whoever works on weekends has these days off nevertheless. Sources: the notices of the State Council of China on the
holidays of 2024 (October 2023), 2025 (November 2024) and 2026 (November 2025); next year's go below when announced.
"""

from collections.abc import Mapping
from datetime import date

_CHINA = """
2024-02-17 2024-04-06 2024-05-04 2024-05-05 2024-09-15 2024-10-05 2024-10-06
2025-02-01 2025-02-02 2025-04-05 2025-04-06 2025-05-03 2025-05-04 2025-06-01 2025-10-04 2025-10-05
2026-01-03 2026-02-15 2026-02-21 2026-02-22 2026-04-04 2026-05-03 2026-06-20 2026-06-21 2026-09-26 2026-09-27 2026-10-04
"""

ANNOUNCED: Mapping[str, frozenset[date]] = {"CN": frozenset(map(date.fromisoformat, _CHINA.split()))}
"""Country → days off."""
