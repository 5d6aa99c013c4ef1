"""Maps keep one order in memory: in every layer, forth and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from sparring.nn.convolution import Conv2d, ConvTranspose2d, ResizeConv2d
from sparring.nn.order import PIXELS, ROWS, Flatten, in_order, order_of
from sparring.training.engine import Engine

Make = Callable[..., Engine]
BATCH = 4
MOST = 3 * BATCH
"""Images in one pass, at most, and fewer than the outputs of any layer."""


@pytest.mark.parametrize(("own", "wanted"), [(ROWS, PIXELS), (PIXELS, ROWS), (ROWS, ROWS)])
def test_gradients_come_back_in_the_order_of_what_they_are_of(
    own: torch.memory_format, wanted: torch.memory_format
) -> None:
    maps = torch.randn(2, 3, 4, 5).contiguous(memory_format=own).requires_grad_()
    ordered = in_order(maps, wanted)
    assert torch.equal(ordered, maps)
    assert order_of(ordered) is wanted
    slopes: list[torch.memory_format] = []
    before = maps * 1.0
    before.register_hook(lambda slope: slopes.append(order_of(slope)))
    weights = torch.randn(2, 3, 4, 5).contiguous(memory_format=wanted)
    (gradient,) = torch.autograd.grad((in_order(before, wanted) * weights).sum(), maps)
    assert torch.equal(gradient, weights)
    assert slopes == [own]


def test_it_can_be_differentiated_twice() -> None:
    maps = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)

    def squares(given: Tensor) -> Tensor:
        return in_order(given, PIXELS).square()

    assert gradcheck(squares, maps)
    assert gradgradcheck(squares, maps)


def test_what_has_one_channel_or_one_pixel_is_in_both_orders() -> None:
    for shape in ((2, 1, 4, 5), (2, 3, 1, 1)):
        maps = torch.randn(shape)
        assert in_order(maps, PIXELS) is maps
        assert in_order(maps, ROWS) is maps


@pytest.mark.parametrize("order", [ROWS, PIXELS])
def test_flattening_goes_row_by_row_of_each_channel(order: torch.memory_format) -> None:
    maps = torch.randn(2, 3, 4, 5)
    assert torch.equal(Flatten()(maps.contiguous(memory_format=order)), maps.flatten(1))
    assert torch.equal(Flatten()(maps.flatten(1)), maps.flatten(1))


@pytest.mark.parametrize(
    "layer",
    [
        Conv2d(16, 16, 3, padding=1),
        Conv2d(64, 1, 4),
        Conv2d(128, 128, 3, padding=1),
        ConvTranspose2d(16, 16, 4, 2, 1),
        ConvTranspose2d(64, 1, 4, 2, 1),
        ConvTranspose2d(128, 128, 3, padding=1),
        ResizeConv2d(16, 16),
        ResizeConv2d(16, 1),
        ResizeConv2d(16, 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("order", [ROWS, PIXELS])
@pytest.mark.parametrize("side", [8, 16])
def test_layers_give_gradients_in_the_order_of_what_they_were_given(
    layer: Any, order: torch.memory_format, side: int
) -> None:
    maps = torch.randn(2, layer.in_channels, side, side).contiguous(memory_format=order)
    made = layer(maps.requires_grad_())
    (slope,) = torch.autograd.grad(made, maps, torch.randn(made.shape))
    assert order_of(slope) is order


def test_what_may_be_an_image_is_made_row_by_row() -> None:
    maps = torch.randn(2, 16, 16, 16)
    for layer in (Conv2d(16, 3, 3, padding=1), ConvTranspose2d(16, 3, 4, 2, 1), ResizeConv2d(16, 3)):
        assert order_of(layer(maps)) is ROWS
    assert order_of(Conv2d(16, 16, 3, padding=1)(maps)) is PIXELS


class Mixed(TorchDispatchMode):
    """Notes what goes through maps of both orders number by number."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def __torch_dispatch__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Look, and compute."""
        maps = [each for each in args if isinstance(each, Tensor) and each.dim() == 4]
        # Not weights, which are small, whose gradients for several batches are added up.
        maps = [each for each in maps if len(each) <= MOST]
        orders = {order_of(each) for each in maps if not _in_both(each)}
        name = called.__name__
        # Convolutions put what they are given in order themselves.
        if len(orders) == 2 and not name.startswith(("convolution", "copy_")):
            self.found.add(f"{name} {tuple(maps[0].shape)}")
        return called(*args, **(kwargs or {}))


def _in_both(maps: Tensor) -> bool:
    return maps.is_contiguous() and maps.is_contiguous(memory_format=PIXELS)


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3)])
@pytest.mark.parametrize(
    "system", ["dcgan", "dcgan-tflearn", "acgan", "wgan", "wgan-gp", "began", "r3gan", "bad-gan"]
)
def test_no_round_goes_through_maps_of_both_orders(
    make_engine: Make, make_dataset: Callable[..., Any], system: str, size: int, channels: int
) -> None:
    engine = make_engine(system, make_dataset(size=size, channels=channels), batch_size=BATCH)
    with Mixed() as mixed:
        engine.play_round()
    assert not mixed.found


def test_a_change_of_order_without_a_way_back_is_found() -> None:
    maps = nn.functional.elu(torch.randn(2, 3, 4, 5, requires_grad=True))
    weights = torch.randn(2, 3, 4, 5).contiguous(memory_format=PIXELS)
    with Mixed() as mixed:
        maps.contiguous(memory_format=PIXELS).backward(weights)
    assert mixed.found == {"elu_backward.default (2, 3, 4, 5)"}
