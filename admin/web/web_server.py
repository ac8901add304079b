"""The production web server: gunicorn with threads, one process per core, each with its own connections.

Nothing is loaded before the fork: the parent connects to nothing.
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
"""Requests one process answers at once; some of them only wait for a decision."""
STOP_SECONDS = 5


class WebServer(BaseApplication):  # type: ignore[misc] # the library carries no types
    """Gunicorn, told everything by our settings and nothing by files or its own variables."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Hand our options over."""
        for name, value in options(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; called in each process after the fork."""
        return create_app(self.settings)


def options(settings: Settings) -> Mapping[str, Any]:
    """Gunicorn's settings."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{host}:{settings.port}",
        "workers": max(2, os.cpu_count() or 1),
        "worker_class": "gthread",
        "threads": THREADS,
        "preload_app": False,
        "timeout": 60,
        "graceful_timeout": STOP_SECONDS,
        "keepalive": 15,
        "loglevel": "warning",
        "control_socket_disable": True,
        "forwarded_allow_ips": "",  # `admin.web.proxies` alone says which forwarded headers count
        "post_fork": _tie_to_parent,
    }


def _tie_to_parent(_server: object, _worker: object) -> None:
    """A web process never outlives the one that listens for it."""
    die_with_parent(signal.SIGTERM)


def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    WebServer(settings).run()
