"""The two halves of an autoencoder (Berthelot et al. 2017, figure 1)."""

from __future__ import annotations

import itertools

from torch import nn

from sparring.data.dataset import DataSpec
from sparring.nn.convolution import Conv2d
from sparring.nn.layers import Crop
from sparring.nn.networks import Norm, no_norm, perceptron
from sparring.nn.order import Flatten


def build_encoder(data: DataSpec, outputs: int, *, width: int, units: int) -> nn.Module:
    """A network from (count, *data.shape) to a code (count, outputs).

    Args:
        data: what it looks at.
        outputs: dimensions of the code.
        width: channels of the first convolutions; width more at each of the two smaller sizes.
        units: units of each hidden layer where the data is points.
    """
    return data.kind.choose(
        images=lambda: _image_encoder(data, outputs, width),
        points=lambda: _perceptron(data.shape[0], outputs, units),
    )()


def _image_encoder(data: DataSpec, outputs: int, width: int) -> nn.Module:
    channels, height, side = data.shape
    layers = convolutions([channels, width, width])
    for level in (1, 2):
        layers += [*convolutions([level * width, (level + 1) * width]), nn.AvgPool2d(2, ceil_mode=True)]
        layers += convolutions([(level + 1) * width] * 2)
    flat = 3 * width * _quarter(height) * _quarter(side)
    return nn.Sequential(*layers, Flatten(), nn.Linear(flat, outputs))


def build_decoder(data: DataSpec, inputs: int, *, width: int, units: int, norm: Norm = no_norm) -> nn.Module:
    """A network from a code (count, inputs) to (count, *data.shape), without a last activation.

    Args:
        data: what it restores or generates.
        inputs: dimensions of the code.
        width: channels of all convolutions.
        units: units of each hidden layer where the data is points.
        norm: normalisation after every layer but the last; points have none.
    """
    return data.kind.choose(
        images=lambda: _image_decoder(data, inputs, width, norm),
        points=lambda: _perceptron(inputs, data.shape[0], units),
    )()


def _image_decoder(data: DataSpec, inputs: int, width: int, norm: Norm) -> nn.Module:
    channels, height, side = data.shape
    layers: list[nn.Module] = [
        nn.Linear(inputs, width * _quarter(height) * _quarter(side)),
        nn.Unflatten(1, (width, _quarter(height), _quarter(side))),
        norm(width),
    ]
    for _ in range(2):
        layers += [*convolutions([width] * 3, norm), nn.Upsample(scale_factor=2)]
    layers += [*convolutions([width] * 3, norm), Conv2d(width, channels, 3, padding=1)]
    if height % 4 or side % 4:
        layers.append(Crop(height, side))
    return nn.Sequential(*layers)


def _quarter(side: int) -> int:
    """A side halved twice, with rounding up."""
    return -(-side // 4)


def _perceptron(inputs: int, outputs: int, units: int) -> nn.Module:
    return nn.Sequential(*perceptron(inputs, units, nn.ELU(), no_norm), nn.Linear(units, outputs))


def convolutions(channels: list[int], norm: Norm = no_norm) -> list[nn.Module]:
    """3 x 3 convolutions, each normalised and followed by ELU, from each number of channels to the next."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(channels):
        layers += [Conv2d(before, after, 3, padding=1), norm(after), nn.ELU()]
    return layers
