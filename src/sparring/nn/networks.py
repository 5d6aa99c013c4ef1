"""Networks for data of any shape: the one way all newer systems build theirs.

Images: transposed convolutions with stride 2 up from a small square, convolutions with stride 2 down to one
(the shape of Radford et al. 2015). Images whose sides cannot be halved are cut out of larger ones. Points:
three fully-connected hidden layers. Texts, as shares of a vocabulary: convolutions along them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import nn

from sparring.data.dataset import DataSpec
from sparring.data.kinds import Tokens
from sparring.nn.convolution import Conv2d, ConvTranspose2d, ResizeConv2d
from sparring.nn.layers import Crop
from sparring.nn.text_convolutions import text_generator, text_trunk

Norm = Callable[[int], nn.Module]
"""Makes the normalisation of so many channels or units."""
SMALLEST_SIDE = 4
"""Sides are halved until the shorter one has no more pixels than this."""
LARGEST_START = 32
"""No side of what a generator begins with has more pixels than this."""
MOST_WIDTHS = 16
"""Networks have at most so many times the channels that they have at half the image's size."""


def noise_size(asked: int | None, data: DataSpec, for_images: int) -> int:
    """Dimensions of the noise: as many as asked for; where None is, `for_images`, also for texts, or those of
    the points.

    From noise of more dimensions than its points have, a small network finds it hard to make narrow modes.
    """
    sizes = {"images": for_images, "points": data.shape[0], "tokens": for_images}
    return data.kind.choose(**sizes) if asked is None else asked


def no_norm(channels: int) -> nn.Module:
    """No normalisation."""
    return nn.Identity()


def layer_norm(channels: int) -> nn.Module:
    """Layer normalisation (Ba et al. 2016): over all channels and places of one image."""
    return nn.GroupNorm(1, channels)


def build_generator(
    data: DataSpec,
    inputs: int,
    *,
    width: int,
    units: int,
    norm: Norm = nn.BatchNorm2d,
    kernel: int = 4,
    resize: bool = False,
    output: Callable[[], nn.Module] = nn.Tanh,
) -> nn.Module:
    """A network from (count, inputs) to (count, *data.shape).

    Args:
        data: what it generates.
        inputs: size of its input.
        width: channels at half the image's size; twice as many at each size below, 16 times as many at most.
            Of texts, channels everywhere.
        units: units of each hidden layer where the data is points.
        norm: normalisation after every layer but the last; points have batch normalisation or none.
        kernel: side of the convolutions, 4 or 5.
        resize: whether maps are doubled by repeating their pixels and a convolution with kernel 3, instead
            of by a transposed one, whose checkerboards that does not make.
        output: activation of the last layer for images; points have none.
    """
    return data.kind.choose(
        images=lambda: _image_generator(data, inputs, width, norm, kernel, resize, output),
        points=lambda: _point_generator(data, inputs, units, norm),
        tokens=lambda: text_generator(inputs, *_text_sizes(data), width),
    )()


def _point_generator(data: DataSpec, inputs: int, units: int, norm: Norm) -> nn.Module:
    point_norm: Norm = no_norm if norm is no_norm else nn.BatchNorm1d
    return nn.Sequential(*perceptron(inputs, units, nn.ReLU(), point_norm), nn.Linear(units, data.shape[0]))


def _image_generator(
    data: DataSpec,
    inputs: int,
    width: int,
    norm: Norm,
    kernel: int,
    resize: bool,
    output: Callable[[], nn.Module],
) -> nn.Module:
    channels, height, side = data.shape
    first_height, first_side, doublings = beginning(height, side)
    before = channels_at(width, doublings - 1)
    layers: list[nn.Module] = [
        nn.Linear(inputs, before * first_height * first_side, bias=norm is no_norm),
        nn.Unflatten(1, (before, first_height, first_side)),
        norm(before),
        nn.ReLU(),
    ]
    for step in reversed(range(doublings)):
        after = channels_at(width, step - 1) if step else channels
        bias = norm is no_norm or not step
        doubled = ResizeConv2d(before, after, bias) if resize else _transposed(before, after, kernel, bias)
        layers.append(doubled)
        layers += [norm(after), nn.ReLU()] if step else [output()]
        before = after
    if (first_height << doublings, first_side << doublings) != (height, side):
        layers.append(Crop(height, side))
    return nn.Sequential(*layers)


