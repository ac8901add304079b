"""Pages show findings and refusals in the reader's language, with the field and without a path."""

import copy
import io
import re
from typing import Any

import pytest

from engine.policy.draft_check import check_draft
from engine.settings import Settings
from engine.store.policy.drafts import load_draft, save_draft
from tests.admin import world
from tests.admin.documents import SMB
from tests.admin.pages import Pages, Reader
from tests.admin.text.test_findings import ENGLISH

PUBLISH = "/admin/draft/publish/"
FINDINGS = re.compile(r"<tbody>\s*(<tr><td><span class=\"tag (?:bad|warn)\">.*?)</tbody>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
RULE = "models[0].fit.groups[0].rules[0]"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def chinese(pages: Pages, role: str = "admin") -> Reader:
    reader = pages.as_role(role)
    reader.post("/language", {"language": "zh_Hans", "next": "/admin/"})
    return reader


def broken(**rule: Any) -> dict[str, Any]:
    """A sound form whose first fit rule never holds, and a clock without a receiver."""
    document = copy.deepcopy(SMB)
    group = document["models"][0]["fit"]["groups"][0]
    group["rules"][0] |= {
        "label": {"zh_Hans": "五十人以上"},
        "when": {"any": [{"field": "lead.citty", "op": "known"}]},
        **rule,
    }
    return document


def test_the_page_of_publishing_names_rows_and_links_to_them(pages: Pages) -> None:
    save_draft(broken(), None, world.OPERATOR)
    check_draft()
    page = chinese(pages).text(PUBLISH)
    (table,) = FINDINGS.findall(page)
    assert "没有字段“lead.citty”" in table
    assert "静态评分规则“五十人以上” › 条件 › 第 1 项 › 字段" in table
    assert RULE not in page
    assert not ENGLISH.search(TAG.sub(" | ", re.sub(r"<code>.*?</code>", "", table)))
    model, group = load_draft().document["models"][0], load_draft().document["models"][0]["fit"]["groups"][0]
    link = re.search(r'<a href="([^"]*draft/rules/edit[^"]*)"', table)
    assert link
    assert f"{model['key']}/fit/{group['key']}/{group['rules'][0]['key']}" in link[1].replace("%2F", "/")
    assert "五十人以上" in chinese(pages).text(link[1])


def test_a_warning_is_accepted_from_where_it_is_told(pages: Pages) -> None:
    when = {"field": "company.employees", "op": "between", "value": [9, 1]}
    save_draft(broken(when=when), None, world.OPERATOR)
    check_draft()
    reader = chinese(pages)
    address = next(
        found.replace("&amp;", "&")
        for found in re.findall(r'href="([^"]+acknowledged/new[^"]+)"', reader.text(PUBLISH))
        if "inverted-range" in found
    )
    form = reader.text(address)
    assert 'value="inverted-range"' in form
    reader.post(
        "/admin/draft/acknowledged/new/",
        {"code": "inverted-range", "path": f"{RULE}.when.value", "reason": "später"},
        page=address,
    )
    check_draft()
    (table,) = FINDINGS.findall(reader.text(PUBLISH))
    assert "已接受" in table or "已确认" in table


def test_a_row_that_cannot_be_saved_says_why_with_the_field(pages: Pages) -> None:
    save_draft(SMB, None, world.OPERATOR)
    reader = chinese(pages)
    model, group = SMB["models"][0], SMB["models"][0]["fit"]["groups"][0]
    path = f"{model['key']}/fit/{group['key']}/{group['rules'][0]['key']}"
    page = f"/admin/draft/rules/edit/?id={path}"
    version = re.search(r'name="version"[^>]*value="(\d+)"', reader.text(page))
    assert version
    answer = reader.post(
        page, {"version": version[1], "points": "5", "when": "{field: lead.city, opp: known}"}, page=page
    ).text
    messages = [TAG.sub("", one) for one in re.findall(r'<div class="message bad".*?</div>', answer, re.DOTALL)]
    assert any("条件" in one and "此处没有键“opp”" in one for one in messages), messages
    assert not any(ENGLISH.search(one) or "[0]" in one for one in messages), messages


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "无法读取"),
        ("format: baton.policy/1\nname: x\ntimezone: UTC\nmodels: [{key: Big}]", "模型“Big” › 键：“Big”不合要求"),
    ],
)
def test_a_document_that_is_refused_says_why(pages: Pages, text: str, said: str) -> None:
    save_draft(SMB, None, world.OPERATOR)
    address = "/admin/draft/document/"
    answer = chinese(pages).post(address, {"text": text, "revision": "1"}, page=address).text
    refusal = re.search(r'<div class="message bad".*?</div>', answer, re.DOTALL)
    assert refusal
    assert said in refusal[0]
    assert not ENGLISH.search(TAG.sub(" | ", refusal[0]))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("people.csv", "email,tier\na@b.c,x\n", "第 2 行：tier 须为整数"),
        ("people.csv", "email,role\nann@example.com,boss\n", "人员“ann@example.com” › 角色：可选：sdr、sales、manager"),
        ("roster.yaml", "format: baton.roster/1\npeople: [{email: a@b.c, role: sdr, team: gone}]", "没有团队“gone”"),
    ],
)
def test_a_roster_that_is_refused_says_why(pages: Pages, name: str, text: str, said: str) -> None:
    address = "/admin/roster/document/"
    file = {"file": (io.BytesIO(text.encode()), name)}
    answer = chinese(pages).post(address, file, page=address).text
    refusal = re.search(r'<div class="message bad".*?</div>', answer, re.DOTALL)
    assert refusal
    assert said in refusal[0]
    assert not ENGLISH.search(TAG.sub(" | ", refusal[0]))


@pytest.mark.parametrize(
    ("address", "data", "said"),
    [
        ("/admin/keys/new/", {"name": "crm"}, "没有此权限：未填写"),
        ("/admin/webhooks/new/", {"url": "ftp://x"}, "不是可发送的地址"),
        ("/admin/users/new/", {"email": "a@example.com", "password": "short"}, "没有此角色：未填写；可选：管理员"),
        ("/admin/roster/people/new/", {"email": "a@example.com", "tier": "x", "weight": "1"}, "请填写整数"),
        ("/admin/roster/calendars/new/", {"key": "k", "timezone": "Mars"}, "日历“k” › 时区：请填写时区"),
    ],
)
def test_a_form_that_is_refused_says_why(pages: Pages, address: str, data: dict[str, str], said: str) -> None:
    answer = chinese(pages).post(address, data, page=address).text
    assert said in answer
    messages = re.findall(r'<(?:div class="message bad"|p class="error").*?</(?:div|p)>', answer, re.DOTALL)
    assert messages
    assert not any(ENGLISH.search(TAG.sub(" | ", one)) for one in messages)
