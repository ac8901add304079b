"""Form fields for the compound values of a policy: labels, lists, durations, rows. They work without scripts.

The value of a field has the form of the document. An unchanged field returns an unchanged value.
"""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from wtforms import Field, FieldList, Form, FormField, TextAreaField
from wtforms.utils import unset_value

LANGUAGES = {"en": "English", "zh_Hans": "简体中文", "zh_Hant": "繁體中文"}
UNITS = {"minutes": _l("minutes"), "hours": _l("hours"), "days": _l("days"), "seconds": _l("seconds")}
SPARE_ROWS = 2
"""Empty rows after the filled ones. Without scripts, saving gives new ones."""


class PartsField(Field):  # type: ignore[misc] # the library carries no types
    """A field of several inputs. Subclasses define the inputs and the value they form."""

    names: tuple[str, ...] = ()

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:  # noqa: ARG002
        """Read the stored value, then the input, if the form was sent."""
        self.process_errors: list[Any] = []
        data = None if data is unset_value else data
        self.object_data = self.data = data if data is not None else self.default
        self.typed = self.taken_apart(self.data)
        if formdata is not None and any(f"{self.name}-{name}" in formdata for name in self.names):
            self.typed = {name: formdata.get(f"{self.name}-{name}", "").strip() for name in self.names}
            same = self.typed == self.taken_apart(self.object_data)
            self.data = self.object_data if same else self.put_together(self.typed)

    def taken_apart(self, value: Any) -> dict[str, str]:
        """The texts of the inputs for a value."""
        raise NotImplementedError

    def put_together(self, typed: dict[str, str]) -> Any:
        """The value of the inputs. Problems go to ``process_errors``."""
        raise NotImplementedError


class LabelField(PartsField):
    """A label in three languages. Three equal texts become one."""

    names = tuple(LANGUAGES)

    def taken_apart(self, value: Any) -> dict[str, str]:
        """A plain text fills every language."""
        return {name: str(value.get(name) or "") if isinstance(value, dict) else str(value or "") for name in LANGUAGES}

    def put_together(self, typed: dict[str, str]) -> Any:
        """None, one text, or a text per language."""
        given = {name: text for name, text in typed.items() if text}
        return typed["en"] if len(given) == len(LANGUAGES) and len({*given.values()}) == 1 else given or None

    def widget(self, field: Field, **attributes: Any) -> Markup:
        """An input per language, each with its name."""
        inputs = Markup().join(
            Markup(
                '<label class="part"><span>{}</span> <input name="{}-{}" value="{}" lang="{}" maxlength="2000"></label>'
            ).format(title, field.name, name, self.typed[name], name.replace("_", "-"))
            for name, title in LANGUAGES.items()
        )
        return Markup('<div class="parts" id="{}" {}>{}</div>').format(field.id, _described(attributes), inputs)


class DurationField(PartsField):
    """A number and a unit. Without a number: None."""

    names = ("amount", "unit")

    def taken_apart(self, value: Any) -> dict[str, str]:
        """The number and unit of the document."""
        unit, amount = next(iter(value.items())) if value else ("days", "")
        return {"amount": str(amount), "unit": unit}

    def put_together(self, typed: dict[str, str]) -> Any:
        """A duration as the document writes it."""
        if not typed["amount"]:
            return None
        try:
            amount = float(typed["amount"])
        except ValueError:
            amount = -1
        if not 0 < amount < 10**9 or typed["unit"] not in UNITS:
            self.process_errors.append(gettext("Give a number above 0, such as 30."))
            return None
        return {typed["unit"]: int(amount) if amount == int(amount) else amount}

    def widget(self, field: Field, **attributes: Any) -> Markup:
        """The number, then the unit."""
        options = Markup().join(
            Markup('<option value="{}"{}>{}</option>').format(
                unit, Markup(" selected") if unit == self.typed["unit"] else "", title
            )
            for unit, title in UNITS.items()
        )
        return Markup(
            '<div class="parts"><input id="{}" name="{}-amount" value="{}" inputmode="decimal" {}>'
            ' <select name="{}-unit" aria-label="{}">{}</select></div>'
        ).format(
            field.id, field.name, self.typed["amount"], _described(attributes), field.name, gettext("Unit"), options
        )


