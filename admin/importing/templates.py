"""Templates of imports: which column means what, and what is said of every row; as values and as YAML.

A template that exists is valid. May not look at a table: `admin.importing.columns` recognises, `rows` reads.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from admin.intake.identifiers import READERS
from engine.store.access.keys import NAME, RESERVED_SOURCES
from rulesets.document.document import load
from rulesets.document.mends import mend_of
from rulesets.document.wording import says
from rulesets.document.yaml_text import write_yaml

FORMAT = "baton.import/1"
GROUPS = ("traits", "company", "answers", "properties")
TARGETS = says(
    "one of %(identifiers)s, occurred_at, or a name in %(groups)s such as traits.job_title",
    identifiers=tuple(f"lead.{kind}" for kind in READERS), groups=GROUPS,
)  # fmt: skip


class ImportRefused(ValueError):
    """A template or a file cannot be used for an import; the sentence says why and what to do."""


def is_target(text: str) -> bool:
    """Whether a column may be put there."""
    group, _, name = text.partition(".")
    return text == "occurred_at" or (name in READERS if group == "lead" else group in GROUPS and bool(name.strip()))


class ImportTemplate(BaseModel):
    """A `baton.import/1` document: targets of ``columns`` by name, values of ``constants`` by target.

    ``zone`` is that of moments without one; None: the policy's. ``imported`` marks work that happened long ago.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["baton.import/1"] = "baton.import/1"
    name: Annotated[str, Field(max_length=80)] = ""
    event: str = "lead.identified"
    source: str | None = None
    zone: str | None = None
    imported: bool = False
    tags: tuple[str, ...] = ()
    columns: dict[str, str]
    constants: dict[str, str | int | float | bool] = {}

    @field_validator("source")
    @classmethod
    def _usable_source(cls, value: str | None) -> str | None:
        if value is not None and (NAME.fullmatch(value) is None or value in RESERVED_SOURCES):
            raise ValueError(says("give 1 to 64 letters, digits, dots, dashes, underscores; baton and work are taken"))
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(says("give a time zone such as Asia/Shanghai"))
        return value

    @field_validator("columns", "constants")
    @classmethod
    def _known_targets(cls, value: dict[str, Any], info: Any) -> dict[str, Any]:
        targets = list(value.values()) if info.field_name == "columns" else list(value)
        unknown = [target for target in targets if not is_target(target)]
        if unknown:
            raise ValueError(says("%(value)s is no target: give %(targets)s", value=unknown[0], targets=TARGETS))
        twice = [target for target in targets if targets.count(target) > 1]
        if twice:
            raise ValueError(says("two columns go to %(value)s: leave one out", value=twice[0]))
        return value


def template_of(raw: Any) -> ImportTemplate:
    """A document as a template; raises ImportRefused."""
    try:
        return ImportTemplate.model_validate(raw)
    except ValidationError as refused:
        fault = refused.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or FORMAT
        if fault["type"] == "missing":
            told = says("the template has no %(place)s: add it", place=place)
        elif fault["type"] == "extra_forbidden":
            told = says("the template knows no %(place)s: remove it", place=place)
        else:
            told = says("%(place)s of the template: %(mend)s", place=place, mend=mend_of(fault))
        raise ImportRefused(told) from None


def read_template(text: str | bytes) -> ImportTemplate:
    """A template in YAML or JSON; raises ImportRefused and DocumentUnreadable."""
    return template_of(load(text))


def as_document(template: ImportTemplate) -> Mapping[str, Any]:
    """A template as plain data, what is left at its default left out."""
    return {"format": FORMAT, **template.model_dump(mode="json", exclude_defaults=True)}


def write_template(template: ImportTemplate) -> str:
    """A template as YAML."""
    return write_yaml(as_document(template))
