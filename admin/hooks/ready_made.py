"""Ready-made sources: the files of ``ready/``, each a whole definition to begin with and to change."""

from functools import cache
from pathlib import Path
from typing import Any

from rulesets.document.yaml_text import read_yaml

FOLDER = Path(__file__).with_name("ready")


@cache
def ready_texts() -> dict[str, str]:
    """Name → YAML text of every ready-made source."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.yaml"))}


def ready_made(name: str) -> dict[str, Any]:
    """The definition of a ready-made source, as a fresh value; raises KeyError."""
    found: dict[str, Any] = read_yaml(ready_texts()[name])
    return found
