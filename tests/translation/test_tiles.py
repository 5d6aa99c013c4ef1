"""Tiles: of any size all of an image comes back, and no seam is seen where tiles differ."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sparring.data import Dataset
from sparring.data.kinds import Images
from sparring.nn.modes import inference
from sparring.training.engine import Engine
from sparring.translation.tiles import by_tiles, starts
from sparring.translation.translation import Translation


@given(st.integers(1, 40), st.integers(1, 40), st.integers(2, 12), st.integers(1, 3))
def test_what_changes_nothing_gives_the_image_back(height: int, width: int, tile: int, factor: int) -> None:
    image = torch.rand(2, height, width)

    def larger(tiles: torch.Tensor) -> torch.Tensor:
        return tiles.repeat_interleave(factor, 2).repeat_interleave(factor, 3)

    size, overlap = (2, factor * tile, factor * (tile + 1)), (tile // 3, tile // 2)
    made = by_tiles(larger, image, (tile, tile + 1), size, overlap)
    assert torch.allclose(made, larger(image[None])[0], atol=1e-5)


@given(st.integers(1, 300), st.integers(1, 64), st.floats(0, 0.5))
def test_tiles_reach_over_a_part_of_the_next(side: int, length: int, share: float) -> None:
    side, overlap = max(side, length), int(share * length)
    found = starts(side, length, overlap)
    assert (found[0], found[-1]) == (0, side - length)
    assert all(after - before <= length - overlap for before, after in pairwise(found))


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


@pytest.mark.parametrize("system", ["cartoon", "denoise", "srgan"])
def test_what_depends_on_what_is_near_alone_has_no_seams(
    make_engine: Callable[..., Engine], make_dataset: Callable[..., Dataset], system: str
) -> None:
    game: Any = make_engine(system, make_dataset(16, channels=3, size=16)).game
    for parameter in game.parameters():
        parameter.data.add_(0.01)
    picture = make_dataset(1, channels=3, size=50).examples.values[:, :, :37]
    made = Translation(game).of_pixels(picture[0].permute(1, 2, 0).numpy())
    kind = Images((3, 37, 50))
    with torch.no_grad(), inference(game):
        whole = kind.decode(game.make(torch.zeros(1, 0), kind.encode(picture), "AtoB"))
    assert np.array_equal(made, whole[0].permute(1, 2, 0).numpy())
