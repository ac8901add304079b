"""The page on assignment names every reason, strategy and kind of assignment."""

from pathlib import Path

import pytest

from engine.core.assignment.assignment import CONFLICT, WAYS
from engine.core.assignment.eligibility import CandidateReason
from engine.core.assignment.strategies import STRATEGIES

PAGE = (Path(__file__).parents[2] / "docs" / "assignment.md").read_text()


@pytest.mark.parametrize("code", [*(reason.value for reason in CandidateReason), *STRATEGIES, *WAYS[1:], CONFLICT])
def test_every_code_is_on_the_page(code: str) -> None:
    assert f"`{code}`" in PAGE
