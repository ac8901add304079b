"""A crawler: follows the links and forms of rendered pages, as a reader would, and reports what is wrong.

It sends only values that a page offers. Pages with the same route and parameter names are sampled. Sort and filter
links are followed on every page, and files are fetched once per route.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

LEADS_ELSEWHERE = {"admin.index", "reports.index", "home"}
"""Routes that only lead to another page; every other link leads where it says."""
SPOKEN = ("placeholder", "title", "aria-label", "alt")
SILENT = {"script", "style"}
TECHNICAL = {"code", "pre", "textarea"}
"""Elements whose text is a key, a document or an error as a machine wrote it."""
CHOICES = {"sort", "desc", "stage", "grade", "why", "kind", "unread", "role", "by"}
"""Parameters that filter or sort, besides those of filters of lists."""
UNIMPORTANT = {"page_size", "url"}
"""Parameters that change nothing about a page."""
VOID = {"input", "img", "br", "meta", "link", "wbr", "hr"}
TERMS = ("Baton", "YAML", "JSON", "CSV", "API", "SDR", "MQL", "SQL", "BANT")
"""Names that are the same in every language."""
CATALOG = Path(__file__).parents[3] / "admin/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
DATA = re.compile(r"\S*\w[@._/]\w\S*")
"""Addresses, keys and numbers, which are the same in every language."""
ENGLISH = re.compile(r"[A-Za-z][A-Za-z'’]+(?: [A-Za-z][A-Za-z'’]+)+")


@dataclass
class Form:
    """A form that asks for a page: where, its fields as they stand, and what its choices offer."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)

    def addresses(self, page: str) -> Iterator[str]:
        """The form as it stands, and once with each choice."""
        there = urljoin(page, self.action or urlsplit(page).path)
        for name, value in [("", ""), *self.choices]:
            asked = {**self.fields, **({name: value} if name else {})}
            yield f"{there}?{urlencode(asked)}"


