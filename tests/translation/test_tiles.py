"""Tiles: of any size all of an image comes back, and no seam is seen where tiles differ."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparring.translation.tiles import _starts, by_tiles


@given(st.integers(1, 40), st.integers(1, 40), st.integers(2, 12), st.integers(1, 3))
def test_what_changes_nothing_gives_the_image_back(height: int, width: int, tile: int, factor: int) -> None:
    image = torch.rand(2, height, width)

    def larger(tiles: torch.Tensor) -> torch.Tensor:
        return tiles.repeat_interleave(factor, 2).repeat_interleave(factor, 3)

    made = by_tiles(larger, image, (tile, tile + 1), (2, factor * tile, factor * (tile + 1)))
    assert torch.allclose(made, larger(image[None])[0], atol=1e-5)


@given(st.integers(1, 300), st.integers(1, 64))
def test_tiles_reach_over_half_of_the_next(side: int, length: int) -> None:
    side = max(side, length)
    starts = _starts(side, length)
    assert (starts[0], starts[-1]) == (0, side - length)
    assert all(after - before <= -(-length // 2) for before, after in pairwise(starts))


def test_no_seam_is_seen_between_tiles_that_differ() -> None:
    """Tiles that are brighter or darker by chance pass into each other by small steps."""
    random = torch.Generator().manual_seed(0)

    def brighter(tiles: torch.Tensor) -> torch.Tensor:
        return tiles + torch.rand(len(tiles), 1, 1, 1, generator=random)

    made = by_tiles(brighter, torch.zeros(1, 100, 80), (32, 32), (1, 32, 32))
    steps = torch.cat([made.diff(dim=1).flatten(), made.diff(dim=2).flatten()]).abs()
    # Laid side by side, neighbours would differ by up to 1 at once; over half a tile it is a sixteenth each.
    assert steps.max() < 2 / 16
    assert made.std() > 0.05


def test_memory_is_that_of_a_few_tiles_at_a_time() -> None:
    counts = []

    def counted(tiles: torch.Tensor) -> torch.Tensor:
        counts.append(len(tiles))
        return tiles

    by_tiles(counted, torch.rand(1, 700, 700), (128, 128), (1, 128, 128))
    assert max(counts) * 128 * 128 == pytest.approx(2**18, rel=0.1)
