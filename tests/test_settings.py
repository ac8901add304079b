"""A bad setting is refused with what is wrong and how to fix it."""

import pytest

from engine.errors import SettingError
from engine.settings import MailServer, load_settings

FROM = {"BATON_MAIL_FROM": "Baton <baton@example.com>"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", MailServer("mail.example.com", 25, "offered")),
        ("smtp+starttls://mail.example.com", MailServer("mail.example.com", 587, "starttls")),
        ("smtps://b%40x:s3%3A%40@mail.example.com:2465", MailServer("mail.example.com", 2465, "tls", "b@x", "s3:@")),
    ],
)  # fmt: skip
def test_a_mail_server_is_read_from_its_address(url: str, expected: MailServer) -> None:
    assert load_settings({"BATON_SMTP_URL": url, **FROM}).smtp == expected


def test_a_password_is_not_shown() -> None:
    settings = load_settings({"BATON_SMTP_URL": "smtp://baton:s3cret@mail.example.com", **FROM})
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"BATON_SMTP_URL": "mail.example.com:25", **FROM}, "BATON_SMTP_URL"),
        ({"BATON_SMTP_URL": "smtp://:25", **FROM}, "BATON_SMTP_URL"),
        ({"BATON_SMTP_URL": "smtp://mail.example.com:many", **FROM}, "BATON_SMTP_URL"),
        ({"BATON_SMTP_URL": "smtp://mail.example.com"}, "BATON_MAIL_FROM"),
        ({"BATON_MAIL_FROM": "somebody"}, "BATON_MAIL_FROM"),
        ({"BATON_PUBLIC_URL": "baton.example.com"}, "BATON_PUBLIC_URL"),
        ({"BATON_TRUSTED_PROXIES": "nginx"}, "BATON_TRUSTED_PROXIES"),
        ({"BATON_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.1/8"}, r"10\.0\.0\.1/8"),
        ({"BATON_WEBHOOK_PRIVATE": "yes"}, "BATON_WEBHOOK_PRIVATE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        load_settings(environ)


def test_nothing_is_sent_unless_somebody_says_how() -> None:
    settings = load_settings({})
    assert (settings.smtp, settings.public_url, settings.webhook_private) == (None, None, False)
    assert load_settings({"BATON_PUBLIC_URL": "https://b.example.com/"}).public_url == "https://b.example.com"


def test_proxies_are_addresses_or_networks() -> None:
    assert load_settings({}).trusted_proxies == ()
    given = load_settings({"BATON_TRUSTED_PROXIES": " 127.0.0.1,10.0.0.0/24, ::1 ,"}).trusted_proxies
    assert [str(network) for network in given] == ["127.0.0.1/32", "10.0.0.0/24", "::1/128"]


def test_https_is_what_the_public_address_says() -> None:
    urls = (None, "http://b.example.com", "https://b.example.com")
    assert [load_settings({"BATON_PUBLIC_URL": url} if url else {}).https for url in urls] == [False, False, True]
