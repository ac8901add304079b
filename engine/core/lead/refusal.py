"""The reason of a refused work event: a code and values. `admin.text.refusals` makes sentences of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event may not move this lead. The event is stored and its facts count; only its move is dropped.

    ``values`` are JSON: codes, e-mails, numbers, moments as text, lists of these.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
