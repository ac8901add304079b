"""The check of the draft: a save does not wait for it; pages show the last one until the next is done."""

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from engine.policy.draft_check import check_draft, stored
from engine.settings import Settings
from engine.store.policy.drafts import load_draft, save_draft
from engine.store.policy.versions import active_number
from tests.admin.documents import SMB
from tests.admin.pages import Pages
from workers import checks, queues
from workers.simulator import SIMULATIONS

PUBLISH, RULES = "/admin/draft/publish/", "/admin/draft/rules/"
CHECK = f"{PUBLISH}check"
MANY = {"key": "hopeful", "expect": {"fit": 1234}}
"""A case that is red."""


@pytest.fixture
def pages(settings: Settings) -> Pages:
    pages = Pages(settings)
    save_draft({**SMB, "tests": [MANY]}, None, "marketing@example.com")
    return pages


def asked() -> list[tuple[str | None, tuple[int, ...]]]:
    queue = Queue(SIMULATIONS, connection=queues.client(), serializer=JSONSerializer)
    return [(job.func_name, tuple(job.args)) for job in queue.get_jobs()]


def test_a_save_asks_a_worker_once_and_checks_nothing_itself(pages: Pages) -> None:
    marketing = pages.as_role("marketing")
    new = {"key": "tiny", "parent": "smb/fit/size", "points": "-5", "when": "{all: []}", "enabled": "y"}
    answer = marketing.post(f"{RULES}new/", new, page=f"{RULES}new/").text
    assert "Being checked" in answer
    assert "test cases of the draft are red" not in answer
    assert stored() is None
    revision = load_draft().revision
    assert asked()[-1] == ("check_draft", (revision,))
    for _ in range(3):
        assert "data-unfinished" in marketing.text(CHECK)
    assert asked().count(("check_draft", (revision,))) == 1


def test_the_page_takes_the_result_when_it_is_there(pages: Pages) -> None:
    reader = pages.as_role("viewer")
    assert "data-unfinished" in reader.text(PUBLISH)
    checks.check(load_draft().revision)
    fragment, brief, page = reader.text(CHECK), reader.text(f"{CHECK}?brief=1"), reader.text(PUBLISH)
    assert "<html" not in fragment + brief
    for text in (fragment, page):
        assert "hopeful" in text
        assert "data-unfinished" not in text
    assert "1 test cases of the draft are red" in brief
    assert "1 test cases of the draft are red" in reader.text(RULES)
    assert "findings in the draft as it is saved" in reader.text("/admin/draft/document/")


def test_the_result_before_is_shown_until_the_next_is_there(pages: Pages) -> None:
    check_draft()
    save_draft(SMB, None, "marketing@example.com")
    text = pages.as_role("viewer").text(PUBLISH)
    assert "before the last change" in text
    assert "hopeful" in text
    check_draft()
    assert "hopeful" not in pages.as_role("viewer").text(PUBLISH)


def test_without_a_queue_the_page_says_that_nobody_checks(pages: Pages) -> None:
    reader = pages.as_role("viewer")
    queues.init_queue("redis://127.0.0.1:1/0")
    assert "the queue does not answer" in reader.text(CHECK)


def test_publishing_checks_the_very_draft_itself_whatever_a_page_showed(pages: Pages) -> None:
    admin = pages.as_role("admin")
    save_draft(SMB, None, "marketing@example.com")
    check_draft()
    save_draft({**SMB, "tests": [MANY]}, None, "marketing@example.com")
    data = {"digest": load_draft().digest, "reason": "first", "bypass": "1"}
    assert "test cases of the policy are red: hopeful" in admin.post(f"{PUBLISH}publish", data, page=PUBLISH).text
    assert active_number() is None


def test_the_result_is_for_those_who_may_see_the_policy(pages: Pages) -> None:
    assert pages.anonymous().get(CHECK).status_code == 302
