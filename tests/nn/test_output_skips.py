"""Generators whose images of all sizes are added up."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sparring.data.dataset import DataSpec
from sparring.data.kinds import Images
from sparring.nn.networks import OutputSkips, build_generator


def generator(height: int, width: int, output_skips: bool = True) -> nn.Sequential:
    torch.manual_seed(0)
    data = DataSpec(Images((3, height, width)), count=10)
    made = build_generator(
        data, 5, width=4, units=0, resize=True, output_skips=output_skips, output=nn.Identity
    )
    assert isinstance(made, nn.Sequential)
    return made


def test_the_sum_of_images_of_all_sizes() -> None:
    """With a constant for the image of each map, what comes out is the last one, and those added to it."""
    network = generator(32, 32)
    (skips,) = (part for part in network if isinstance(part, OutputSkips))
    latent = torch.randn(6, 5)
    maps, expected = skips.first(latent), torch.zeros(())
    for size, (double, make) in enumerate(zip(skips.doublings, skips.images, strict=True)):
        assert isinstance(make, nn.Conv2d)
        assert make.bias is not None
        make.weight.data.zero_()
        make.bias.data.fill_(10.0**size)
        maps, expected = double(maps), expected + 10.0**size
    assert maps.shape == (6, 4, 16, 16)
    assert expected == 11
    torch.testing.assert_close(network(latent), skips.last(maps) + expected)


def test_a_small_image_is_enlarged_with_lines_between_its_pixels() -> None:
    network = generator(16, 16)
    (skips,) = (part for part in network if isinstance(part, OutputSkips))
    for weights in skips.last.parameters():
        weights.data.zero_()
    latent = torch.randn(6, 5)
    small = skips.images[0](skips.doublings[0](skips.first(latent)))
    torch.testing.assert_close(network(latent), F.interpolate(small, scale_factor=2, mode="bilinear"))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (33, 47), (32, 64), (128, 128)])
def test_any_size(height: int, width: int) -> None:
    assert generator(height, width)(torch.randn(4, 5)).shape == (4, 3, height, width)


def test_a_single_doubling_has_nothing_to_add() -> None:
    """As without: the same layers, and the same weights."""
    ours, theirs = generator(8, 8).state_dict(), generator(8, 8, output_skips=False).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in ours)
