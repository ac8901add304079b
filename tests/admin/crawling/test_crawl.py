"""Every role follows every link it sees, in two languages: no page is broken, untranslated, or a dead end."""

import pytest

from engine.settings import Settings
from tests.admin.crawling import crawl, wide_world
from tests.admin.crawling.crawl import Crawl, Form, Page
from tests.admin.pages import Pages
from tests.admin.world import ROLES

EVERYBODY = {
    "leads.index_view", "leads.lead", "leads.decision", "notifications.index", "notifications.settings", "pool.index",
    "security.change_password",
}  # fmt: skip
"""Routes that every role reaches."""
THOROUGH = {"admin", "sdr"}
"""Roles that follow every order and filter in Chinese; the others follow one of each kind."""
PAGE = """<html lang="zh-Hans"><title>{title} · Baton</title><a href="/admin/leads/">{text}</a>
<form><input name="a" value="1"><select name="b"><option value="x">甲</option>
<option selected>y</option></select></form></html>"""


@pytest.mark.walk
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_everybody_follows_every_link(settings: Settings, language: str) -> None:
    pages = Pages(settings)
    wide_world.fill(pages.clock)
    faults: list[str] = []
    for role in ROLES:
        reader = pages.as_role(role)
        reader.post("/language", {"language": language})
        chinese = language == "zh_Hans"
        samples = 2 if chinese and role in THOROUGH else 1
        walked = Crawl(pages.app, reader.client, chinese=chinese, samples=samples).run()
        faults += [f"{role}: {fault}" for fault in walked.faults]
        assert walked.routes.keys() >= EVERYBODY, role
    assert faults == []


@pytest.mark.parametrize(
    ("text", "is_english"),
    [
        ("线索池", False),
        ("Export as CSV", True),
        ("导出 CSV", False),
        ("Owner", True),
        ("li@example.com", False),
        ("lead.source 属于 this_month, this_quarter", False),
        ("one key 短语", True),
        ("SDR 跟进 MQL", False),
    ],
)
def test_english_is_seen_on_a_chinese_page(text: str, is_english: bool) -> None:
    assert crawl.english_in(Page(PAGE.format(title="线索", text=text))) == ([text] if is_english else [])


def test_texts_of_machines_and_of_other_languages_are_no_english() -> None:
    texts = '<code>not a word</code><pre>nor is this</pre><b lang="en">said in English</b><script>var a b</script>'
    assert crawl.english_in(Page(PAGE.format(title="线索", text=texts))) == []
    spoken = '<input placeholder="type one word"><i title="a long title" aria-label="a spoken label"></i>'
    assert len(crawl.english_in(Page(PAGE.format(title="线索", text=spoken)))) == 3


def test_a_form_is_asked_as_it_stands_and_with_each_choice() -> None:
    page = Page(PAGE.format(title="线索", text=""))
    assert page.forms == [Form("", {"a": "1", "b": "y"}, [("b", "x"), ("b", "y")])]
    assert list(page.forms[0].addresses("/admin/leads/?page=2")) == [
        "/admin/leads/?a=1&b=y",
        "/admin/leads/?a=1&b=x",
        "/admin/leads/?a=1&b=y",
    ]
    assert page.links == ["/admin/leads/"]
