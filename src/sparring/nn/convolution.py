"""Torch's convolutions, each computed in the way that is fastest for its shape.

The results differ from torch's by rounding alone. The way depends on nothing but shapes and the device, so
that a run is the same wherever it is resumed. `benchmarks/convolutions.py` measures which is faster where.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.nn.order import PIXELS, ROWS, in_order
from sparring.nn.toom_cook import POINTS, transforms

SMALL_MAP = 8
"""Pixels, in a line, up to which maps are convolved by way of points."""
MANY_CHANNELS = 128
"""Channels, as a geometric mean of both sides, from which on fewer multiplications are worth the way."""
FEW_CHANNELS = 32
"""Channels, as a geometric mean of both sides, up to which those of a pixel are put side by side."""
LARGE_MAP = 16
"""Pixels, in a line, from which on they are."""
MOST_COLOURS = 4
"""Channels that an image has at most: what is done with images beside networks finds them row by row."""
SPREAD = ((0.0, 0.0, 1.0, 1.0), (0.0, 1.0, 1.0, 0.0), (1.0, 1.0, 0.0, 0.0))
"""Where each of the three places along a side of a kernel goes, turned round, if every pixel is repeated."""


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d`; with stride 1, many channels and small maps it goes by way of points; to one channel
    it is a product of matrices; few channels of large maps are put side by side, so that what comes out may
    be in torch's `channels_last` order: flatten it, `view` refuses."""

    def forward(self, input: Tensor) -> Tensor:
        """Maps of shape (count, channels, height, width)."""
        # In bfloat16 multiplications are so cheap that there is nothing to save.
        if torch.is_autocast_enabled("cpu") or not is_plain(self, input):
            return super().forward(input)
        if self.out_channels == 1 and self.stride == (1, 1) and self.reach is not None:
            weight = self.weight.flip(2, 3).transpose(0, 1)
            return with_bias(overlapping(input, weight, (1, 1), self.reach, (0, 0)), self.bias)
        if goes_by_points(self, input):
            kernel, padding = self.kernel_size[0], int(self.padding[0])
            plan = transforms(*input.shape[2:], kernel, kernel - 1 - padding, input.dtype)
            return with_bias(plan.convolve(input, self.weight.flip(2, 3).transpose(0, 1)), self.bias)
        return image_in_rows(super().forward(laid_out(self, input)))

    @property
    def reach(self) -> tuple[int, int] | None:
        """Pixels that are cut from what overlaps, if all that is wanted is there."""
        assert not isinstance(self.padding, str)
        rows, columns = (
            kernel - 1 - padding for kernel, padding in zip(self.kernel_size, self.padding, strict=True)
        )
        return (rows, columns) if min(rows, columns) >= 0 else None


