"""Form fields of the roster: days, absences, working hours. Values have the form of the roster document."""

import re
from datetime import date
from typing import Any

from flask_babel import gettext
from wtforms import StringField, TextAreaField

from rulesets.roster.roster_csv import absence_of, absence_text

SPAN = re.compile(r"\s*([0-2]?[0-9]):([0-5][0-9])\s*[-–~]\s*([0-2]?[0-9]):([0-5][0-9])\s*")


class TextOf(TextAreaField):  # type: ignore[misc] # the library carries no types
    """A list of values, one per line. Subclasses read and write one line."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "\n".join(self.written(one) for one in self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read every line. Raises ValueError with the first invalid one."""
        lines = (line.strip() for line in (valuelist[0] if valuelist else "").splitlines())
        self.data = [self.read(line) for line in lines if line]

    def read(self, line: str) -> Any:
        """Read one line."""
        raise NotImplementedError

    def written(self, value: Any) -> str:
        """Write one value as a line."""
        return str(value)


class DaysField(TextOf):
    """Days."""

    def read(self, line: str) -> str:
        """A day as the document writes it."""
        return _day(line)


class MonthsField(TextOf):
    """Months, such as 2026-12. The lint of the roster finds invalid ones."""

    def read(self, line: str) -> str:
        """A month as it is."""
        return line


class AbsencesField(TextOf):
    """Absences: first day, last day, reason."""

    def read(self, line: str) -> dict[str, str]:
        """`2026-11-23/2026-11-27 leave`, or one day."""
        absence = absence_of(line)
        if absence is None:
            raise ValueError(gettext("%(text)s: write absences as 2026-11-23/2026-11-27 leave.", text=line))
        return {**absence, "from": _day(absence["from"]), "to": _day(absence["to"])}

    def written(self, value: Any) -> str:
        """The days, then the reason."""
        return absence_text(value)


class HoursField(StringField):  # type: ignore[misc] # the library carries no types
    """The working hours of a weekday, such as 09:00-12:00, 13:00-18:00. Empty: day off."""

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else ", ".join(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read every span. Raises ValueError that says how to write them."""
        text = (valuelist[0] if valuelist else "").replace("，", ",").replace("：", ":")
        self.data = [_span(part) for part in text.split(",") if part.strip()]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValueError(gettext("%(text)s is no day: write days as 2026-11-23, one per line.", text=text)) from None


def _span(text: str) -> str:
    said = SPAN.fullmatch(text)
    if said is None:
        raise ValueError(gettext("Write working hours as 09:00-12:00, 13:00-18:00."))
    hour, minute, to_hour, to_minute = said.groups()
    return f"{int(hour):02}:{minute}-{int(to_hour):02}:{to_minute}"
