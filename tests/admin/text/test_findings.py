"""Findings, refusals and places in the reader's language: every code has words, no page shows English or a path."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from pydantic import BaseModel

from admin.text.language import bare_app
from admin.text.policy import parsers
from admin.text.policy.findings import FindingText, finding_text, why
from admin.text.policy.names import NAMES, ROW_NAMES
from admin.text.policy.places import LIST_PAGES, place_words, row_of
from admin.text.policy.wording import WORDS, case_value, named, reason, worded
from admin.views.policy.entries import PAGES
from engine.errors import PolicyRefused
from engine.policy.linting import lint_policy
from engine.policy.trial import TOLD
from rulesets.conditions.conditions import OPERATORS, Node
from rulesets.document.document import DocumentUnreadable, load
from rulesets.document.findings import Finding
from rulesets.document.tables import TableRefused, read_rows, table_of
from rulesets.document.wording import Word, says
from rulesets.lint import lint
from rulesets.policy.parts import Part
from rulesets.policy.policy import Policy
from rulesets.roster.roster import lint_roster
from rulesets.roster.roster_csv import read_people
from tests.documentation.test_policy_examples import FINDINGS, LINT, NEEDED, NOT_SHOWN, documented
from tests.rulesets.documents import LEAST, with_rule

CHINESE = ["zh_Hans_CN", "zh_Hant_TW"]
ENGLISH = re.compile(r"[A-Za-z]{2,}(?:,? [A-Za-z]{2,}){2,}")
PATH = re.compile(r"\[\d+\]|\$\.")
DEEP: dict[str, Any] = {"format": "baton.policy/1"}
for _ in range(70):
    DEEP = {"a": DEEP}
NESTED: dict[str, Any] = {"all": [{"any": [{"all": [{"any": [{"all": []}]}]}]}]}
BAD_PEOPLE = [
    {"email": "a@b.c", "role": "boss", "tier": 12, "team": "gone", "absences": [{"from": "2026-13-01"}]},
    {"role": "sdr", "emial": "x", "eligible_months": ["May"]},
]
OTHERS: dict[str, Any] = {
    "too-deep": DEEP,
    "too-many": {**LEAST, **{f"key_{n}": 1 for n in range(300)}},
    "bad-number": {**LEAST, "x": 2**60},
    "bad-characters": {**LEAST, "name": "a\x00"},
    "matcher-limit": with_rule({"any": [{"field": "lead.title_x", "op": "known"}] * 10_001}),
    "too-many-cases": {
        **LEAST,
        "events": [{"key": "a.b", "kind": "direct"}],
        "models": [{"key": "m", "fit": {"groups": [{"key": "g", "rules": [
            {"key": f"r{n}", "when": {"field": "company.employees", "op": "gt", "value": n}, "points": 1}
            for n in range(700)]}]}}],
        "tests": [{"key": "t", "events": [{"type": "a.b", "days_ago": 1}] * 1500, "expect": {}}],
    },
}  # fmt: skip
"""Policies of the codes that the page of codes cannot show."""


@pytest.fixture(scope="module")
def app() -> Flask:
    return bare_app()


@pytest.fixture(autouse=True)
def request_context(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def is_chinese(text: str) -> bool:
    return not ENGLISH.search(text) and not PATH.search(text)


def in_words(findings: Iterable[Finding], document: Any) -> list[FindingText]:
    return [finding_text(finding, document) for finding in findings]


def test_every_code_of_the_lint_is_looked_at() -> None:
    assert {code for code, _ in FINDINGS} | {*OTHERS, "unreadable", "too-large"} == documented(LINT)
    assert {*OTHERS, "unreadable", "too-large"} == NOT_SHOWN


@pytest.mark.parametrize("locale", CHINESE)
@pytest.mark.parametrize(
    ("code", "document"),
    [*((code, {**LEAST, **NEEDED, **load(example)}) for code, example in FINDINGS), *OTHERS.items()],
    ids=[*(code for code, _ in FINDINGS), *OTHERS],
)
def test_every_code_is_told_in_chinese_without_english_or_a_path(code: str, document: Any, locale: str) -> None:
    findings = lint_policy(document, ["pricing.viewed"]).findings
    assert code in {finding.code for finding in findings}
    with force_locale(locale):
        for one in in_words([finding for finding in findings if finding.code == code][:20], document):
            assert is_chinese(one.where), one
            assert is_chinese(one.says), one
            assert is_chinese(one.mend), one
            assert re.search("[\u4e00-\u9fff]", one.where + one.says), one


@pytest.mark.parametrize("locale", CHINESE)
@pytest.mark.parametrize("text", ["a: [", "{", '{"a": 1, "a": 2}', "a: 1\na: 2", "x" * (4 * 1024 * 1024 + 1), b"\xff"])
def test_a_text_that_cannot_be_read_is_told_in_chinese(text: str | bytes, locale: str) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        load(text)
    with force_locale(locale):
        assert is_chinese(why(refused.value))


@pytest.mark.parametrize("locale", CHINESE)
def test_a_roster_is_told_in_chinese_with_the_people_it_is_about(locale: str) -> None:
    roster = {"format": "baton.roster/1", "people": BAD_PEOPLE}
    report = lint_roster(roster)
    assert {finding.code for finding in report.findings} == {"wrong-value", "missing", "unknown-key"}
    with force_locale(locale):
        lines = why(PolicyRefused("", report.findings, roster)).splitlines()
        assert len(lines) == len(report.findings)
        assert all(map(is_chinese, lines)), lines
        assert "a@b.c" in lines[0]
        assert [line for line in lines if "最后一天" in line or "最後一天" in line]


@pytest.mark.parametrize("locale", CHINESE)
@pytest.mark.parametrize(
    "table",
    [
        "name\nx\n",
        "email,tier\na@b.c,x\n",
        'email\n"a\n',
        "email,absences\na@b.c,soon\n",
        "",
        "email,Email\n",
        "email,,x\n",
        'email\n"a"b\n',
    ],
)
def test_a_table_that_cannot_be_read_is_told_in_chinese(table: str, locale: str) -> None:
    with pytest.raises(TableRefused) as refused:
        read_people(table_of(read_rows(table)))
    with force_locale(locale):
        assert is_chinese(why(refused.value))


def test_what_the_trial_of_a_policy_says_has_words() -> None:
    with force_locale("zh_Hans_CN"):
        for sentence in TOLD.values():
            names = re.findall(r"%\((\w+)\)s", sentence.template)
            assert is_chinese(worded(says(sentence.template, **dict.fromkeys(names, "9"))))


def test_a_place_is_named_by_labels_and_leads_to_its_row() -> None:
    document = {
        **LEAST,
        "models": [{"key": "smb", "label": {"en": "SMB", "zh_Hans": "中小企业"}, "fit": {"groups": [
            {"key": "size", "label": "Size", "rules": [{"key": "s50", "label": "50–200 employees"}]}]}}],
    }  # fmt: skip
    place = ("models", 0, "fit", "groups", 0, "rules", 0, "points")
    assert place_words(place, document) == "Model “SMB” › Group “Size” › Fit rule “50–200 employees” › points"
    row = row_of(place, document)
    assert row
    assert (row.endpoint, row.path) == ("rules", "smb/fit/size/s50")
    with force_locale("zh_Hans_CN"):
        assert place_words(place, document).startswith("模型“中小企业” › 分组“Size”")


PLACES: list[tuple[Any, str, tuple[str | None, str | None]]] = [
    (("models", 0, "when", "all", 1, "value"), "Model “m” › condition › no. 2 › value", ("models", "m")),
    (("models", 0, "matrix", "cells", "A.hot"), "Model “m” › Cell “A.hot”", ("cells", "m/matrix/A/hot")),
    (
        ("models", 0, "matrix", "default", "sla", 0),
        "Model “m” › matrix › all other cells › Clock no. 1",
        ("cells", "m/matrix/default"),
    ),
    (
        ("models", 0, "engagement", "groups", 0, "max"),
        "Model “m” › Group “e” › upper bound",
        ("groups", "m/engagement/e"),
    ),
    (("sla", 0, "window", "hours"), "Clock “c” › window › hours", ("clocks", "c")),
    (("timezone",), "time zone", ("draft_settings", "settings:general")),
    (
        ("calendar", "hours", "mon", 0),
        "working calendar › working hours › Monday › no. 1",
        ("draft_settings", "settings:calendar"),
    ),
    (
        ("qualification", "mql", 0, "cells", 0),
        "Route to MQL “r” › Cell “A.hot”",
        ("draft_routes", "qualification.mql:r"),
    ),
    (("strikes", 0, "sla", 0), "Strike rule no. 1 › Clock no. 1", ("draft_strikes", None)),
    (("assignment",), "assignment policy", ("draft_assignment", None)),
    (("tests", 0, "facts", "company.x"), "Test case “t” › facts › company.x", ("draft_tests", "tests:t")),
    (("line 3",), "line 3", (None, None)),
    ((), "the whole document", (None, None)),
]


@pytest.mark.parametrize(("place", "words", "page"), PLACES)
def test_every_kind_of_place_has_words_and_a_page(place: Any, words: str, page: tuple[str | None, str | None]) -> None:
    document = {
        "models": [{"key": "m", "matrix": {"cells": {"A.hot": {}}}, "engagement": {"groups": [{"key": "e"}]}}],
        "sla": [{"key": "c"}],
        "qualification": {"mql": [{"key": "r", "cells": ["A.hot"]}]}, "strikes": [{}], "tests": [{"key": "t"}],
        "calendar": {"hours": {}},
    }  # fmt: skip
    assert place_words(place, document) == words
    row = row_of(place, document)
    assert (row and row.endpoint, row and row.path) == page


def test_a_place_of_another_document_is_numbered() -> None:
    assert place_words(("people", 3, "absences", 0), None) == "Person no. 4 › absences › no. 1"
    assert place_words(("models", 0, "matrix", "cells", "A.hot"), None) == "Model no. 1 › Cell “A.hot”"


def test_every_list_of_the_draft_has_its_page() -> None:
    pages = {
        name: f"draft_{url.replace('-', '_')}" for view, _, url in PAGES for name in view.lists if name != "settings"
    }
    assert pages == LIST_PAGES


def test_every_key_of_a_document_has_a_name() -> None:
    def below(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for one in base.__subclasses__():
            yield one
            yield from below(one)

    classes = [one for base in (Part, Node) for one in below(base) if one.__module__.startswith("rulesets")]
    keys = {field.alias or name for one in classes for name, field in one.model_fields.items()}
    assert keys - set(NAMES) == set()
    assert set(ROW_NAMES) >= {"models", "people", "strikes"}


def test_terms_of_a_sentence_are_words_of_the_page() -> None:
    with force_locale("zh_Hans_CN"):
        sentence = says(
            "%(operator)s does not apply to a value of type %(type)s",
            operator=Word("operator", "gte"),
            type=Word("type", "text"),
        )
        assert worded(sentence) == "“≥”不适用于类型“文本”的值"
        assert worded(Word("row", "{key: a, when: {field: company.employees, op: lte, value: 9}, points: 5}")) == (
            "company.employees ≤ 9：5 分"
        )
    assert set(WORDS["operator"]) == set(OPERATORS)
    assert worded(Word("role", "unheard")) == "unheard"
    assert worded(("a", "b")) == "a, b"


def test_a_suggested_row_is_pasteable_in_the_api_and_readable_on_the_page() -> None:
    band = next(example for code, example in FINDINGS if code == "band-gap")
    document = {**LEAST, **load(band)}
    (finding,) = [one for one in lint(document).findings if one.code == "band-gap"]
    assert finding.suggestion
    assert json.dumps(load(finding.suggestion.removeprefix("add ")))
    assert finding_text(finding, document).mend == "add company.employees is between 10 … 19: 5 points"


def test_a_refusal_of_a_publication_says_its_reason_before_its_findings() -> None:
    findings = lint({**LEAST, "name": 5, "x": 1}).findings
    assert why(PolicyRefused(says("the policy has %(n)s errors", n=2), findings, {"name": 5})).splitlines() == [
        "the policy has 2 errors",
        "name: give a text, in quotes, not “5”",
        f"x: the key “x” is not known here (one of {', '.join(Policy.model_fields)})",
    ]
    many = lint({**LEAST, **{f"k{n}": 1 for n in range(25)}}).findings
    assert why(PolicyRefused("", many)).splitlines()[-1] == "and 5 more"
    assert why(PolicyRefused("as it is")) == "as it is"
    assert reason(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")) == "the file is not UTF-8: save it as UTF-8"


def test_a_librarys_own_words_are_shown_to_readers_of_english_only() -> None:
    assert parsers.problem("something unheard of") == "something unheard of"
    assert parsers.pattern("missing ]: [a") == "the closing ] is missing: [a"
    assert parsers.pattern("unheard: x") == "unheard: x"
    with force_locale("zh_Hans_CN"):
        assert is_chinese(parsers.problem("something unheard of"))
        assert parsers.pattern("missing ]: [a") == "缺少右方括号 ]: [a"


def test_what_a_test_case_compares_has_words() -> None:
    with force_locale("zh_Hans_CN"):
        assert (named("route"), case_value(None), case_value(("a", "b"))) == ("路径", "无", "a, b")
