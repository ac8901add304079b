"""Sign-in and sign-out under attack: copied cookies, parallel guesses, many accounts from one address."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from engine.settings import Settings
from engine.store.access import sign_ins
from engine.store.access.accounts import add_user
from engine.store.session import raw, transaction
from tests.admin.pages import Pages, Reader
from tests.admin.world import LI, PASSWORD, WANG

WRONG = "not the password"


@pytest.fixture
def pages(settings: Settings) -> Pages:
    add_user(LI, "admin", PASSWORD)
    return Pages(settings)


def attempt(reader: Reader, email: str, password: str, address: str = "127.0.0.1", **more: str) -> TestResponse:
    fields = {"email": email, "password": password, "csrf_token": reader.token("/login"), **more}
    return reader.client.post("/login", data=fields, environ_base={"REMOTE_ADDR": address})


def cookies_of(reader: Reader) -> dict[str, str]:
    found = (reader.client.get_cookie(name) for name in ("session", "remember_token"))
    return {cookie.key: cookie.value for cookie in found if cookie is not None}


def opens(pages: Pages, cookies: dict[str, str]) -> bool:
    """Whether somebody with nothing but these cookies sees the first page."""
    thief = pages.anonymous()
    for name, value in cookies.items():
        thief.client.set_cookie(name, value)
    return thief.get("/admin/").status_code == 200


# ------------------------------------------------------------------------------------------------ sessions
def test_after_the_sign_out_no_copy_of_a_cookie_opens_anything_and_other_devices_stay(pages: Pages) -> None:
    reader, phone = pages.anonymous(), pages.anonymous().sign_in(LI)
    attempt(reader, LI, PASSWORD, remember="y")
    copied = cookies_of(reader)
    assert set(copied) == {"session", "remember_token"}
    assert all(opens(pages, {name: value}) for name, value in copied.items())
    reader.post("/logout")
    assert not any(opens(pages, {name: value}) for name, value in copied.items())
    assert LI in phone.text("/admin/")


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(pages: Pages) -> None:
    reader, phone = pages.anonymous().sign_in(LI), pages.anonymous().sign_in(LI)
    copied = cookies_of(reader)
    fields = {"password": PASSWORD, "new_password": "another long one", "new_password_confirm": "another long one"}
    reader.post("/change", fields, page="/change")
    assert LI in reader.text("/admin/")
    assert phone.get("/admin/").status_code == 302
    assert not opens(pages, copied)


def test_a_session_ends_by_itself(pages: Pages) -> None:
    reader = pages.anonymous().sign_in(LI)
    copied = cookies_of(reader)
    pages.clock.moment += sign_ins.SESSION_LASTS
    assert not opens(pages, copied)


# ------------------------------------------------------------------------------------------------ guessing
def test_of_forty_parallel_guesses_five_are_judged(database: str, pages: Pages) -> None:
    start = threading.Barrier(8)

    def guess(number: int) -> bool:
        if number < 8:
            start.wait(10)
        return is_judged(pages, sign_ins.Attempt(LI, "198.51.100.7"))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(guess, range(40))) == sign_ins.PER_ACCOUNT_AND_ADDRESS


def claims(pages: Pages, attempts: Iterable[sign_ins.Attempt]) -> int:
    """How many of these attempts may be judged."""
    return sum(is_judged(pages, one) for one in attempts)


def is_judged(pages: Pages, one: sign_ins.Attempt) -> bool:
    try:
        sign_ins.claim_attempt(one, pages.clock.now())
    except sign_ins.TooManyAttempts:
        return False
    return True


def test_many_accounts_from_one_address_are_one_guesser(pages: Pages) -> None:
    assert claims(pages, (sign_ins.Attempt(f"p{n}@example.com", "2001:db8::1") for n in range(60))) == 30
    reader = pages.anonymous()
    assert attempt(reader, LI, PASSWORD, "2001:db8::2").status_code == 429, "one /64 is one guesser"
    assert attempt(reader, LI, PASSWORD, "2001:db8:0:1::1").status_code == 302


def test_one_account_from_many_addresses_is_closed_too(pages: Pages) -> None:
    assert claims(pages, (sign_ins.Attempt(LI.upper(), f"198.51.100.{n}") for n in range(60))) == 30
    assert attempt(pages.anonymous(), LI, PASSWORD).status_code == 429


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Try again in 15 minutes."), ("zh-CN", "请在 15 分钟后重试"), ("zh-TW", "請在 15 分鐘後再試")],
)
def test_whoever_is_refused_is_told_when_to_come_again(pages: Pages, language: str, sentence: str) -> None:
    reader = pages.anonymous()
    reader.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    for _ in range(5):
        attempt(reader, LI, WRONG)
    refused = attempt(reader, LI, PASSWORD)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert sentence in refused.text
    pages.clock.moment += timedelta(minutes=14, seconds=1)
    assert attempt(reader, LI, PASSWORD).headers["Retry-After"] == "59"
    pages.clock.moment += timedelta(seconds=59)
    assert attempt(reader, LI, PASSWORD).status_code == 302


def test_a_success_forgets_the_failures_before_it(pages: Pages) -> None:
    for password, status in [*[(WRONG, 200)] * 4, (PASSWORD, 302)] * 2:
        assert attempt(pages.anonymous(), LI, password).status_code == status


def test_a_success_counts_nowhere(pages: Pages) -> None:
    for n in range(60):
        one = sign_ins.Attempt(LI, f"198.51.100.{n % 3}")
        assert is_judged(pages, one)
        sign_ins.give_back_attempt(one)


def test_what_counts_no_more_is_removed(pages: Pages) -> None:
    assert claims(pages, [sign_ins.Attempt(LI, "198.51.100.7")]) == 1
    pages.clock.moment += sign_ins.WINDOW
    assert claims(pages, [sign_ins.Attempt(WANG, "198.51.100.8")]) == 1
    with transaction() as connection:
        found = raw(connection).execute("SELECT subject FROM sign_in_attempts ORDER BY 1").fetchall()
    assert found == [(f"account {WANG}",), (f"account {WANG} from 198.51.100.8",), ("address 198.51.100.8",)]


def test_a_right_password_with_a_bad_next_is_a_success(pages: Pages) -> None:
    for _ in range(2):
        answer = attempt(pages.anonymous(), LI, PASSWORD, next="https://example.org/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_a_form_that_lacks_something_is_no_attempt(pages: Pages) -> None:
    reader = pages.anonymous()
    for _ in range(6):
        assert attempt(reader, LI, "").status_code == 200
    assert attempt(reader, LI, PASSWORD).status_code == 302


def test_the_failures_of_one_account_leave_another_alone(pages: Pages) -> None:
    add_user(WANG, "viewer", PASSWORD)
    for _ in range(6):
        attempt(pages.anonymous(), LI, WRONG)
    assert attempt(pages.anonymous(), WANG, PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("address", "known_as"),
    [("198.51.100.7", "198.51.100.7"), ("::ffff:198.51.100.7", "198.51.100.7"), ("2001:db8::7", "2001:db8::/64"),
     ("", "")],
)  # fmt: skip
def test_an_attacker_is_known_by_what_is_his_alone(address: str, known_as: str) -> None:
    assert sign_ins.network_of(address) == known_as
