"""The page on incoming webhooks names everything that can be written in a source."""

from pathlib import Path

import pytest

from admin.hooks.definition import EnvelopeMap, HookDefinition, TypeRule
from admin.hooks.options import SignatureOptions
from admin.hooks.ready_made import ready_texts
from admin.hooks.signatures import SCHEMES

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks-in.md").read_text(encoding="utf-8")
KEYS = [
    name.rstrip("_")
    for model in (HookDefinition, TypeRule, EnvelopeMap, SignatureOptions)
    for name in model.model_fields
]


@pytest.mark.parametrize("name", sorted({*KEYS, *SCHEMES, *ready_texts()}))
def test_a_key_a_scheme_or_a_ready_made_source_is_on_the_page(name: str) -> None:
    assert f"`{name}" in PAGE
