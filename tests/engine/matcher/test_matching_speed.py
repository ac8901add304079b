"""Matching is as fast as promised, measured against other engines in the same run."""

import sys

import pytest

from benchmarks.matching import OTHERS, measure


@pytest.mark.long
@pytest.mark.parametrize("size", [10, 100, 200, 1000])
def test_matching_is_faster_than_every_other_engine(size: int, capsys: pytest.CaptureFixture[str]) -> None:
    rates = measure(size, seconds=2)
    with capsys.disabled():
        sys.stdout.write(
            f"matching, {size} rules, leads per second: { {name: round(r) for name, r in rates.items()} }\n"
        )
    assert all(rates["baton"] > rates[name] for name in OTHERS), rates
    if size == 200:
        assert rates["baton"] > 15 * rates["zen-engine, decision"], rates
        assert 4 * rates["baton"] > rates["generated Python"], rates
