"""Form fields for values of a policy: exact points, references, YAML."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from wtforms import SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from admin.text.policy.wording import reason
from engine.store.policy.drafts import load_draft
from rulesets.document.yaml_text import YamlRefused, read_yaml, write_yaml

LARGEST_POINTS = 10**9


class PointsField(StringField):  # type: ignore[misc] # the library carries no types
    """A number with at most two decimals. Empty is allowed unless the field is required."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{Decimal(self.data).normalize():f}"

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the input. Raises ValueError that says what to type instead."""
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
    """A part of the document as YAML text. Empty means None."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else write_yaml(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the YAML. Raises ValueError with the line."""
        text = valuelist[0] if valuelist else ""
        try:
            self.data = read_yaml(text) if text.strip() else None
        except YamlRefused as refused:
            raise ValueError(gettext("Line %(line)s: %(why)s", line=refused.line, why=reason(refused))) from None


class ReferenceField(SelectField):  # type: ignore[misc] # the library carries no types
    """The key of a part of the draft, as a choice. A removed key stays selected until another one is chosen."""

    choices: Any

    def __init__(self, label: Any, *lists: str, empty: Any = "—", **options: Any) -> None:
        super().__init__(label, choices=lambda: [("", empty), *keys_of(lists)], **options)

    def iter_choices(self) -> Any:
        """The keys of the draft, and the stored one."""
        self.choices = with_gone(self.choices, [self.object_data] if self.object_data else [])
        return super().iter_choices()

    def process_data(self, value: Any) -> None:
        """None becomes the empty choice."""
        super().process_data("" if value is None else value)


class ReferencesField(SelectMultipleField):  # type: ignore[misc] # the library carries no types
    """Several keys of parts of the draft. Removed keys stay selected until they are deselected."""

    choices: Any
    data: Any
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: Any, *lists: str, **options: Any) -> None:
        super().__init__(label, choices=lambda: keys_of(lists), **options)

    def iter_choices(self) -> Any:
        """The keys of the draft, and the stored ones."""
        self.choices = with_gone(self.choices, self.object_data or [])
        return super().iter_choices()

    def process_formdata(self, valuelist: list[str]) -> None:
        """No choice becomes None."""
        super().process_formdata(valuelist)
        self.data = self.data or None


def with_gone(choices: Sequence[Any], stored: Sequence[str]) -> list[Any]:
    """The choices, then the keys of the row that the draft no longer has."""
    known = {key for key, *_ in choices}
    gone = [(key, gettext("%(key)s (not in the draft)", key=key)) for key in stored if key not in known]
    return [*choices, *gone]


def keys_of(lists: Iterable[str]) -> list[tuple[str, str]]:
    """Keys of lists of the draft, such as ``qualification.checklists``, as choices."""
    document = load_draft().document
    rows: list[Any] = []
    for name in lists:
        part: Any = document
        for step in name.split("."):
            part = part.get(step) or {}
        rows += part or []
    return [(row["key"], row["key"]) for row in rows]


class Given:
    """A validator: the field needs a value. 0 is a value."""

    field_flags: dict[str, Any] = {"required": True}  # noqa: RUF012 - the library reads it from the class

    def __call__(self, form: Any, field: Any) -> None:  # noqa: ARG002 - the library's call
        """Stop with our own sentence if there is no value."""
        if field.data is None or field.data == "":
            if not field.errors:
                raise StopValidation(gettext("Please fill this in."))
            raise StopValidation
