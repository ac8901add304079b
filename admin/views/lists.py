"""The base of every list: plain links, and one form for search and filters. It works without scripts.

Flask-Admin does paging, sorting, export and actions; our templates render them. Permissions are checked here.
"""

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar, cast

from flask import Response, redirect, request
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_admin.helpers import get_redirect_target
from flask_babel import gettext
from flask_security import current_user
from sqlalchemy import Boolean, Integer, String, false, or_
from sqlalchemy.orm import Query
from sqlmodel import AutoString
from werkzeug.wrappers import Response as AnyResponse

from admin.permissions import May, may
from admin.tables.files import MEDIA_TYPES, Format, csv_parts, written
from admin.views import problems
from engine.store.orm import page_session
from rulesets.document.tables import Cell

LARGEST_NUMBER = 2**31 - 1
"""Largest offset of a page: an address may ask for any page, and PostgreSQL refuses huge numbers."""
LONGEST_VALUE = 200
"""Most characters of a search or of a filter's value."""
EXPORT_ROWS = 50_000
FILTER = re.compile(r"flt\d*_")
"""How the parameter of a filter begins; the library numbers them, we write 0."""


F = TypeVar("F", bound=Callable[..., Any])


def page(url: str, *methods: str) -> Callable[[F], F]:
    """Flask-Admin's `expose` with types: the address below the view's, and its methods (default: GET)."""
    return cast("Callable[[F], F]", expose(url, methods=methods or ("GET",)))


