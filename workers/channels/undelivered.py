"""The error that every channel raises for an undelivered message."""

from engine.errors import BatonError


class Undelivered(BatonError):
    """An undelivered message. ``permanent``: a retry cannot succeed."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
