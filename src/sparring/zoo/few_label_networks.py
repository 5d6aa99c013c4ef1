"""The networks with which systems learn from few labels: those of the code of Improved GAN."""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

from torch import nn

from sparring.data.dataset import DataSpec
from sparring.nn.initialisers import glorot_uniform, initialise, normal
from sparring.nn.layers import Dropout, GaussianNoise, Shift
from sparring.nn.networks import build_generator
from sparring.nn.weight_norm import WeightNormed
from sparring.randomness import Randomness

HIDDEN = (1000, 500, 250, 250, 250)
"""Units of the discriminator's hidden layers."""


class Sizes(Protocol):
    """The settings that say how large the networks are."""

    @property
    def latent_size(self) -> int:
        """Dimensions of the noise."""

    @property
    def width(self) -> int:
        """Channels of the first convolutions."""


def perceptrons(settings: Sizes, data: DataSpec, random: Randomness) -> tuple[nn.Module, nn.Module, int]:
    """The code's networks for MNIST: generator, the discriminator's features, and how many those are."""
    pixels = data.kind.vector_size
    layers: list[nn.Module] = []
    for inputs in (settings.latent_size, 500):
        norm = nn.BatchNorm1d(500, eps=1e-6, affine=False)
        layers += [nn.Linear(inputs, 500, bias=False), norm, Shift(500), nn.Softplus()]
    last = nn.Linear(500, pixels)
    generator = nn.Sequential(*layers, WeightNormed(last), nn.Sigmoid(), nn.Unflatten(1, data.shape))
    initialise(generator, {nn.Linear: glorot_uniform})
    features: list[nn.Module] = [nn.Flatten(), GaussianNoise(0.3, random)]
    for inputs, units in pairwise((pixels, *HIDDEN)):
        layer = normalised(nn.Linear(inputs, units), learn_scale=False)
        features += [layer, nn.ReLU(), GaussianNoise(0.5, random)]
    # The noise after the last hidden layer is no part of the features that are matched.
    return generator, nn.Sequential(*features[:-1]), HIDDEN[-1]


def convolutions(settings: Sizes, data: DataSpec, random: Randomness) -> tuple[nn.Module, nn.Module, int]:
    """The code's networks for CIFAR-10 with fewer channels: generator, features, and how many those are."""
    width = settings.width
    generator = build_generator(data, settings.latent_size, width=2 * width, units=0, output=nn.Sigmoid)
    features: list[nn.Module] = [Dropout(0.2, random)]
    channels = data.shape[0]
    for after, strides in ((width, (1, 1, 2)), (2 * width, (1, 1, 2)), (2 * width, (1,))):
        for stride in strides:
            convolution = nn.Conv2d(channels, after, 3, stride, padding=1)
            features += [normalised(convolution, learn_scale=False), nn.LeakyReLU(0.2)]
            channels = after
        features.append(Dropout(0.5, random))
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return generator, nn.Sequential(*features[:-1], *pooled), channels


def normalised(layer: nn.Linear | nn.Conv2d, learn_scale: bool = True) -> WeightNormed:
    """The layer with normalised weights whose directions are those of N(0, 0.1²)."""
    initialise(layer, {type(layer): normal(0.1)})
    return WeightNormed(layer, learn_scale)
