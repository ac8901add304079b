"""Test cases of a policy at each save, on the page, on the command line and over HTTP."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from admin.cli import baton
from engine.policy.draft_check import check_draft
from engine.settings import Settings
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.versions import active_number
from tests.admin import world
from tests.admin.api_client import Api, told
from tests.admin.deciding import POLICY
from tests.admin.documents import SMB
from tests.admin.pages import Pages

PUBLISH = "/admin/draft/publish/"
CASES: list[dict[str, Any]] = [
    {"key": "nobody", "expect": {"excluded": None}},
    {"key": "hopeful", "expect": {"fit": 1234}},
]


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def test_a_red_case_is_listed_and_not_published_even_as_a_bypass(pages: Pages) -> None:
    save_draft({**SMB, "tests": CASES}, None, world.OPERATOR)
    check_draft()
    admin = pages.as_role("admin")
    text = admin.text(PUBLISH)
    for shown in ("✓ green", "✗ red", "fit: <code>1234</code>", "are touched by no test case", "Test cases are red"):
        assert shown in text
    data = {"digest": load_draft().digest, "reason": "first", "bypass": "1"}
    assert "test cases of the policy are red: hopeful" in admin.post(f"{PUBLISH}publish", data, page=PUBLISH).text
    assert active_number() is None


def test_a_save_that_turns_a_case_red_says_so_once_it_is_checked(pages: Pages) -> None:
    """R10.1: test cases run after each save."""
    save_draft(
        {**SMB, "tests": [{"key": "fifty", "facts": {"company.employees": 50}, "expect": {"fit": 30}}]}, None, "x"
    )
    marketing = pages.as_role("marketing")
    rule = marketing.link("/admin/draft/rules/", "smb › size › s50")
    found = re.search(r'name="version"[^>]*value="(\d+)"', marketing.text(rule))
    assert found
    when = "{field: company.employees, op: between, value: [50, 200]}"
    fields = {"version": found[1], "points": "35", "enabled": "y", "when": when}
    assert "Being checked" in marketing.post(rule, fields, page=rule).text
    check_draft()
    assert "1 test cases of the draft are red" in marketing.text("/admin/draft/rules/")


def test_the_api_says_which_cases_are_red_and_what_none_touches(api: Api) -> None:
    headers = api.key("ops", ["policy:read"])
    good = told(api.client.post("/v1/policy/lint", json={**POLICY, "tests": CASES[:1]}, headers=headers))
    assert (good["publishable"], good["cases"]["green"], good["cases"]["red"]) == (True, 1, [])
    assert len(good["cases"]["untouched"]) < good["cases"]["rules"]
    bad = told(api.client.post("/v1/policy/lint", json={**POLICY, "tests": CASES}, headers=headers))
    assert bad["publishable"] is False
    assert bad["cases"]["red"][0]["key"] == "hopeful"
    assert bad["cases"]["red"][0]["differences"][0]["expected"] == "1234"


@pytest.mark.parametrize(
    ("cases", "code", "line"),
    [
        ([], 0, "test cases: none"),
        (CASES[:1], 0, "test cases: 1 green, 0 red; no case touches "),
        (CASES, 1, "test cases: 1 green, 1 red; no case touches "),
    ],
)
def test_the_command_runs_the_cases_and_fails_on_a_red_one(tmp_path: Path, cases: Any, code: int, line: str) -> None:
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({**POLICY, "tests": cases}))
    done = CliRunner().invoke(baton, ["policy", "lint", str(file)])
    assert (done.exit_code, line in done.stdout) == (code, True)
    assert ("[red-case]" in done.stdout) is (code == 1)
    as_json = json.loads(CliRunner().invoke(baton, ["policy", "lint", str(file), "--json"]).stdout)
    assert len(as_json["cases"]["red"]) == code
