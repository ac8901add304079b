"""How often a signal may count: per event, per asset or per day, within a window (R3.4, step 3).

An occurrence counts if fewer than ``times`` *counted* occurrences with the same key are in (its moment − window, its
moment]. The key is the signal (``event``), the signal and the folded asset (``asset``; an event without asset has a key
of its own), or the signal and the calendar day in the policy zone (``day``).
"""

from collections import deque
from collections.abc import Hashable
from datetime import datetime

from engine.core.lead.history import Past
from engine.core.lead.view import Frame
from engine.core.scoring.plan import SignalPlan
from rulesets.conditions.operands import property_at
from rulesets.conditions.reading import Field, FieldType, fold, read

ASSET = "properties.asset_id"
"""The property that names the asset of an event, unless the policy declares another (R1.8)."""
_ASSET_TEXT = Field("asset", FieldType.TEXT)


class Repeats:
    """The counted occurrences of one pass through a history; occurrences must come in order."""

    __slots__ = ("_assets", "_counted", "_frame", "_paths")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._counted: dict[Hashable, deque[datetime]] = {}
        self._paths: dict[str, str] = {}
        self._assets: dict[str, str | None] = {}

    def counts(self, signal: SignalPlan, times: int, past: Past) -> bool:
        """Whether an occurrence of a limited signal counts; if so, it is stored."""
        counted = self._counted.setdefault((signal.place, *self._key(signal, past)), deque())
        if signal.window is not None:
            # An occurrence exactly one window old is outside: the window is open at its old end.
            while counted and past.occurred_at - counted[0] >= signal.window:
                counted.popleft()
        if len(counted) >= times:
            return False
        counted.append(past.occurred_at)
        return True

    def _key(self, signal: SignalPlan, past: Past) -> tuple[Hashable, ...]:
        if signal.per == "event":
            return ()
        if signal.per == "day":
            return (past.occurred_at.astimezone(self._frame.zone).date(),)
        asset = self._asset(past)
        return (past.source, past.id) if asset is None else (asset,)

    def _asset(self, past: Past) -> str | None:
        """The asset of an event as folded text; None if it names none or is not readable."""
        raw = property_at(past.properties, self._paths.get(past.type) or self._path(past.type))
        if not isinstance(raw, str):
            return self._read(raw)
        if raw not in self._assets:
            self._assets[raw] = self._read(raw)
        return self._assets[raw]

    def _path(self, event_type: str) -> str:
        event = self._frame.vocabulary.event(self._frame.vocabulary.event_key(event_type))
        path = event.asset if event and event.asset else ASSET
        self._paths[event_type] = path
        return path

    def _read(self, raw: object) -> str | None:
        text = read(_ASSET_TEXT, raw, self._frame.zone).value
        return fold(text) if isinstance(text, str) else None
