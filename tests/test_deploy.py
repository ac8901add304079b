"""The example configurations of web servers forward the headers that Baton reads."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from admin.app import MAX_PAGE_BODY
from admin.web.proxies import is_within
from admin.web.web_server import options
from engine.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
NGINX, CADDY = (ROOT / "deploy" / name for name in ("nginx.conf", "Caddyfile"))
CERTIFICATE = ROOT / "tests" / "workers" / "loopback.pem"
WORD = re.compile(r'#[^\n]*|"[^"]*"|[{};\n]|[^\s{};]+')
MEGABYTE = 1_000_000


def directives(file: Path, *, ends: str) -> Iterator[tuple[str, ...]]:
    """Each directive with the names of the blocks around it; ``ends`` is what ends one. No block may stay open."""
    blocks: list[str] = []
    words: list[str] = []
    for word in WORD.findall(file.read_text()):
        if word == "{":
            blocks.append(" ".join(words))
            words = []
        elif word in {ends, "}"}:
            if words:
                yield (*blocks, " ".join(words))
            words = []
            if word == "}":
                blocks.pop()
        elif word != "\n" and not word.startswith("#"):
            words.append(word)
    assert not blocks, f"{file.name} leaves {blocks} open"
    assert not words, f"{file.name} leaves {words} open"


def settings_in(file: Path) -> Settings:
    """The settings an example names in its comment."""
    return load_settings(dict(re.findall(r"^#\s+(BATON_\w+)=(\S+)$", file.read_text(), re.MULTILINE)))


def test_nginx_passes_on_who_asks_and_how() -> None:
    said = set(directives(NGINX, ends=";"))
    wanted = (
        "Host $http_host",
        "X-Forwarded-Host $http_host",
        "X-Forwarded-For $remote_addr",
        "X-Forwarded-Proto $scheme",
    )
    assert {("server", "location /", f"proxy_set_header {header}") for header in wanted} <= said
    assert ("server", "location /", "proxy_pass http://baton") in said
    assert ("upstream baton", f"server 127.0.0.1:{load_settings({}).port}") in said


def test_caddy_passes_everything_to_baton() -> None:
    assert (
        "baton.example.com",
        f"reverse_proxy 127.0.0.1:{load_settings({}).port}",
        "transport http",
        "response_header_timeout 65s",
    ) in set(directives(CADDY, ends="\n"))


@pytest.mark.parametrize("file", [NGINX, CADDY], ids=lambda file: file.name)
def test_an_example_names_the_settings_it_needs(file: Path) -> None:
    settings = settings_in(file)
    assert settings.https
    assert "baton.example.com" in file.read_text()
    assert all(is_within(ip_address(peer), settings.trusted_proxies) for peer in ("127.0.0.1", "::1"))


@pytest.mark.parametrize("file", [NGINX, CADDY], ids=lambda file: file.name)
def test_a_proxy_takes_larger_bodies_and_waits_longer_than_baton(file: Path) -> None:
    text = file.read_text()
    (size,) = re.findall(r"(?:client_max_body_size|max_size) (\d+)(?:m;|MB)", text)
    (seconds,) = re.findall(r"(?:proxy_read_timeout|response_header_timeout) (\d+)s", text)
    assert int(size) * MEGABYTE > MAX_PAGE_BODY
    assert int(seconds) > options(load_settings({}))["timeout"]


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_itself_takes_the_example(tmp_path: Path) -> None:
    text = re.sub(r"/etc/ssl/\S+(?=;)", str(CERTIFICATE), NGINX.read_text())
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {text} }}")
    done = subprocess.run(["nginx", "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True, check=False)
    assert "syntax is ok" in done.stderr, done.stderr
