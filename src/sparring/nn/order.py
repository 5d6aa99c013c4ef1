"""The order in which the numbers of maps lie in memory: row by row of each channel, or channel by channel of
each pixel.

What goes through two tensors number by number is ten to forty times as slow where they lie in different
orders. A gradient comes back in the order of what was last computed, so where a layer changes the order on
its way forward, it is changed back here on its way back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

ROWS = torch.contiguous_format
PIXELS = torch.channels_last


def in_order(maps: Tensor, order: torch.memory_format) -> Tensor:
    """Maps (count, channels, height, width) in an order; their gradient comes back in their own."""
    if maps.is_contiguous(memory_format=order):
        return maps
    ordered: Tensor = InOrder.apply(maps, order)
    return ordered


def order_of(maps: Tensor) -> torch.memory_format:
    """The order in which maps lie."""
    return PIXELS if maps.is_contiguous(memory_format=PIXELS) and not maps.is_contiguous() else ROWS


class InOrder(torch.autograd.Function):
    """The identity."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, order: torch.memory_format) -> Tensor:
        """The same numbers, in the order."""
        ctx.own = order_of(maps)
        return maps.contiguous(memory_format=order)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        """The same, in the order of what came in."""
        return in_order(slope, ctx.own), None


class Flatten(nn.Flatten):
    """`torch.nn.Flatten` of maps in either order."""

    def forward(self, input: Tensor) -> Tensor:
        """(count, channels, height, width) as (count, numbers), row by row of each channel."""
        return super().forward(in_order(input, ROWS) if input.dim() == 4 else input)
