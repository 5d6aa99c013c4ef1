"""Jitter: where images are cut, which are mirrored, that pairs stay pairs."""

import pytest
import torch

from sparring.randomness import Randomness
from sparring.translation.jitter import jittered


def places(count: int, side: int) -> torch.Tensor:
    """Images whose two channels are the row and the column of each pixel."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([rows, columns]).float().expand(count, -1, -1, -1)


def test_pairs_are_cut_and_mirrored_alike() -> None:
    images = places(40, 16)
    first, second = jittered(Randomness(0), images, images + 100, enlarge=0.25, flips=True)
    assert torch.allclose(first + 100, second)
    assert first.shape == images.shape


def test_cuts_are_anywhere_in_the_enlarged_image_and_half_are_mirrored() -> None:
    (cut,) = jittered(Randomness(0), places(400, 16), enlarge=0.25, flips=True)
    mirrored = cut[:, 1, 0, 0] > cut[:, 1, 0, -1]
    assert mirrored.float().mean().item() == pytest.approx(0.5, abs=0.1)
    # 16 pixels become 20, of which 16 begin at one of five places, each way by itself.
    tops = cut[:, 0, 1, 0].round(decimals=2).unique()
    assert len(tops) == 5
    lefts = cut[:, 1, 0].sort(1).values[:, 1]
    assert len(torch.stack([cut[:, 0, 1, 0], lefts], dim=1).round(decimals=2).unique(dim=0)) == 25
    # A step of a pixel is 16/20 of one before.
    assert torch.allclose(cut[:, 0, 8] - cut[:, 0, 7], torch.tensor(0.8), atol=1e-5)


def test_nothing_is_nothing() -> None:
    images = torch.rand(5, 3, 9, 7)
    (same,) = jittered(Randomness(0), images, enlarge=0.0, flips=False)
    assert same is images


def test_the_runs_randomness_decides() -> None:
    images = places(20, 16)
    once, again, other = (
        jittered(Randomness(seed), images, enlarge=0.25, flips=True)[0] for seed in (0, 0, 1)
    )
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
