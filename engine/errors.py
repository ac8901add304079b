"""Errors that cross a layer. Each message says what is wrong, where, and how to fix it.

Errors that a page can show are raised with a `rulesets.document.wording.Sentence`, so that the page can translate them.
"""

from rulesets.document.wording import Sentence


class BatonError(Exception):
    """Base of all errors that Baton raises on purpose. The command line prints it and exits with 1."""


class SettingError(BatonError):
    """An environment variable has an invalid value."""


class ServerUnavailable(BatonError):
    """PostgreSQL or Redis cannot be reached or cannot be started."""


class PolicyRefused(BatonError):
    """A policy document has errors. ``findings`` lists all of them; ``document`` is the document they refer to."""

    def __init__(self, message: Sentence | str, findings: tuple[object, ...] = (), document: object = None) -> None:
        super().__init__(message)
        self.findings, self.document = findings, document


class IllegalMove(BatonError):
    """A work action that the lead's stage, owner or the actor's role does not allow (HTTP 409)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotFound(BatonError):
    """The named lead, event, version or person does not exist."""