class LinesField(TextAreaField):  # type: ignore[misc] # the library carries no types
    """A list of texts, one per line. ``one``: a single line becomes a text, unless the stored value was a list."""

    def __init__(self, label: Any = None, validators: Any = None, *, one: bool = False, **options: Any) -> None:
        super().__init__(label, validators, **options)
        self.one = one

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data if isinstance(self.data, str) else "\n".join(map(str, self.data or ()))

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the lines, without empty ones."""
        lines = [line.strip() for line in (valuelist[0] if valuelist else "").splitlines() if line.strip()]
        single = self.one and len(lines) == 1 and not isinstance(self.object_data, list)
        self.data = lines[0] if single else lines or None


class NumberField(Field):  # type: ignore[misc] # the library carries no types
    """A number, whole if possible. Empty means None."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the input. Raises ValueError that says what to type instead."""
        text = (valuelist[0] if valuelist else "").strip()
        try:
            number = float(text) if text else None
        except ValueError:
            raise ValueError(gettext("Give a number, such as 15 or -2.5.")) from None
        if number is not None and not abs(number) <= 10**9:
            raise ValueError(gettext("Give a number, such as 15 or -2.5."))
        self.data = int(number) if number is not None and number == int(number) else number

    def widget(self, field: Field, **attributes: Any) -> Markup:
        """A plain text input. A number input would drop invalid text."""
        typed = field.raw_data[0] if field.raw_data else "" if field.data is None else field.data
        return Markup('<input id="{}" name="{}" value="{}" inputmode="decimal" {}>').format(
            field.id, field.name, typed, _described(attributes)
        )


class RowsField(FieldList):  # type: ignore[misc] # the library carries no types
    """A list of rows, each a form. Empty rows are left out. ``bare``: a row with only this member becomes its value."""

    def __init__(self, label: Any, form: type[Form], *, bare: str | None = None, **options: Any) -> None:
        super().__init__(FormField(form), label, **options)
        self.bare = bare

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Read the stored rows, then the sent ones, then add empty ones."""
        data = None if data is unset_value else data
        stored = [self._as_row(row) for row in data or ()]
        super().process(formdata, stored, extra_filters)
        self.object_data = data
        if not formdata:
            for _ in range(SPARE_ROWS):
                self.append_entry()

    def _as_row(self, row: Any) -> Any:
        alone = self.bare and not (isinstance(row, dict) and self.bare in row)
        return {self.bare: row} if alone else row

    @property
    def rows(self) -> list[Any] | None:
        """The rows as the document writes them, or None."""
        filled = [_filled(entry.data) for entry in self.entries]
        return [self._as_written(row) for row in filled if row] or None

    def _as_written(self, row: dict[str, Any]) -> Any:
        return row[self.bare] if self.bare and [*row] == [self.bare] else row

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:  # noqa: ARG002 - the library's call
        """Validate the filled rows."""
        self.errors = []
        for entry in self.entries:
            if _filled(entry.data) and not entry.validate(form):
                self.errors += [message for messages in entry.errors.values() for message in messages]
        return not self.errors

    def widget(self, field: Field, **attributes: Any) -> Markup:
        """A fieldset per row."""
        return Markup('<div class="sub-rows" id="{}" {}>{}</div>').format(
            field.id, _described(attributes), Markup().join(_sub_form(entry) for entry in self.entries)
        )


def value_of(field: Any) -> Any:
    """The value of a field in the form of the document. Empty text means None."""
    data = field.rows if isinstance(field, RowsField) else field.data
    return None if data == "" else data


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Whether a value is filled in. 0 is a value."""
    empty = (None, False)
    return {
        name: value for name, value in row.items() if not any(value is one for one in empty) and value not in ("", [])
    }


def _sub_form(entry: FormField) -> Markup:
    cells = Markup().join(
        Markup('<div class="sub-field">{}{}{}</div>').format(
            sub.label, sub(), Markup().join(Markup('<p class="error">✗ {}</p>').format(error) for error in sub.errors)
        )
        for sub in entry.form
    )
    return Markup('<fieldset class="sub-row">{}</fieldset>').format(cells)


def _described(attributes: dict[str, Any]) -> Markup:
    return Markup(" ").join(Markup('{}="{}"').format(name, escape(value)) for name, value in attributes.items())
