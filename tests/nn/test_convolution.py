"""Convolutions of our own are torch's, whichever way they are computed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.nn.convolution import Conv2d, ConvTranspose2d, ResizeConv2d, goes_by_points, laid_out
from sparring.nn.toom_cook import POINTS, line, transforms

Layer = nn.Conv2d | nn.ConvTranspose2d
BY_POINTS = [
    (Conv2d, (128, 128, 3, 1, 1), (7, 7)),
    (Conv2d, (64, 256, 3, 1, 1), (8, 5)),
    (Conv2d, (128, 128, 3, 1, 0), (4, 4)),
    (Conv2d, (128, 128, 5, 1, 2), (3, 8)),
    (ConvTranspose2d, (256, 64, 5), (3, 3)),
    (ConvTranspose2d, (128, 128, 4, 1, 1), (4, 6)),
    (ConvTranspose2d, (128, 128, 3, 1, 1), (2, 1)),
]
ONE_CHANNEL = [
    (ConvTranspose2d, (6, 1, 5, 2, 2, 1), (7, 7)),
    (ConvTranspose2d, (6, 1, 4, 2, 1), (5, 8)),
    (ConvTranspose2d, (6, 1, (3, 2), (1, 3), (2, 0), (0, 1)), (5, 8)),
    (Conv2d, (6, 1, 5, 1, 2), (7, 6)),
    (Conv2d, (6, 1, (3, 2), 1, (0, 1)), (5, 8)),
    (Conv2d, (1, 6, 4, 2, 1), (7, 8)),
    (Conv2d, (1, 6, (3, 2), (1, 3), (2, 0)), (5, 8)),
]
SIDE_BY_SIDE = [
    (Conv2d, (3, 16, 4, 2, 1), (16, 20)),
    (Conv2d, (32, 32, 3, 1, 1), (17, 16)),
    (ConvTranspose2d, (32, 16, 4, 2, 1), (16, 16)),
    (ConvTranspose2d, (16, 3, 4, 2, 1), (16, 33)),
]
AS_TORCH = [
    (Conv2d, (3, 16, 4, 2, 1), (15, 20)),
    (Conv2d, (33, 32, 3, 1, 1), (16, 16)),
    (Conv2d, (1, 16, 4, 2, 1), (16, 16)),
    (Conv2d, (128, 128, 3, 2, 1), (7, 7)),
    (Conv2d, (128, 128, 3, 1, 1), (9, 8)),
    (Conv2d, (127, 128, 3, 1, 1), (7, 7)),
    (Conv2d, (128, 128, 3, 1, 2, 2), (7, 7)),
    (Conv2d, (128, 128, 3, 1, 1, 1, 2), (7, 7)),
    (Conv2d, (128, 128, 3, 1, "same"), (7, 7)),
    (Conv2d, (6, 1, 3, 1, 4), (5, 5)),
    (Conv2d, (1, 6, 3, 1, 1, 2), (7, 7)),
    (ConvTranspose2d, (128, 128, 5, 2, 2, 1), (7, 7)),
    (ConvTranspose2d, (128, 128, 7), (3, 3)),
]


def pair(
    kind: type[Layer], arguments: tuple[int, ...], size: tuple[int, int], dtype: torch.dtype
) -> tuple[Layer, Layer, Tensor]:
    """Ours, torch's with the same weights, and a batch for them."""
    torch.manual_seed(0)
    ours = kind(*arguments).to(dtype)
    theirs = kind.__base__(*arguments).to(dtype)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs, torch.randn(3, arguments[0], *size, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize(("kind", "arguments", "size"), BY_POINTS + ONE_CHANNEL + SIDE_BY_SIDE + AS_TORCH)
def test_values_and_gradients_are_those_of_torch(
    kind: type[Layer], arguments: tuple[int, ...], size: tuple[int, int]
) -> None:
    ours, theirs, maps = pair(kind, arguments, size, torch.float64)
    results = ours(maps), theirs(maps)
    towards = torch.randn_like(results[1])
    gradients = [
        torch.autograd.grad(result, [maps, *layer.parameters()], towards)
        for result, layer in zip(results, (ours, theirs), strict=True)
    ]
    for own, wanted in zip((results[0], *gradients[0]), (results[1], *gradients[1]), strict=True):
        torch.testing.assert_close(own, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("case", "side_by_side"), [(case, True) for case in SIDE_BY_SIDE] + [(case, False) for case in AS_TORCH]
)
def test_of_few_channels_those_of_a_pixel_lie_side_by_side(
    case: tuple[type[Layer], tuple[int, ...], tuple[int, int]], side_by_side: bool
) -> None:
    ours, _, maps = pair(*case, torch.float32)
    given = laid_out(ours, maps)
    assert torch.equal(given, maps)
    assert given.is_contiguous() != side_by_side
    if side_by_side:
        assert given.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("after", [1, 5])
@pytest.mark.parametrize("size", [(4, 7), (17, 16)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_resize_convolution_is_that_of_maps_whose_pixels_are_repeated(
    after: int, size: tuple[int, int], bias: bool
) -> None:
    torch.manual_seed(0)
    layer = ResizeConv2d(3, after, bias).double()
    maps = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    plain = F.conv2d(F.interpolate(maps, scale_factor=2.0), layer.weight, layer.bias, padding=1)
    ours = layer(maps)
    torch.testing.assert_close(ours, plain)
    asked = [maps, *layer.parameters()]
    slope = torch.randn_like(plain)
    expected = torch.autograd.grad(plain, asked, slope)
    torch.testing.assert_close(torch.autograd.grad(ours, asked, slope), expected)


def test_a_resize_convolution_to_one_channel_keeps_float32_under_autocast() -> None:
    torch.manual_seed(0)
    layer, maps = ResizeConv2d(3, 1), torch.randn(2, 3, 8, 8)
    made = layer(maps)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(maps), made)


def test_what_a_resize_convolution_spreads_weights_with_is_not_saved() -> None:
    assert ResizeConv2d(3, 1).state_dict().keys() == {"weight", "bias"}


@pytest.mark.parametrize(("kind", "arguments", "size"), BY_POINTS)
def test_little_is_lost_to_rounding(
    kind: type[Layer], arguments: tuple[int, ...], size: tuple[int, int]
) -> None:
    ours, theirs, maps = pair(kind, arguments, size, torch.float32)
    exact = theirs.double()(maps.double())
    assert ((ours(maps) - exact).norm() / exact.norm()).item() < 1e-5


@pytest.mark.parametrize(
    ("case", "goes"),
    [(case, True) for case in BY_POINTS] + [(case, False) for case in AS_TORCH + ONE_CHANNEL],
)
def test_which_go_by_points(case: tuple[type[Layer], tuple[int, ...], tuple[int, int]], goes: bool) -> None:
    ours, _, maps = pair(*case, torch.float32)
    assert goes_by_points(ours, maps) == goes


@pytest.mark.parametrize(
    ("arguments", "side"),
    [((128, 128, 3, 1, 1), 3), ((1, 6, 3, 2, 1), 3), ((6, 1, 3, 1, 1), 3), ((3, 8, 4, 2, 1), 16)],
)
def test_the_gradient_of_a_gradient_is_that_of_torch(arguments: tuple[int, ...], side: int) -> None:
    ours, theirs, maps = pair(Conv2d, arguments, (side, side), torch.float64)

    def penalty(layer: Layer) -> tuple[Tensor, ...]:
        (slope,) = torch.autograd.grad(layer(maps).relu().square().sum(), maps, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), list(layer.parameters()))

    for own, wanted in zip(penalty(ours), penalty(theirs), strict=True):
        torch.testing.assert_close(own, wanted, rtol=1e-9, atol=1e-9)


def test_under_autocast_points_keep_float32() -> None:
    ours, theirs, maps = pair(ConvTranspose2d, (256, 64, 5), (3, 3), torch.float32)
    wanted = theirs(maps)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(ours(maps), wanted, rtol=1e-4, atol=1e-4)
        small = maps.bfloat16()
        assert ours(small).dtype == torch.float32


@pytest.mark.parametrize("pixels", range(1, 12))
@pytest.mark.parametrize("kernel", [1, 3, 6, 7])
def test_a_line_is_a_product_of_polynomials(pixels: int, kernel: int) -> None:
    maps, weights = torch.randn(pixels, dtype=torch.float64), torch.randn(kernel, dtype=torch.float64)
    transform = line(pixels, kernel, 0)
    values = torch.einsum("ptn,n->pt", transform.maps, maps) * (transform.kernels @ weights)[:, None]
    product = torch.einsum("npt,pt->n", transform.products, values)
    wanted = [
        sum(maps[i] * weights[n - i] for i in range(pixels) if 0 <= n - i < kernel)
        for n in range(pixels + kernel - 1)
    ]
    torch.testing.assert_close(product, torch.stack(wanted), rtol=1e-9, atol=1e-9)


def test_a_kernel_that_needs_more_points_than_there_are() -> None:
    with pytest.raises(ValueError, match=f"{len(POINTS)} points"):
        transforms(3, 3, len(POINTS) + 1, 0, torch.float32)