class Page(HTMLParser):
    """What a page shows: title, language, links, forms that ask for pages, alarms, and every text a reader meets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.title = ""
        self.language = ""
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.alarms: list[str] = []
        self.texts: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self._form = Form(given.get("action", "")) if given.get("method", "get") == "get" else None
        self._note_field(tag, given)
        if not self._is_in(TECHNICAL):
            self.texts += [given[name] for name in SPOKEN if given.get(name)]
        if tag not in VOID:
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "form":
            self._keep_form()

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not text or self._is_in(SILENT):
            return
        if self._is_in({"title"}):
            self.title = text
        if self._open and self._open[-1][0] == "option" and "value" not in self._open[-1][1]:
            self._keep_choice(text, self._open[-1][1])
        if any(given.get("role") == "alert" and "bad" in given.get("class", "") for _, given in self._open):
            self.alarms.append(text)
        if not self._is_in(TECHNICAL) and not self._speaks_another():
            self.texts.append(text)

    def _keep_form(self) -> None:
        self.forms += [self._form] if self._form else []
        self._form = None

    def _note_field(self, tag: str, given: dict[str, str]) -> None:
        form, name = self._form, given.get("name", "")
        if form is None:
            return
        if tag == "input" and name:
            form.fields[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "value" in given:
            self._keep_choice(given["value"], given)

    def _keep_choice(self, value: str, given: dict[str, str]) -> None:
        if self._form is not None:
            self._form.choices.append((self._select, value))
            if "selected" in given:
                self._form.fields[self._select] = value

    def _is_in(self, tags: set[str]) -> bool:
        return any(tag in tags for tag, _ in self._open)

    def _speaks_another(self) -> bool:
        """Whether the text says itself that it is in another language than the page."""
        said = [given["lang"] for _, given in self._open if given.get("lang")]
        return bool(said) and said[-1] != self.language


def english_in(page: Page) -> list[str]:
    """What a reader of a Chinese page meets in English: two words in a row, or a text that has a translation."""
    return [text for text in page.texts if text in translated() or _is_english(text)]


@cache
def translated() -> frozenset[str]:
    """Texts of the pages, capitals first, that read otherwise in Chinese."""
    with CATALOG.open("rb") as file:
        messages = [message for message in read_po(file) if isinstance(message.id, str) and message.id[:1].isupper()]
    return frozenset(str(message.id) for message in messages if message.string != message.id)


def _is_english(text: str) -> bool:
    for term in TERMS:
        text = re.sub(rf"\b{term}\b", "·", text)
    return ENGLISH.search(DATA.sub("·", text)) is not None


class Crawl:
    """One reader's walk over everything that is linked."""

    def __init__(self, app: Flask, client: FlaskClient, *, chinese: bool, samples: int = 3) -> None:
        self.faults: list[str] = []
        self.routes: Counter[str] = Counter()
        self._client = client
        self._chinese = chinese
        self._samples = samples
        self._urls = app.url_map.bind("localhost")
        self._shapes: Counter[tuple[str, ...]] = Counter()
        self._seen: set[str] = set()
        self._files: set[str] = set()
        self._texts: set[str] = set()
        self._waiting: deque[tuple[str, str]] = deque()

    def run(self, start: str = "/admin/") -> "Crawl":
        """Walk until nothing new is linked."""
        self._offer(start, "the beginning")
        while self._waiting:
            self._visit(*self._waiting.popleft())
        return self

    def _visit(self, address: str, found_on: str) -> None:
        route = self._route(address)
        if route in self._files:
            return
        answer = self._client.get(address, follow_redirects=True)
        self.routes[route] += 1
        if answer.status_code != 200:
            self._blame(address, found_on, f"answers {answer.status_code}")
        elif answer.mimetype == "text/html":
            self._read(address, found_on, Page(answer.text))
            arrived = answer.request.path
            if route not in LEADS_ELSEWHERE and self._route(arrived) != route:
                self._blame(address, found_on, f"leads to {arrived}")
        elif "attachment" in answer.headers.get("Content-Disposition", ""):
            self._files.add(route)
        else:
            self._blame(address, found_on, f"is no page but {answer.mimetype}")

    def _read(self, address: str, found_on: str, page: Page) -> None:
        if not page.title.removesuffix(" · Baton").strip():
            self._blame(address, found_on, "has no title")
        for alarm in page.alarms:
            self._blame(address, found_on, f"sounds an alarm: {alarm}")
        for text in english_in(page) if self._chinese else ():
            if text not in self._texts:
                self._texts.add(text)
                self._blame(address, found_on, f"speaks English: {text[:160]!r}")
        for link in page.links:
            self._offer(urljoin(address, link), address)
        for form in page.forms:
            for asked in form.addresses(address):
                self._offer(asked, address)

    def _offer(self, address: str, found_on: str) -> None:
        """Walk there later, unless it was seen, is somewhere else, or enough of its shape was."""
        parts = urlsplit(address)
        plain = parts._replace(fragment="").geturl()
        if parts.netloc or parts.scheme or plain in self._seen:
            return
        self._seen.add(plain)
        shape = self._shape(plain, self._route(found_on))
        self._shapes[shape] += 1
        if self._shapes[shape] <= (1 if any("=" in told for told in shape) else self._samples):
            self._waiting.append((plain, found_on))

    def _shape(self, address: str, found_on: str) -> tuple[str, ...]:
        """What makes pages alike: their route and the names of what is asked; of one order or filter its value, too.

        Rows are alike that are linked on pages of one route: each list is followed to some of what it links.
        Several orders and filters at once are one shape, lest every filter be followed in every order.
        """
        asked = {name: value for name, value in parse_qsl(urlsplit(address).query) if name not in UNIMPORTANT}
        choices = {name: value for name, value in asked.items() if _is_choice(name)}
        if self._samples == 1:
            told = set(choices)
        elif len(choices.keys() - {"desc"}) > 1:
            told = {"several"}
        else:
            told = {f"{name}={value}" for name, value in choices.items()}
        place = "" if choices else found_on
        return (self._route(address), place, *sorted(told | (asked.keys() - choices.keys())))

    def _route(self, address: str) -> str:
        try:
            return str(self._urls.match(urlsplit(address).path)[0])
        except HTTPException:
            return urlsplit(address).path

    def _blame(self, address: str, found_on: str, what: str) -> None:
        self.faults.append(f"{address} {what} (linked on {found_on})")


def _is_choice(name: str) -> bool:
    """Whether a parameter filters or sorts a list."""
    return name.startswith("flt0_") or name in CHOICES
