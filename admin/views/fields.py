"""Form fields that read and show values as the policy writes them: exact points, and YAML checked at once."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from wtforms import StringField, TextAreaField
from wtforms.validators import StopValidation

from rulesets.yaml_text import YamlRefused, read_yaml, write_yaml

LARGEST_POINTS = 10**9


class PointsField(StringField):  # type: ignore[misc] # the library carries no types
    """A number with at most two decimals; empty is allowed unless the field is required."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{Decimal(self.data).normalize():f}"

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; raises ValueError with what to type instead."""
        text = (valuelist[0] if valuelist else "").strip()
        if not text:
            self.data = None
            return
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(gettext("Give a number, such as 15 or -2.5.")) from None
        if not number.is_finite() or abs(number) > LARGEST_POINTS or number != round(number, 2):
            raise ValueError(gettext("Give a number with at most two decimals, at most 1,000,000,000."))
        self.data = number


class YamlField(TextAreaField):  # type: ignore[misc] # the library carries no types
    """A part of the document as YAML text; empty says nothing."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else write_yaml(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the YAML; raises ValueError naming the line."""
        text = valuelist[0] if valuelist else ""
        try:
            self.data = read_yaml(text) if text.strip() else None
        except YamlRefused as refused:
            raise ValueError(gettext("Line %(line)s: %(why)s", line=refused.line, why=str(refused))) from None


class Given:
    """A validator: something must be given, 0 counts."""

    field_flags: dict[str, Any] = {"required": True}  # noqa: RUF012 - the library reads it from the class

    def __call__(self, form: Any, field: Any) -> None:  # noqa: ARG002 - the library's call
        """Stop with our own sentence when nothing is there."""
        if field.data is None or field.data == "":
            if not field.errors:
                raise StopValidation(gettext("Please fill this in."))
            raise StopValidation