class Filter(BaseSQLAFilter):  # type: ignore[misc] # the library carries no types
    """A filter on one column. An empty value filters nothing. ``options`` make it a choice.

    Raises TypeError for a column type that `READERS` lacks.
    """

    def __init__(self, column: Any, name: Any, options: Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__(column, name, list(options) if options is not None else None)
        reads = [read for kind, read in READERS.items() if isinstance(column.type, kind)]
        if not reads:
            raise TypeError(f"no filter reads values of {column}, which are {type(column.type).__name__}")
        self._read = reads[0]

    def apply(self, query: Query[Any], value: str, alias: Any = None) -> Query[Any]:
        """Rows whose column has the value. A value that the column cannot have matches nothing."""
        if not value:
            return query
        wanted = self._read(value)
        return query.filter(false() if wanted is None else self.get_column(alias) == wanted)

    def operation(self) -> str:
        """The library needs it; our form shows only the column."""
        return "is"

    def validate(self, value: str) -> bool:  # noqa: ARG002 - the library's call
        """Accept every value: one that the column cannot have gives an empty list, not an error."""
        return True


def _text(value: str) -> str | None:
    """The text, or None if no row can hold it (NUL, too long)."""
    return None if "\x00" in value or len(value) > LONGEST_VALUE else value


READERS: dict[Any, Callable[[str], Any]] = {String: _text, AutoString: _text, Boolean: {"1": True, "0": False}.get}
"""Type of a column → function that reads a value from the address. None: not a value of the type."""


class Guarded:
    """Base of every page: the permission it needs, and the answer without it."""

    needs: ClassVar[May] = May.ENTER

    def is_accessible(self) -> bool:
        """Whether the person of this request may see the page."""
        return may(self.needs)

    @staticmethod
    def can(permission: str) -> bool:
        """Whether the person has another permission. Templates hide links with it."""
        return may(May(permission))

    def inaccessible_callback(self, name: str, **_: Any) -> AnyResponse:  # noqa: ARG002 - the library's call
        """Redirect visitors to the sign-in; answer 403 to signed-in people."""
        if current_user.is_authenticated:
            problems.refuse()
        return redirect(f"/login?next={request.path}")


class ListView(Guarded, ModelView):  # type: ignore[misc] # the library carries no types
    """A read-only list of rows. Subclasses allow writes."""

    list_template = "baton/list.html"
    create_template = "baton/form.html"
    edit_template = "baton/form.html"
    can_create = False
    can_edit = False
    can_delete = False
    column_display_actions = False
    page_size = 50
    can_set_page_size = False
    simple_list_pager = True
    numeric_columns: ClassVar[tuple[str, ...]] = ()
    introduction: ClassVar[Any] = ""
    empty: ClassVar[Any] = ""

    def __init__(self, model: type[Any], **options: Any) -> None:
        super().__init__(model, page_session, **options)

    def _handle_view(self, name: str, **options: Any) -> Any:
        """Before every page: answer 404 if the address to return to cannot be parsed. The library would answer 500."""
        try:
            get_redirect_target()
        except ValueError:
            problems.not_found()
        return super()._handle_view(name, **options)

    def get_filter_arg(self, index: int, flt: Filter) -> str:  # noqa: ARG002 - the library's call
        """Name the parameter by the column: an address means the same in every language."""
        return str(flt.column.key)

    def get_pk_value(self, model: Any) -> Any:
        """The key unchanged, for addresses and forms, as `get_one` reads it. (The library doubles dots.)"""
        return getattr(model, _key_column(self.model).key)

    def get_one(self, id: Any) -> Any:  # noqa: A002 - the library's name
        """The row of a key from the address. None if it cannot be a key."""
        text = str(id)
        if isinstance(_key_column(self.model).type, Integer):
            numbered = text.isascii() and text.isdigit() and len(text) < 19
            return self.session.get(self.model, int(text)) if numbered else None
        return None if "\x00" in text else self.session.get(self.model, text)

    def _get_list_extra_args(self) -> Any:
        """Page, search and order of the address, cut to what the database accepts."""
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), LARGEST_NUMBER // self.page_size)
        args.search = (args.search or "").replace("\x00", "")[:LONGEST_VALUE] or None
        column = self._get_column_by_idx(args.sort)
        if column is None or not self.is_sortable(column[0]):
            args.sort = args.sort_desc = None
        return args

    def _get_filters(self, filters: Any) -> dict[str, str]:
        """The filters of the address, without empty ones."""
        return {f"flt0_{self._filters[index].column.key}": value for index, _, value in filters or () if value}

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        """Rows that contain every word in some column. (The library gives ^, = and % a special meaning.)"""
        for word in search.split():
            query = query.filter(or_(*(column.icontains(word, autoescape=True) for column, _ in self._search_fields)))
        return query, count_query, joins, count_joins

    def get_empty_list_message(self) -> Any:
        """The text of an empty list: nothing matches, or nothing is there yet."""
        if request.args.get("search") or any(value for name, value in request.args.items() if name.startswith("flt")):
            return gettext("Nothing matches. Clear the search and filters to see everything.")
        return self.empty or gettext("Nothing here yet.")

    def filter_values(self) -> dict[str, str]:
        """Column → value of the filters of this request, for the form."""
        return {name.split("_", 1)[1]: value for name, value in request.args.items() if FILTER.match(name)}

    def get_save_return_url(self, model: Any, is_created: bool = False) -> str:  # noqa: ARG002 - the library's call
        """Back to the list with its filters, and never to another site."""
        return str(get_redirect_target() or self.get_url(".index_view"))

    def row_link(self, row: Any) -> str | None:
        """The link of the first column. None: no link."""
        return self.get_url(".edit_view", id=self.get_pk_value(row)) if self.can_edit else None


def _key_column(model: Any) -> Any:
    """The single column of the primary key."""
    (column,) = model.__table__.primary_key.columns
    return column


def table_answer(rows: Iterable[Iterable[Any]], filename: str, kind: Format) -> Response:
    """Rows, the heading first, as a file that spreadsheets open with no cell that starts a formula."""
    cells = [[_cell(value) for value in row] for row in rows]  # now: the answer is sent after the request
    return Response(
        csv_parts(cells) if kind == "csv" else written(cells, kind),
        mimetype=MEDIA_TYPES[kind],
        headers={"Content-Disposition": f"attachment; filename={filename}.{kind}"},
    )


def _cell(value: Any) -> Cell | None:
    """A value of a list as a cell; texts that wait for the reader's language are said now."""
    return value if value is None or isinstance(value, Cell) else str(value)


def list_answer(names: Iterable[Any], rows: Iterable[Iterable[Any]], filename: str, kind: Any) -> Response:
    """A list as CSV or XLSX; an address that asks for another kind of file leads nowhere."""
    if kind not in MEDIA_TYPES:
        problems.not_found()
    return table_answer(itertools.chain([names], rows), filename, kind)
