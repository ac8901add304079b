"""Messages of form fields: ours replace the library's, whose catalogs are incomplete."""

from flask_admin.form import BaseForm
from flask_babel import lazy_gettext as _l
from wtforms import Form

MESSAGES = {
    "Not a valid choice.": _l("Choose one of the list."),
    "Invalid Choice: could not coerce.": _l("Choose one of the list."),
    "'%(value)s' is not a valid choice for this field.": _l("“%(value)s” is not among the choices."),
    "'%(value)s' are not valid choices for this field.": _l("“%(value)s” is not among the choices."),
    "Invalid choice(s): one or more data inputs could not be coerced.": _l("Choose of the list."),
    "Not a valid integer value.": _l("Give a whole number, such as 15."),
    "Number must be at least %(min)s.": _l("Give a number from %(min)s up."),
    "Number must be at most %(max)s.": _l("Give a number up to %(max)s."),
    "Number must be between %(min)s and %(max)s.": _l("Give a number from %(min)s to %(max)s."),
    "Field must be at least %(min)d character long.": _l("Give at least %(min)d characters."),
    "Field must be at least %(min)d characters long.": _l("Give at least %(min)d characters."),
    "Field cannot be longer than %(max)d character.": _l("Give at most %(max)d characters."),
    "Field cannot be longer than %(max)d characters.": _l("Give at most %(max)d characters."),
    "Field must be between %(min)d and %(max)d characters long.": _l("Give %(min)d to %(max)d characters."),
    "This field is required.": _l("Please fill this in."),
    "Invalid input.": _l("This is not written as it must be."),
    "Invalid email address.": _l("Give an e-mail address."),
}
"""Message of the library → ours. Other messages stay unchanged."""


class Messages:
    """Translates the library's messages to ours, in the reader's language."""

    def gettext(self, said: str) -> str:
        """A message."""
        return str(MESSAGES.get(said, said))

    def ngettext(self, one: str, several: str, number: int) -> str:
        """A message about a number of things."""
        return self.gettext(one if number == 1 else several)


class _Meta:
    def get_translations(self, form: Form) -> Messages:  # noqa: ARG002 - the library's call
        """The library gets its messages from here."""
        return Messages()


class PageForm(BaseForm):  # type: ignore[misc] # the library carries no types
    """Base of the forms of a page."""

    Meta = _Meta


class RowForm(Form):  # type: ignore[misc] # the library carries no types
    """Base of the forms inside a form: a row of a list."""

    Meta = _Meta
