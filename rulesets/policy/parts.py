"""The types that all parts of a policy share: keys, texts, labels, durations (R0.1, R0.2, R0.4).

Shape only, one value at a time; the parts themselves are `rulesets.policy.scoring` and `rulesets.policy.policy`.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from rulesets.conditions.numbers import Number
from rulesets.document.wording import says

Grade = Literal["A", "B", "C", "D"]
Heat = Literal["frenzied", "hot", "warm", "cold"]
Role = Literal["sdr", "sales", "manager"]
Stage = Literal["raw", "nurture", "ready", "mql", "sql", "opportunity", "won", "lost", "disqualified"]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DottedKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,2}$", max_length=80)]
PropertyPath = Annotated[str, Field(pattern=r"^properties(\.[^.]+)+$", max_length=200)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=2000)]
Flag = Annotated[bool, Field(strict=True)]
CellKey = Annotated[str, Field(pattern=r"^[ABCD]\.(frenzied|hot|warm|cold)$")]


class Part(BaseModel):
    """Base of every part: immutable, and an unknown key is an error (R0.3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Labels(Part):
    """A label in up to three languages."""

    en: Text | None = None
    zh_Hans: Text | None = None  # noqa: N815 - the locale's own spelling
    zh_Hant: Text | None = None  # noqa: N815 - as above


def shape_of(value: Any) -> str:
    """Which of several allowed shapes a raw or parsed value has: ``object``, ``list`` or ``text``."""
    if isinstance(value, dict | BaseModel):
        return "object"
    return "list" if isinstance(value, list | tuple) else "text"


Label = Annotated[Annotated[Text, Tag("text")] | Annotated[Labels, Tag("object")], Discriminator(shape_of)]


class Keyed(Part):
    """A part with a ``key`` unique in its list, and an optional ``label``."""

    key: Key
    label: Label | None = None


class Duration(Part):
    """A positive length of time in exactly one unit (R0.4), such as ``hours: 48``."""

    seconds: Annotated[Number, Field(gt=0)] | None = None
    minutes: Annotated[Number, Field(gt=0)] | None = None
    hours: Annotated[Number, Field(gt=0)] | None = None
    days: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> "Duration":
        units = [unit for unit in (self.seconds, self.minutes, self.hours, self.days) if unit is not None]
        if len(units) != 1 or not timedelta(0) < self.timedelta <= timedelta(days=36_600):
            raise ValueError(says("give exactly one of seconds, minutes, hours, days; a century at most"))
        return self

    @property
    def timedelta(self) -> timedelta:
        """The length, cut to whole microseconds."""
        seconds = (self.seconds or 0) + 60 * (self.minutes or 0) + 3600 * (self.hours or 0) + 86_400 * (self.days or 0)
        # The limit keeps a huge number from raising OverflowError; the validator then refuses it as too long.
        return timedelta(microseconds=int(min(seconds, 10**13) * 1_000_000))
