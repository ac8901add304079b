"""The production web server: gunicorn, one process per core, each with threads and its own connections.

The application is loaded after the fork: connections must not be shared by processes.
"""

import os
import signal
from collections.abc import Mapping
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from admin.app import create_app
from engine.settings import Settings
from workers.servers.lifeline import die_with_parent

THREADS = 8
"""Requests that one process answers at once. Some only wait for a decision, so threads outnumber cores."""
STOP_SECONDS = 5


class WebServer(BaseApplication):  # type: ignore[misc] # the library carries no types
    """Gunicorn with our settings. It reads no file or variable of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set our options."""
        for name, value in options(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application. Gunicorn calls this in each process, after the fork."""
        return create_app(self.settings)


def options(settings: Settings) -> Mapping[str, Any]:
    """Gunicorn's settings."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{host}:{settings.port}",
        "workers": max(2, os.cpu_count() or 1),
        "worker_class": "gthread",
        "threads": THREADS,
        "preload_app": False,  # connections opened before the fork would be shared by processes
        "timeout": 60,  # seconds without a heartbeat until a process is replaced; longer than any request
        "graceful_timeout": STOP_SECONDS,
        "keepalive": 15,  # seconds; senders of events reuse their connection
        "loglevel": "warning",
        "control_socket_disable": True,
        "forwarded_allow_ips": "",  # only `admin.web.proxies` decides which forwarded headers are trusted
        "post_fork": _tie_to_parent,
    }


def _tie_to_parent(_server: object, _worker: object) -> None:
    """End this process with its parent, also if the parent is killed."""
    die_with_parent(signal.SIGTERM)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    WebServer(settings).run()
