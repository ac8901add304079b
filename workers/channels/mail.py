"""Send an e-mail through the mail server (SMTP). The content is written elsewhere. Never logs addresses or texts."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from ipaddress import ip_address

from engine.settings import MailServer
from workers.channels.time_limit import cut_off_after
from workers.channels.undelivered import Undelivered

STEP_SECONDS = 10.0
"""Time-out of each read and write."""
PATIENCE_SECONDS = 60.0
"""Time limit of the whole conversation; less than a lease."""


def send_mail(server: MailServer, message: EmailMessage) -> None:
    """Send a message. Raises `Undelivered`; a permanently refused recipient or text is not retried."""
    with _talk(server) as talk:
        talk.send_message(message)


def check_mail(server: MailServer) -> None:
    """Connect to the mail server and sign in. Raises `Undelivered`."""
    with _talk(server) as talk:
        talk.noop()


@contextmanager
def _talk(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A secured and authenticated connection. Any error in it becomes an `Undelivered`."""
    try:
        with _greeted(server) as talk, cut_off_after(PATIENCE_SECONDS, lambda: talk.sock):
            _secure(talk, server)
            if server.user is not None:
                talk.login(server.user, server.password or "")
            yield talk
    except smtplib.SMTPRecipientsRefused as refused:
        # 5xx is permanent by RFC 5321; 4xx is retried.
        code, said = next(iter(refused.recipients.values()))
        raise Undelivered(_told(code, said), permanent=code >= 500) from refused
    except smtplib.SMTPDataError as refused:
        raise Undelivered(_told(refused.smtp_code, refused.smtp_error), permanent=refused.smtp_code >= 500) from refused
    except smtplib.SMTPResponseException as refused:
        raise Undelivered(_told(refused.smtp_code, refused.smtp_error)) from refused
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"the mail server's certificate is not good: {error.verify_message}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Undelivered(f"no conversation with the mail server: {type(error).__name__}: {error}") from error


def _greeted(server: MailServer) -> smtplib.SMTP:
    if server.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=STEP_SECONDS)


def _secure(talk: smtplib.SMTP, server: MailServer) -> None:
    """Encrypt if required or offered. A password never crosses the network unencrypted."""
    if server.security == "tls":
        return
    talk.ehlo_or_helo_if_needed()
    if server.security == "starttls" or talk.has_extn("starttls"):
        talk.starttls(context=ssl.create_default_context())
        # After STARTTLS the server may offer other extensions, for example AUTH (RFC 3207).
        talk.ehlo()
    elif server.user is not None and not _is_loopback(server.host):
        raise Undelivered("the mail server offers no encryption: the password is not sent in the clear")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _told(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"the mail server says {code}: {' '.join(text.split())}"
