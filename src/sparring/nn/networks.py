"""Networks for data of any shape: the one way all newer systems build theirs.

Images: transposed convolutions with stride 2 up from a small square, convolutions with stride 2 down to one
(the shape of Radford et al. 2015). Images whose sides cannot be halved are cut out of larger ones. Points:
three fully-connected hidden layers. Texts, as shares of a vocabulary: convolutions along them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from sparring.data.dataset import DataSpec
from sparring.data.kinds import Tokens
from sparring.nn.convolution import Conv2d, ConvTranspose2d, ResizeConv2d
from sparring.nn.layers import Crop
from sparring.nn.order import Flatten
from sparring.nn.points import FourierFeatures, Residual
from sparring.nn.text_convolutions import text_generator, text_trunk
from sparring.nn.wavelets import FromWavelets, Wavelets, halved

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
    first_by_unit: bool = False,
    kernel: int = 4,
    resize: bool = False,
    output_skips: bool = False,
    output: Callable[[], nn.Module] = nn.Tanh,
    residual: bool = False,
    wavelets: bool = False,
) -> nn.Module:
    """A network from (count, inputs) to (count, *data.shape).

    Args:
        data: what it generates.
        inputs: size of its input.
        width: channels at half the image's size; twice as many at each size below, 16 times as many at most.
            Of texts, channels everywhere.
        units: units of each hidden layer where the data is points.
        norm: normalisation after every layer but the last; points have batch normalisation or none.
        first_by_unit: whether each unit of the first maps of images has batch normalisation of its own, and
            the map no norm.
        kernel: side of the convolutions, 4 or 5.
        resize: whether maps are doubled by repeating their pixels and a convolution with kernel 3, instead
            of by a transposed one, whose checkerboards that does not make.
        output_skips: whether an image is made at each size, and all are added up; no matter where the size
            is doubled once.
        output: activation of the last layer for images; points have none.
        residual: whether points are the first inputs plus what the network makes of all.
        wavelets: whether the wavelets of images are made, at half the size, and images of these.
    """
    return data.kind.choose(
        images=lambda: _image_generator(
            data, inputs, width, norm, first_by_unit, kernel, resize, output_skips, output, wavelets
        ),
        points=lambda: _point_generator(data, inputs, units, norm, residual),
        tokens=lambda: text_generator(inputs, *_text_sizes(data), width),
    )()


def _point_generator(data: DataSpec, inputs: int, units: int, norm: Norm, residual: bool) -> nn.Module:
    point_norm: Norm = no_norm if norm is no_norm else nn.BatchNorm1d
    (size,) = data.shape
    body = nn.Sequential(*perceptron(inputs, units, nn.ReLU(), point_norm), nn.Linear(units, size))
    return Residual(body, size) if residual else body


def _image_generator(
    data: DataSpec,
    inputs: int,
    width: int,
    norm: Norm,
    first_by_unit: bool,
    kernel: int,
    resize: bool,
    output_skips: bool,
    output: Callable[[], nn.Module],
    wavelets: bool,
) -> nn.Module:
    channels, height, side = halved(data.shape) if wavelets else data.shape
    first_height, first_side, doublings = beginning(height, side)

    def doubling(before: int, after: int, bias: bool) -> nn.Module:
        return ResizeConv2d(before, after, bias) if resize else _transposed(before, after, kernel, bias)

    widths = [channels_at(width, step) for step in reversed(range(doublings))]
    units, in_place = widths[0] * first_height * first_side, (widths[0], first_height, first_side)
    maps = nn.Unflatten(1, in_place)
    normed = [nn.BatchNorm1d(units), maps] if first_by_unit else [maps, norm(widths[0])]
    first: list[nn.Module] = [nn.Linear(inputs, units, bias=norm is no_norm), *normed, nn.ReLU()]
    between = [
        [doubling(before, after, norm is no_norm), norm(after), nn.ReLU()]
        for before, after in pairwise(widths)
    ]
    last = doubling(widths[-1], channels, True)
    if output_skips and between:
        body: list[nn.Module] = [
            OutputSkips(first, between, [nn.Conv2d(n, channels, 1) for n in widths[1:]], last)
        ]
    else:
        body = [*first, *chain(*between), last]
    whole = (first_height << doublings, first_side << doublings) == (height, side)
    body += [] if whole else [Crop(height, side)]
    body += [FromWavelets(data.shape)] if wavelets else []
    return nn.Sequential(*body, output())


class OutputSkips(nn.Module):
    """Maps that are doubled again and again, of each of which an image is made: their sum, at the last size.

    Args:
        first: what makes the first map, of which no image is made.
        doublings: what makes each of the others of the one before.
        images: what makes an image of each.
        last: what makes an image of the last map at twice its size.
    """

    def __init__(
        self,
        first: Sequence[nn.Module],
        doublings: Sequence[Sequence[nn.Module]],
        images: Sequence[nn.Module],
        last: nn.Module,
    ) -> None:
        super().__init__()
        self.first = nn.Sequential(*first)
        self.doublings = nn.ModuleList(nn.Sequential(*layers) for layers in doublings)
        self.images = nn.ModuleList(images)
        self.last = last

    def forward(self, inputs: Tensor) -> Tensor:
        """Images, (count, channels, height, width), without an activation."""
        maps: Tensor = self.first(inputs)
        image: Tensor | None = None
        for double, make in zip(self.doublings, self.images, strict=True):
            maps = double(maps)
            image = make(maps) if image is None else make(maps) + enlarged(image)
        assert image is not None, "it is made of two doublings at least"
        total: Tensor = self.last(maps) + enlarged(image)
        return total


def enlarged(images: Tensor) -> Tensor:
    """Images at twice their size, with lines between their pixels: repeated, these would show."""
    return F.interpolate(images, scale_factor=2, mode="bilinear")


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
    data: DataSpec,
    *,
    width: int,
    units: int,
    norm: Norm = no_norm,
    kernel: int = 4,
    fourier_octaves: int = 0,
    wavelets: bool = False,
) -> tuple[nn.Module, int]:
    """A network from (count, *data.shape) to flat features, and how many those are.

    Args:
        data: what it looks at.
        width: channels at half the image's size; twice as many at each size below, 16 times as many at most.
            Of texts, channels everywhere.
        units: units of each hidden layer where the data is points.
        norm: normalisation after every convolution but the first; points have none.
        kernel: side of the convolutions, 4 or 5.
        fourier_octaves: of the Fourier features that points are seen beside; 0 for none.
    """
    return data.kind.choose(
        images=lambda: _image_trunk(data, width, norm, kernel, wavelets),
        points=lambda: _point_trunk(data, units, fourier_octaves),
        tokens=lambda: text_trunk(*_text_sizes(data), width),
    )()


def _text_sizes(data: DataSpec) -> tuple[int, int]:
    """Tokens of a text, and of the vocabulary."""
    return data.shape[0], len(cast(Tokens, data.kind).vocabulary)


def _point_trunk(data: DataSpec, units: int, fourier_octaves: int) -> tuple[nn.Module, int]:
    (size,) = data.shape
    fourier = [FourierFeatures(size, fourier_octaves)] if fourier_octaves else []
    inputs = fourier[0].size if fourier else size
    return nn.Sequential(*fourier, *perceptron(inputs, units, nn.LeakyReLU(0.2), no_norm)), units


def _image_trunk(
    data: DataSpec, width: int, norm: Norm, kernel: int, wavelets: bool
) -> tuple[nn.Module, int]:
    before, height, side = halved(data.shape) if wavelets else data.shape
    layers: list[nn.Module] = [Wavelets(data.shape[0])] if wavelets else []
    padding = (kernel - 1) // 2
    halvings = 0
    while min(height, side) > SMALLEST_SIDE:
        after = channels_at(width, halvings)
        normed = norm if halvings else no_norm
        layers.append(
            Conv2d(before, after, kernel, stride=2, padding=padding, bias=normed is not nn.BatchNorm2d)
        )
        layers += [normed(after), nn.LeakyReLU(0.2)]
        height, side = ((length + 2 * padding - kernel) // 2 + 1 for length in (height, side))
        before, halvings = after, halvings + 1
    return nn.Sequential(*layers, Flatten()), before * height * side


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
