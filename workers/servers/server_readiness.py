"""Wait until both servers answer, then exit with 0: ``python -m workers.servers.server_readiness``.

The first step of `baton up`; migrations and everything else follow. Reads only.
"""

import sys

from engine.errors import BatonError
from engine.settings import Settings, load_settings
from workers.servers.embedded import check_answering, require_servers
from workers.servers.web_readiness import await_answer, say


def check_servers(settings: Settings) -> None:
    """Raise ServerUnavailable unless both servers answer. For embedded ones without the advice to start them."""
    if settings.embedded:
        check_answering("postgres", settings)
        check_answering("valkey", settings)
    else:
        require_servers(settings)


def main() -> int:
    """Wait for the servers of the environment. Exits with 1 and a sentence if a setting is wrong."""
    try:
        settings = load_settings()
        await_answer(lambda: check_servers(settings), say)
    except BatonError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
