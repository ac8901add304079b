"""Why a message did not arrive; what every channel raises."""

from engine.errors import BatonError


class Undelivered(BatonError):
    """A message that did not arrive; ``permanent``: trying again would not help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
