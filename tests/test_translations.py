"""The admin speaks three languages completely: every text it can show is in both Chinese catalogs, and compiled.

`make translations` brings the catalogs up to the texts; a person then translates what is new.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
CATALOGS = ROOT / "admin" / "translations"
LOCALES = ["zh_Hans_CN", "zh_Hant_TW"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every text in the admin's code and templates."""
    output = tmp_path_factory.mktemp("texts") / "messages.pot"
    pybabel = Path(sys.executable).with_name("pybabel")
    command = [str(pybabel), "-q", "extract", "-F", "pyproject.toml", "-k", "_l", "-k", "lazy_gettext", "-k", "says"]
    subprocess.run([*command, "-o", str(output), "."], cwd=ROOT, check=True)
    with output.open("rb") as file:
        return read_po(file)


def catalog(locale: str) -> Catalog:
    with (CATALOGS / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def keys(messages: Catalog) -> set[tuple[str, str | None]]:
    return {(key_text(message.id), message.context) for message in messages if message.id}


def key_text(id_: str | tuple[str, ...] | list[str]) -> str:
    return id_ if isinstance(id_, str) else id_[0]


def is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) if isinstance(string, str) else all(string or [""])


def forms(string: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """The plural forms of a translation, or its one form."""
    return [string] if isinstance(string, str) else list(string or ())


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalog_has_every_text_of_the_admin_and_no_other(texts: Catalog, locale: str) -> None:
    assert len(keys(texts)) > 50
    assert keys(catalog(locale)) == keys(texts), "run `make translations`"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_is_translated_by_a_person(locale: str) -> None:
    messages = [message for message in catalog(locale) if message.id]
    assert [message.id for message in messages if message.fuzzy or not is_translated(message.string)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_translations_keep_the_placeholders_of_their_texts(locale: str) -> None:
    assert [(message.id, [str(error) for error in errors]) for message, errors in catalog(locale).check()] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalog_is_that_of_the_texts(locale: str) -> None:
    with (CATALOGS / locale / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        compiled = read_mo(file)
    written = catalog(locale)
    assert keys(compiled) == keys(written), "run `make translations`"
    for message in compiled:
        if message.id:
            found = written.get(key_text(message.id), message.context)
            assert found is not None
            assert forms(message.string) == forms(found.string)
