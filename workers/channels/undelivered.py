"""Why a message did not arrive; what every channel raises."""

from engine.errors import BatonError


class Undelivered(BatonError):
    """A message that did not arrive; ``for_good``: trying again would not help."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good
