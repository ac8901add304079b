"""Every address limits the size of a request, and its answer to a larger one says so."""

import io

import pytest
from werkzeug.routing import Rule

from admin.app import MAX_PAGE_BODY
from admin.web.auth import GUARDED, LARGE_UPLOADS
from engine.settings import Settings
from tests.admin.pages import Pages, Reader
from tests.admin.web.test_headers import address_of


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings)


def upload(reader: Reader, path: str, size: int = MAX_PAGE_BODY + 1) -> tuple[int, str]:
    with io.BytesIO(b"x" * size) as file:
        answer = reader.client.post(path, data={"file": (file, "roster.yaml")})
    return answer.status_code, answer.text


def test_a_sign_in_with_an_upload_is_refused_on_a_page(pages: Pages) -> None:
    reader = pages.anonymous()
    reader.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"
    status, text = upload(reader, "/login")
    assert status == 413
    assert "一次最多 3 MiB" in text


def test_no_page_takes_an_upload_that_is_too_large(pages: Pages) -> None:
    reader = pages.as_role("admin")
    doors = [rule for rule in pages.app.url_map.iter_rules() if is_page(rule) and rule.rule not in LARGE_UPLOADS]
    assert len(doors) > 20
    assert {address_of(rule): upload(reader, address_of(rule))[0] for rule in doors} == {
        address_of(rule): 413 for rule in doors
    }


@pytest.mark.parametrize("path", LARGE_UPLOADS)
def test_a_page_for_files_takes_larger_ones_from_those_who_are_signed_in_only(pages: Pages, path: str) -> None:
    assert upload(pages.anonymous(), path)[0] == 413
    reader = pages.as_role("admin")
    assert upload(reader, path)[0] == 400, "it is read, and then the CSRF token lacks"
    assert upload(reader, path, LARGE_UPLOADS[path] + 1)[0] == 413


def is_page(rule: Rule) -> bool:
    return "POST" in (rule.methods or ()) and rule.rule.startswith(GUARDED)


def test_a_field_that_is_too_large_is_refused_and_a_small_upload_is_not(pages: Pages) -> None:
    reader = pages.anonymous()
    field = {"data": {"email": "x" * 2_200_000}, "content_type": "multipart/form-data"}
    assert reader.client.post("/login", **field).status_code == 413
    assert upload(reader, "/login", 2_900_000)[0] == 400


def test_the_api_measures_its_bodies_itself(pages: Pages) -> None:
    answer = pages.anonymous().client.post("/v1/track", data=b" " * (MAX_PAGE_BODY + 1), content_type="text/plain")
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
    assert answer.get_json()["limit"] == 2 * 1024 * 1024
