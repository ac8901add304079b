"""The sign-in: who gets in, who is slowed down, and the headers of every answer."""

from datetime import timedelta

import pytest

from engine.settings import Settings
from engine.store.access.accounts import AccountRefused, add_user, change_user, find_account
from tests.admin.pages import Pages
from tests.admin.world import LI, PASSWORD


@pytest.fixture
def pages(settings: Settings) -> Pages:
    add_user(LI, "admin", PASSWORD)
    return Pages(settings)


def test_the_right_password_opens_the_first_page(pages: Pages) -> None:
    reader = pages.anonymous().sign_in(LI)
    assert LI in reader.text("/admin/")


def test_a_wrong_password_and_an_unknown_account_are_told_alike(pages: Pages) -> None:
    answers = [
        pages.anonymous().post("/login", {"email": email, "password": "not the password"}, page="/login").text
        for email in (LI, "nobody@example.com")
    ]
    assert all("Authentication failed" in answer for answer in answers)


def test_after_five_failures_even_the_right_password_waits_fifteen_minutes(pages: Pages) -> None:
    reader = pages.anonymous()
    for _ in range(5):
        reader.post("/login", {"email": LI, "password": "not the password"}, page="/login")
    assert "Too many failed sign-ins" in reader.post("/login", {"email": LI, "password": PASSWORD}, page="/login").text
    pages.clock.moment += timedelta(minutes=16)
    assert LI in reader.sign_in(LI).text("/admin/")


def test_a_sign_in_without_a_token_is_refused(pages: Pages) -> None:
    client = pages.anonymous().client
    answer = client.post("/login", data={"email": LI, "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/admin/").status_code == 302


def test_nobody_registers_or_recovers_by_themselves(pages: Pages) -> None:
    assert {pages.anonymous().get(path).status_code for path in ("/register", "/reset", "/confirm")} == {404}


def test_signing_out_needs_a_form_and_ends_the_session(pages: Pages) -> None:
    reader = pages.anonymous().sign_in(LI)
    assert reader.get("/logout").status_code == 405
    reader.post("/logout")
    assert reader.get("/admin/").status_code == 302


def test_a_deactivated_account_is_out_at_once(pages: Pages) -> None:
    add_user("second@example.com", "admin", PASSWORD)
    reader = pages.anonymous().sign_in(LI)
    account = find_account(LI)
    assert account is not None
    change_user(account.id, roles=["admin"], active=False, by="second@example.com")
    assert reader.get("/admin/").status_code == 302
    assert pages.anonymous().sign_in(LI).get("/admin/").status_code == 302


def test_the_last_administrator_stays_one(pages: Pages) -> None:
    account = find_account(LI)
    assert account is not None
    with pytest.raises(AccountRefused, match="last administrator"):
        change_user(account.id, roles=["viewer"], active=True, by=LI)


def test_an_own_password_can_be_changed(pages: Pages) -> None:
    reader = pages.anonymous().sign_in(LI)
    fields = {"password": PASSWORD, "new_password": "another long one", "new_password_confirm": "another long one"}
    reader.post("/change", fields, page="/change")
    assert LI in pages.anonymous().sign_in(LI, "another long one").text("/admin/")


@pytest.mark.parametrize(
    ("email", "role", "password", "why"),
    [
        ("no address", "viewer", PASSWORD, "not an e-mail"),
        ("a@example.com", "king", PASSWORD, "no such role"),
        ("a@example.com", "viewer", "short", "too short"),
        (LI.upper(), "viewer", PASSWORD, "has an account already"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_the_reason(
    pages: Pages, email: str, role: str, password: str, why: str
) -> None:
    with pytest.raises(AccountRefused, match=why):
        add_user(email, role, password)


def test_passwords_are_kept_as_argon2_hashes(pages: Pages) -> None:
    account = find_account(LI)
    assert account is not None
    assert account.password.startswith("$argon2id$")


def test_pages_forbid_foreign_scripts_frames_and_sniffing(pages: Pages) -> None:
    reader = pages.anonymous().sign_in(LI)
    answer = reader.get("/admin/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (answer.headers["X-Content-Type-Options"], answer.headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_answer_has_a_nonce_of_its_own_and_its_script_carries_it(pages: Pages) -> None:
    reader = pages.anonymous().sign_in(LI)
    answers = [reader.get("/admin/") for _ in range(2)]
    nonces = [answer.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0] for answer in answers]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[1]}"' in answers[1].text


def test_after_signing_in_nobody_is_sent_to_another_site(pages: Pages) -> None:
    for elsewhere in ("https://example.org/", "//example.org/"):
        reader = pages.anonymous()
        data = {"email": LI, "password": PASSWORD, "csrf_token": reader.token("/login")}
        signed_in = reader.client.post("/login", data=data | {"next": elsewhere})
        assert signed_in.headers["Location"] == "/admin/", "a foreign address is ignored, the password is right"
    reader = pages.anonymous()
    data = {"email": LI, "password": PASSWORD, "csrf_token": reader.token("/login")}
    assert reader.client.post("/login", data=data | {"next": "/admin/leads/"}).headers["Location"] == "/admin/leads/"
    data = {"language": "en", "next": "//example.org/", "csrf_token": reader.token()}
    assert reader.client.post("/language", data=data).headers["Location"] == "/admin/"


@pytest.mark.parametrize("length", [1_025, 4_097, 100_000])
def test_a_password_of_any_length_is_a_failure_like_any_other(pages: Pages, length: int) -> None:
    reader = pages.anonymous()
    data = {"email": LI, "password": "x" * length, "csrf_token": reader.token("/login")}
    assert reader.client.post("/login", data=data).status_code == 200
    assert reader.get("/admin/").status_code == 302, "nobody signed in"


def test_an_address_that_leads_nowhere_is_a_page_in_the_readers_language(pages: Pages) -> None:
    reader = pages.as_role("admin")
    reader.post("/language", {"language": "zh_Hans"})
    for address, status in (("/nothere", 404), ("/admin/leads/abc", 404), ("/logout", 405)):
        answer = reader.client.get(address)
        assert answer.status_code == status
        assert "<title>" in answer.text
        assert "requested URL" not in answer.text
        assert "method is not allowed" not in answer.text