class ConvTranspose2d(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d`; with stride 1, many channels and small maps it goes by way of points; one
    channel is made by a product of matrices, whose numbers are then added up where they overlap."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Maps of shape (count, channels, height, width)."""
        if output_size is None and goes_by_points(self, input):
            # In float32 always: bfloat16 would lose too much at the points, and is slower even so.
            with torch.autocast("cpu", enabled=False):
                maps = input.to(self.weight.dtype)
                plan = transforms(*maps.shape[2:], self.kernel_size[0], int(self.padding[0]), maps.dtype)
                return with_bias(plan.convolve(maps, self.weight), self.bias)
        if self.out_channels == 1 and output_size is None and is_plain(self, input):
            assert not isinstance(self.padding, str)
            with torch.autocast("cpu", enabled=False):
                maps = input.to(self.weight.dtype)
                made = overlapping(maps, self.weight, self.stride, self.padding, self.output_padding)
                return with_bias(made, self.bias)
        return image_in_rows(super().forward(laid_out(self, input), output_size))


class ResizeConv2d(Conv2d):
    """A convolution with kernel 3 of maps at twice their size, every pixel repeated (Odena et al. 2016,
    "Deconvolution and Checkerboard Artifacts").

    It is computed as the transposed convolution with stride 2 that comes to the same, of the small maps: 4
    multiplications for each pixel instead of 9, and no large map is made for them.

    Args:
        before: channels.
        after: channels.
        bias: whether a number is added to each channel.
    """

    def __init__(self, before: int, after: int, bias: bool = True) -> None:
        super().__init__(before, after, 3, padding=1, bias=bias)
        line = torch.tensor(SPREAD)
        # Beside the weights on their device: to send it there in every pass would wait for a GPU.
        self.register_buffer("spread", torch.kron(line, line), persistent=False)
        self.spread: Tensor

    def forward(self, input: Tensor) -> Tensor:
        """Maps of shape (count, channels, 2 height, 2 width)."""
        if self.out_channels == 1 and is_plain(self, input):
            with torch.autocast("cpu", enabled=False):
                kernel = self.whole_kernel
                made = overlapping(input.to(kernel.dtype), kernel, (2, 2), (1, 1), (0, 0))
                return with_bias(made, self.bias)
        maps = laid_out(self, input)
        return image_in_rows(F.conv_transpose2d(maps, self.whole_kernel, self.bias, stride=2, padding=1))

    @property
    def whole_kernel(self) -> Tensor:
        """The kernel of the transposed convolution, (before, after, 4, 4): its own, convolved with the square
        of ones that repeats a pixel."""
        # As a product of matrices: sums of padded kernels took longer than what small maps are convolved in.
        kernel: Tensor = (self.weight.flatten(2) @ self.spread).unflatten(2, (4, 4)).transpose(0, 1)
        return kernel


def overlapping(
    maps: Tensor,
    weight: Tensor,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    extra: tuple[int, ...],
) -> Tensor:
    """A transposed convolution to one channel: what every pixel adds to the result, added up.

    Args:
        maps: (count, channels, height, width).
        weight: (channels, 1, rows, columns).
        stride, padding: as torch's transposed convolution has them.
        extra: its output padding.
    """
    # Image after image: a product of all at once would transpose maps and their gradients, and copy them.
    pixels = in_order(maps, ROWS).flatten(2)
    patches = torch.bmm(weight.flatten(1).t().expand(maps.shape[0], -1, -1), pixels)
    kernel = tuple(weight.shape[2:])
    height, width = (
        (pixels - 1) * step - 2 * cut + side + more
        for pixels, step, cut, side, more in zip(maps.shape[2:], stride, padding, kernel, extra, strict=True)
    )
    return F.fold(patches, (height, width), kernel, padding=padding, stride=stride)


def goes_by_points(layer: nn.Conv2d | nn.ConvTranspose2d, maps: Tensor) -> bool:
    """Whether that is possible, and pays."""
    kernel, other = layer.kernel_size
    return (
        is_plain(layer, maps)
        and max(maps.shape[2:]) <= SMALL_MAP
        and layer.stride == (1, 1)
        and 2 < kernel == other < len(POINTS)
        and not isinstance(layer.padding, str)
        and layer.padding[0] == layer.padding[1] < kernel
        and not any(layer.output_padding)
        and layer.in_channels * layer.out_channels >= MANY_CHANNELS**2
        and min(layer.in_channels, layer.out_channels) >= MANY_CHANNELS // 2
    )


def is_plain(layer: nn.Conv2d | nn.ConvTranspose2d, maps: Tensor) -> bool:
    """Whether it is an ordinary convolution of a batch, on a CPU; other programs have ways of their own."""
    return (
        not torch.compiler.is_exporting()
        and maps.device.type == "cpu"
        and maps.dim() == 4
        and layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )


def laid_out(layer: nn.Conv2d | nn.ConvTranspose2d, maps: Tensor) -> Tensor:
    """The maps, with the channels of a pixel side by side where that is faster."""
    inner, outer = layer.in_channels, layer.out_channels
    # Of a single channel both orders are the same.
    few = min(inner, outer) > 1 and inner * outer <= FEW_CHANNELS**2
    if few and is_plain(layer, maps) and min(maps.shape[2:]) >= LARGE_MAP:
        return in_order(maps, PIXELS)
    return maps


def image_in_rows(made: Tensor) -> Tensor:
    """What a convolution has made, row by row where it may be an image."""
    return in_order(made, ROWS) if made.dim() == 4 and made.shape[1] <= MOST_COLOURS else made


def with_bias(maps: Tensor, bias: Tensor | None) -> Tensor:
    """Add a number to each channel."""
    return maps if bias is None else maps + bias.view(-1, 1, 1)
