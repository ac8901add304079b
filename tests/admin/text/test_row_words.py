"""What a row of the policy's lists says in words: each member by a name, in the reader's language."""

from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from admin.text.language import bare_app
from admin.text.policy.row_words import CHOSEN, NAMES, said_by
from admin.views.policy.entries import PAGES

UNSAID = {"version", "key", "label", "parent", "csrf_token"}


@pytest.fixture(scope="module")
def app() -> Flask:
    return bare_app()


def said(app: Flask, locale: str = "en", **body: Any) -> str:
    with app.test_request_context(), force_locale(locale):
        return said_by(body)


def members(form: type[Any]) -> set[str]:
    """Names of what a form edits, the parts of parts as well."""
    fields = {name for name in dir(form) if hasattr(getattr(form, name), "field_class")}
    return {part for name in fields for part in name.split("__")} - UNSAID


def test_every_member_that_a_form_edits_has_a_name() -> None:
    forms = [form for view, _, _ in PAGES for form in (view.form, *getattr(view, "own_forms", {}).values())]
    edited = set().union(*(members(form) for form in forms))
    assert len(edited) > 40
    assert edited - NAMES.keys() == set()
    assert NAMES.keys() >= CHOSEN


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"role": "sdr", "label": "x", "key": "y"}, "role SDR"),
        ({"protection": {"days": 10, "extend": {"days": 3}}}, "protection (days 10; an activity extends to 3 days)"),
        ({"items": [{"key": "need", "when": {}}, {"key": "money"}]}, "items need, money"),
        ({"match": [{"rep": "languages", "field": "x.y"}]}, "must fit (of the person languages; of the lead x.y)"),
        ({"when": {"field": "x.y", "op": "known"}}, "if “x.y is known”"),
        ({"stages": ["ready", "mql"]}, "stages Ready for an SDR, MQL"),
        ({"otherwise": {"policy": "late"}}, "if nobody can (assignment policy late)"),
        ({"warn_before": [{"days": 2}]}, "warns before the end 2 days"),
        ({"facts": {}}, "facts nothing"),
        ({"properties": {"path": "/a", "n": 2}}, "properties (path: /a, n: 2)"),
        ({"pii": True, "of_tomorrow": 1}, "personal data yes; of_tomorrow 1"),
    ],
)  # fmt: skip
def test_a_row_is_said_in_words(app: Flask, body: dict[str, Any], words: str) -> None:
    assert said(app, **body) == words


def test_a_row_is_said_in_the_language_of_the_reader(app: Flask) -> None:
    assert said(app, "zh_Hans_CN", role="sales", consecutive=2) == "角色 销售; 连续超时次数 2"
