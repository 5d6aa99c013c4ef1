"""Haar wavelets of images, on their own."""

import pytest
import torch

from sparring.data.dataset import DataSpec
from sparring.data.kinds import Images
from sparring.nn.networks import build_generator, build_trunk
from sparring.nn.wavelets import DIFFERENCE, FromWavelets, Wavelets, halved


def test_coefficients_of_two_by_two_pixels() -> None:
    image = torch.tensor([[[[1.0, 2.0], [4.0, 9.0]]]])
    assert Wavelets(1)(image).flatten().tolist() == [8, -3, -5, 2]


def test_each_channel_has_its_own_four() -> None:
    image = torch.zeros(1, 3, 2, 2)
    image[:, 1] = 1
    assert Wavelets(3)(image).flatten().tolist() == [0] * 4 + [2, 0, 0, 0] + [0] * 4


@pytest.mark.parametrize("shape", [(1, 4, 6), (3, 8, 8), (3, 5, 7), (4, 6, 9)])
def test_images_of_coefficients_are_those_they_are_of(shape: tuple[int, int, int]) -> None:
    images = torch.randn(2, *shape, dtype=torch.float64)
    coefficients = Wavelets(shape[0]).double()(images)
    assert coefficients.shape[1:] == halved(shape)
    larger = torch.tensor([1, DIFFERENCE, DIFFERENCE, DIFFERENCE**2] * shape[0]).view(-1, 1, 1)
    torch.testing.assert_close(FromWavelets(shape).double()(coefficients * larger), images)


def test_lengths_and_slopes_stay() -> None:
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    coefficients = Wavelets(3).double()(images)
    weight = torch.randn_like(coefficients)
    (slope,) = torch.autograd.grad((coefficients * weight).sum(), images)
    torch.testing.assert_close(slope.norm(), weight.norm())
    torch.testing.assert_close(coefficients.norm(), images.norm())


def test_one_coefficient_is_one_pattern_of_four_pixels() -> None:
    for kind, pattern in enumerate([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]):
        coefficients = torch.zeros(1, 4, 1, 1)
        coefficients[:, kind] = 1
        height = 1 / 2 / (1, DIFFERENCE, DIFFERENCE, DIFFERENCE**2)[kind]
        assert FromWavelets((1, 2, 2))(coefficients).flatten().tolist() == [height * p for p in pattern]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 65, 64), (3, 33, 47), (4, 9, 10)])
def test_networks_have_half_the_size(shape: tuple[int, int, int]) -> None:
    data = DataSpec(Images(shape), count=10)
    generator = build_generator(data, 5, width=4, units=0, wavelets=True)
    trunk, features = build_trunk(data, width=4, units=0, wavelets=True)
    images = generator(torch.randn(3, 5))
    assert images.shape[1:] == shape
    assert trunk(images).shape == (3, features)
    sizes: list[torch.Size] = []
    for module in trunk.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_pre_hook(lambda _, given: sizes.append(given[0].shape))
    trunk(images)
    assert sizes[0][1:] == halved(shape)
