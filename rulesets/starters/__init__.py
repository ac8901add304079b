"""Policies a company can begin with. Each is a complete document; docs/ says why its numbers are what they are."""

from importlib.resources import files
from typing import Any

from rulesets.document import load as load_document

NAMES = ("growth_smb",)
"""The starters, by the name `load` takes."""


def text(name: str) -> str:
    """A starter as YAML, comments included. Raises KeyError for a name that is not among `NAMES`."""
    if name not in NAMES:
        raise KeyError(f"there is no starter {name!r}; choose one of {', '.join(NAMES)}")
    return files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def load(name: str) -> Any:
    """A starter as raw data, ready for `rulesets.lint.lint` or `rulesets.document.parse`. Raises KeyError."""
    return load_document(text(name))