def _transposed(before: int, after: int, kernel: int, bias: bool) -> nn.Module:
    return ConvTranspose2d(
        before,
        after,
        kernel,
        stride=2,
        padding=(kernel - 1) // 2,
        output_padding=kernel % 2,
        bias=bias,
    )


def beginning(height: int, width: int) -> tuple[int, int, int]:
    """Where a generator of images begins: its rows and columns, and how often it doubles both.

    Sides are halved as long as they are even, so that what is made is exactly as large as the images. Where
    that goes not even once, or ends early, with a large picture, sides are halved with rounding up, and what
    is made is larger than the images by some pixels.
    """
    rows, columns, doublings = height, width, 0
    while min(rows, columns) > SMALLEST_SIDE and rows % 2 == columns % 2 == 0:
        rows, columns, doublings = rows // 2, columns // 2, doublings + 1
    if doublings and max(rows, columns) <= LARGEST_START:
        return rows, columns, doublings
    rows, columns, doublings = height, width, 0
    while not doublings or min(rows, columns) > SMALLEST_SIDE or max(rows, columns) > LARGEST_START:
        rows, columns, doublings = -(-rows // 2), -(-columns // 2), doublings + 1
    return rows, columns, doublings


def channels_at(width: int, halvings: int) -> int:
    """Channels at half the image's size, halved so many times more: each time twice as many, to a bound."""
    return width * min(1 << halvings, MOST_WIDTHS)


def build_trunk(
    data: DataSpec, *, width: int, units: int, norm: Norm = no_norm, kernel: int = 4
) -> tuple[nn.Module, int]:
    """A network from (count, *data.shape) to flat features, and how many those are.

    Args:
        data: what it looks at.
        width: channels at half the image's size; twice as many at each size below, 16 times as many at most.
            Of texts, channels everywhere.
        units: units of each hidden layer where the data is points.
        norm: normalisation after every convolution but the first; points have none.
        kernel: side of the convolutions, 4 or 5.
    """
    return data.kind.choose(
        images=lambda: _image_trunk(data, width, norm, kernel),
        points=lambda: _point_trunk(data, units),
        tokens=lambda: text_trunk(*_text_sizes(data), width),
    )()


def _text_sizes(data: DataSpec) -> tuple[int, int]:
    """Tokens of a text, and of the vocabulary."""
    return data.shape[0], len(cast(Tokens, data.kind).vocabulary)


def _point_trunk(data: DataSpec, units: int) -> tuple[nn.Module, int]:
    return nn.Sequential(*perceptron(data.shape[0], units, nn.LeakyReLU(0.2), no_norm)), units


def _image_trunk(data: DataSpec, width: int, norm: Norm, kernel: int) -> tuple[nn.Module, int]:
    before, height, side = data.shape
    layers: list[nn.Module] = []
    padding = (kernel - 1) // 2
    halvings = 0
    while min(height, side) > SMALLEST_SIDE:
        after = channels_at(width, halvings)
        normed = norm if layers else no_norm
        layers.append(
            Conv2d(before, after, kernel, stride=2, padding=padding, bias=normed is not nn.BatchNorm2d)
        )
        layers += [normed(after), nn.LeakyReLU(0.2)]
        height, side = ((length + 2 * padding - kernel) // 2 + 1 for length in (height, side))
        before, halvings = after, halvings + 1
    return nn.Sequential(*layers, nn.Flatten()), before * height * side


def build_critic(
    data: DataSpec, *, width: int, units: int, norm: Norm = no_norm, kernel: int = 4
) -> nn.Module:
    """A network from (count, *data.shape) to one score each, (count,); the arguments are `build_trunk`'s."""
    trunk, features = build_trunk(data, width=width, units=units, norm=norm, kernel=kernel)
    return nn.Sequential(trunk, nn.Linear(features, 1), nn.Flatten(0))


def perceptron(inputs: int, units: int, activation: nn.Module, norm: Norm) -> list[nn.Module]:
    """Three hidden layers."""
    layers: list[nn.Module] = []
    for size in (inputs, units, units):
        layers += [nn.Linear(size, units), norm(units), activation]
    return layers
