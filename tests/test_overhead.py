"""What the engine is measured against, `benchmarks/overhead.py`, is the same computation."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("system", ["gan", "acgan"])
def test_the_bare_loop_comes_to_the_same_weights(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)
    overhead = importlib.import_module("overhead")
    monkeypatch.setitem(overhead.ROUNDS, system, 1)
    monkeypatch.setitem(overhead.PAIRS, system, 2)
    # It compares the weights itself, before and after.
    assert len(overhead.ratios_of_two(system, bare_first=False)) == 2
