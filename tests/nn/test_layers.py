"""Layers of sparring's own."""

from __future__ import annotations

import pytest
import torch

from sparring.nn.layers import Dropout
from sparring.randomness import Randomness


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_dropout_is_as_precise_as_what_it_is_given(precision: torch.dtype) -> None:
    dropped = Dropout(0.25, Randomness(0)).train()(torch.ones(400, 50, dtype=precision))
    assert dropped.dtype == precision
    kept = dropped[dropped != 0]
    assert kept.unique().float().tolist() == pytest.approx([4 / 3], rel=4e-3)
    assert len(kept) / dropped.numel() == pytest.approx(0.75, abs=0.02)
