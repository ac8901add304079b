"""Policies to start from, and checklists to add to any policy. docs/starters/ gives the reasons for their numbers.

A starter is a complete document. A checklist is a part of one: the fields that it reads, and the checklist itself.
Both are YAML files of this package; no other file is read.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from rulesets.conditions.reading import fold
from rulesets.document.document import load as load_document
from rulesets.document.wording import Word, says

NAMES = ("growth_smb", "key_accounts", "existing_customers")
"""The starters, by the name `load` takes."""

CHECKLISTS = ("bant", "champ", "meddic", "mantcp", "aunm", "pact", "faint", "fifteen_facts")
"""The checklists, by the name that `with_checklist` takes; the name is also the key of the checklist."""


class ChecklistRefused(ValueError):
    """A checklist cannot be added to a policy; the message says what to change."""


def text(name: str) -> str:
    """A starter as YAML, with comments. Raises KeyError for a name that is not in `NAMES`."""
    if name not in NAMES:
        raise KeyError(f"there is no starter {name!r}; choose one of {', '.join(NAMES)}")
    return files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def load(name: str) -> Any:
    """A starter as raw data, ready for `rulesets.lint.lint` or `rulesets.document.document.parse`. Raises KeyError."""
    return load_document(text(name))


def checklist(name: str) -> Any:
    """A checklist as raw data: the parts ``fields`` and ``qualification.checklists`` of a policy document.

    Raises KeyError for a name that is not in `CHECKLISTS`.
    """
    if name not in CHECKLISTS:
        raise KeyError(f"there is no checklist {name!r}; choose one of {', '.join(CHECKLISTS)}")
    part = files(__name__).joinpath("checklists", f"{name}.yaml")
    return load_document(part.read_text(encoding="utf-8"))


def with_checklist(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A copy of a policy document with a checklist appended, and with the fields that it reads and the document lacks.

    ``document`` must have no structural errors. A declared field is kept if its type and options suit the checklist.
    No route requires the checklist yet: an editor adds that. Raises KeyError for an unknown name. Raises
    ChecklistRefused if the document has the checklist already or declares one of its fields differently.
    """
    part = checklist(name)
    qualification = document.get("qualification") or {}
    present = qualification.get("checklists") or []
    if any(one["key"] == name for one in present):
        raise ChecklistRefused(
            says("the policy has a checklist %(key)s already: change that one, or rename it first", key=name)
        )
    fields = _with_fields(document.get("fields") or [], part["fields"])
    checklists = [*present, *part["qualification"]["checklists"]]
    return {**document, "fields": fields, "qualification": {**qualification, "checklists": checklists}}


def _with_fields(declared: Sequence[Any], needed: Sequence[Any]) -> list[Any]:
    """The declared fields, then the fields of ``needed`` that are not declared."""
    by_key = {field["key"]: field for field in declared}
    for field in needed:
        _check_field(by_key.get(field["key"], field), field)
    return [*declared, *(field for field in needed if field["key"] not in by_key)]


def _check_field(declared: Mapping[str, Any], needed: Mapping[str, Any]) -> None:
    key, type_, options = needed["key"], needed["type"], needed.get("options", [])
    if declared["type"] != type_:
        raise ChecklistRefused(
            says(
                "the field %(key)s is of type %(type)s here, and the checklist asks for type %(needed)s: rename it",
                key=key,
                type=Word("type", declared["type"]),
                needed=Word("type", type_),
            )
        )
    offered = {fold(option) for option in declared.get("options") or options}
    lacking = [option for option in options if fold(option) not in offered]
    if lacking:
        raise ChecklistRefused(
            says(
                "the field %(key)s lacks the options %(options)s: add them, or rename it",
                key=key,
                options=tuple(lacking),
            )
        )
