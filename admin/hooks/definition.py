"""What a source is: signature, format, and the mapping of its body to envelopes; checked whole when it is written.

A definition that exists is valid: every expression compiles and every name is known.
"""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from admin.hooks.functions import MappingFailed, compiled
from admin.hooks.options import SignatureOptions
from engine.errors import BatonError

KEY = r"[a-z0-9][a-z0-9_-]{0,39}"
"""A source's key: a part of its address, and the source of its events."""


def _expression(text: str) -> str:
    try:
        compiled(text)
    except MappingFailed as error:
        raise ValueError(str(error)) from None
    return text


Expression = Annotated[str, AfterValidator(_expression)]
Group = Expression | dict[str, Expression]
"""A whole object by one expression, or each of its values by its own."""
LeadKind = Literal["external_id", "wechat", "email", "phone", "anonymous_id"]


class DefinitionRefused(BatonError):
    """A definition that cannot be used; the message names every problem with its place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TypeRule(_Part):
    """The type of an event: ``always`` one, or what ``from`` finds, through ``table`` if there is one.

    Values of ``ignore`` make no event at all; values that are in neither are a reason for quarantine.
    """

    always: str | None = None
    from_: Expression | None = Field(default=None, alias="from")
    table: dict[str, str] | None = None
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.always is None) == (self.from_ is None):
            raise ValueError("give either always, or from (with table)")
        return self


class EnvelopeMap(_Part):
    """Where each part of an envelope is found. Expressions see ``item``, ``body``, ``headers`` and ``received_at``."""

    id: Expression
    occurred_at: Expression = "received_at"
    lead: dict[LeadKind, Expression]
    traits: Group | None = None
    company: Group | None = None
    answers: Group | None = None
    properties: Group | None = None
    imported: Expression | None = None


class HookDefinition(_Part):
    """One source. ``each`` finds the items of a body, one envelope each; ``headers`` names those that are mapped."""

    label: str = Field(min_length=1, max_length=80)
    signature: SignatureOptions
    format: Literal["json", "xml", "cloudevents"] = "json"
    status: Literal[200, 202] = 202
    headers: tuple[str, ...] = ()
    scopes: tuple[Literal["events:write", "leads:write"], ...] = ("events:write",)
    each: Expression = "[body]"
    type: TypeRule
    map: EnvelopeMap
    sample: Any = None


def read_definition(raw: Any) -> HookDefinition:
    """A definition of YAML's or JSON's values; raises DefinitionRefused naming all problems at once."""
    if not isinstance(raw, dict):
        raise DefinitionRefused("a source is an object with label, signature, type and map")
    try:
        return HookDefinition.model_validate(raw)
    except ValidationError as error:
        raise DefinitionRefused("; ".join(dict.fromkeys(_problem(one) for one in error.errors()))) from None


def _problem(error: Any) -> str:
    place = ".".join(str(step) for step in error["loc"] if not str(step).startswith("function-after"))
    said = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _NAMES, n=1)
        said = f"is no key here{f': did you mean {near[0]}?' if near else ''}"
    return f"{place}: {said}" if place else said


_NAMES = sorted(
    {
        name.rstrip("_")
        for model in (HookDefinition, EnvelopeMap, TypeRule, SignatureOptions)
        for name in model.model_fields
    }
)
