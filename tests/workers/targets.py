"""Outside systems of our own on loopback: an address that takes webhooks, and a mail server."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

CERTIFICATE = Path(__file__).with_name("loopback.pem")
"""A certificate of localhost that nobody but these tests trusts, with its key."""


@dataclass
class Target:
    """What arrived, and how it is answered: a status for each attempt in turn, the last one for all further ones."""

    statuses: list[int] = field(default_factory=lambda: [200])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    slow: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)

    def status(self) -> int:
        """The answer to the latest request."""
        return self.statuses[min(len(self.got), len(self.statuses)) - 1]


@contextmanager
def webhook_target(*statuses: int, slow: bool = False, secure: bool = False) -> Iterator[Target]:
    """An address that takes webhooks; a ``slow`` one answers only when it is told to ``go_on``."""
    target = Target(list(statuses) or [200], slow=slow)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(target))
    server.daemon_threads = True
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    target.url = f"http{'s' if secure else ''}://localhost:{server.server_port}/hook?of=crm"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        target.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(target: Target) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if target.slow:
                target.go_on.wait(30)
            self.send_response(target.status())
            self.send_header("Location", "http://localhost:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler


@dataclass
class Mailbox:
    """What a mail server took; ``refuse`` answers a recipient instead of taking the mail."""

    letters: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    refuse: Callable[[str], str | None] = lambda _: None
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - the server's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """The server's question whether somebody is known."""
        if said := self.refuse(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - the server's name
        """A whole mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _way: str, given: Any) -> AuthResult:
        """A name and password: one is right."""
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"s3cret:@", handled=False)


@contextmanager
def mail_server(*, tls: str = "none", password: bool = False) -> Iterator[Mailbox]:
    """A mail server; ``tls`` is none, starttls (required) or tls (from the beginning)."""
    box = Mailbox()
    context = None
    if tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True} if tls == "starttls" else {}
    if password:
        options |= {"authenticator": box.authenticate, "auth_require_tls": False}
    within = context if tls == "tls" else None
    controller = Controller(box, hostname="127.0.0.1", port=_free_port(), ssl_context=within, **options)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def _free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port
