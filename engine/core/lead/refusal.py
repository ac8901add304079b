"""Why work is refused: a code and its values. Sentences are made of it where people read, in `admin.text.refusals`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event may not move this lead; the event is kept, its facts count, its move does not happen.

    ``values`` are JSON: codes, e-mails, numbers, moments as text, lists of these.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
