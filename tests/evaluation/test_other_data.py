"""Other data than a run's own is read as the run read its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sparring.evaluation.runs import _data_of
from sparring.runs.folder import Run


@pytest.mark.parametrize(("stretch", "brightest"), [(False, 15), (True, 255)])
def test_it_is_stretched_where_the_run_s_was(tmp_path: Path, stretch: bool, brightest: int) -> None:
    images = np.random.default_rng(0).integers(0, 16, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "dark.npz", images=images)
    recorded: dict[str, Any] = {"name": "mnist", "size": None, "stretch": stretch, "hold_out": 0.5}
    run = cast(Run, SimpleNamespace(description={"data": recorded}))
    dataset = _data_of(run, f"npz:{tmp_path / 'dark.npz'}")
    assert dataset.examples.values.max() == brightest
    assert (len(dataset), dataset.held_out) == (40, None)
