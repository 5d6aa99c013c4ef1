"""The networks with which systems learn from few labels: those of the code of Improved GAN."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Protocol

from torch import nn

from sparring.data.dataset import DataSpec
from sparring.errors import SettingError
from sparring.nn.initialisers import glorot_uniform, initialise, normal
from sparring.nn.layers import Dropout, GaussianNoise, Rescaling, Shift
from sparring.nn.networks import build_generator, noise_size
from sparring.nn.points import Restored, Scale
from sparring.nn.weight_norm import WeightNormed
from sparring.randomness import Randomness

HIDDEN = (1000, 500, 250, 250, 250)
"""Units of the discriminator's hidden layers for images."""
LARGEST_FOR_PERCEPTRONS = 32 * 32
"""Numbers in an image up to which both networks are perceptrons by default."""
SEEN = (0.0, 1.0)
"""What black and white are within both networks. Where the ground of digits was -1 and not 0, all weights of
its pixels moved at once, and classes were learnt more slowly."""


class Sizes(Protocol):
    """The settings that say how large the networks are."""

    @property
    def network(self) -> str:
        """Their kind: auto, perceptron, convolutional."""

    @property
    def latent_size(self) -> int | None:
        """Dimensions of the noise."""

    @property
    def width(self) -> int:
        """Channels of the first convolutions."""


def few_label_networks(
    settings: Sizes, data: DataSpec, random: Randomness, value_range: tuple[float, float] = SEEN
) -> tuple[nn.Module, nn.Module]:
    """A generator, and a discriminator: its features, then what gives a logit for each class.

    Args:
        settings: kind and sizes of both.
        data: what they are for.
        random: the discriminator's noise.
        value_range: what black and white are outside of them.
    """
    make = perceptrons if are_perceptrons(settings, data) else convolutions
    generator, features, size = make(settings, data, random)
    head = nn.Sequential(GaussianNoise(0.5, random), normalised(nn.Linear(size, data.classes)))
    if data.kind.choose(images=value_range != SEEN, points=False):
        generator = nn.Sequential(generator, Rescaling(SEEN, value_range))
        features = nn.Sequential(Rescaling(value_range, SEEN), features)
    return generator, nn.Sequential(features, head)


def are_perceptrons(settings: Sizes, data: DataSpec) -> bool:
    """Whether both networks are perceptrons: those for points, and by default for small images.

    Raises:
        SettingError: convolutions are asked for, and the data is points.
    """
    points = data.kind.choose(images=False, points=True)
    if settings.network == "auto":
        return points or data.kind.vector_size <= LARGEST_FOR_PERCEPTRONS
    if points and settings.network == "convolutional":
        raise SettingError(
            f"network is convolutional, which is for images, and this data has {data.kind.about}: choose "
            "perceptron, or leave it out."
        )
    return settings.network == "perceptron"


def idle_widths(settings: Sizes, data: DataSpec) -> Mapping[str, str]:
    """Where both networks are perceptrons, that they have no channels; see `Game.idle_settings`."""
    return (
        {"width": "it is for convolutions, and these networks are perceptrons"}
        if are_perceptrons(settings, data)
        else {}
    )


def perceptrons(settings: Sizes, data: DataSpec, random: Randomness) -> tuple[nn.Module, nn.Module, int]:
    """The code's networks for MNIST: generator, the discriminator's features, and how many those are;
    for points smaller ones, with less noise, which see them alike wherever and however wide they lie."""
    numbers, latent_size = data.kind.vector_size, noise_size(settings.latent_size, data, for_images=100)
    hidden = data.kind.choose(images=HIDDEN, points=(128, 128, 64))
    units = data.kind.choose(images=500, points=128)
    first, between = data.kind.choose(images=(0.3, 0.5), points=(0.02, 0.1))
    layers: list[nn.Module] = []
    for inputs in (latent_size, units):
        norm = nn.BatchNorm1d(units, eps=1e-6, affine=False)
        layers += [nn.Linear(inputs, units, bias=False), norm, Shift(units), nn.Softplus()]
    last: nn.Module = data.kind.choose(images=nn.Sigmoid(), points=Restored(scale_of(numbers)))
    generator = nn.Sequential(
        *layers, WeightNormed(nn.Linear(units, numbers)), last, nn.Unflatten(1, data.shape)
    )
    initialise(generator, {nn.Linear: glorot_uniform})
    scale: list[nn.Module] = data.kind.choose(images=[], points=[scale_of(numbers)])
    features: list[nn.Module] = [nn.Flatten(), *scale, GaussianNoise(first, random)]
    for inputs, after in pairwise((numbers, *hidden)):
        layer = normalised(nn.Linear(inputs, after), learn_scale=False)
        features += [layer, nn.ReLU(inplace=True), GaussianNoise(between, random)]
    # The noise after the last hidden layer is no part of the features that are matched.
    return generator, nn.Sequential(*features[:-1]), hidden[-1]


def scale_of(numbers: int) -> Scale:
    """How the networks see points: numbers of different deviation stay so, for classes are told by what is
    near."""
    return Scale(numbers, alike=True, seen=0.7)


def convolutions(settings: Sizes, data: DataSpec, random: Randomness) -> tuple[nn.Module, nn.Module, int]:
    """The code's networks for CIFAR-10 with fewer channels, likewise."""
    width, latent_size = settings.width, noise_size(settings.latent_size, data, for_images=100)
    # Each unit by itself, as in the code: with norms over maps alone the generator left out what differs
    # between images, and made one.
    generator = build_generator(
        data, latent_size, width=2 * width, units=0, first_by_unit=True, output=nn.Sigmoid
    )
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
