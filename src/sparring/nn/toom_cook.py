"""Convolutions of small maps with fewer multiplications.

A convolution is a product of polynomials whose coefficients are pixels. A product of degree d is known from
its values at d + 1 points, and there it is the product of the values of its factors (Toom 1963, Cook 1966;
Winograd 1980). So a line of n pixels and a kernel of k need n + k - 1 multiplications, not n · k. In two
dimensions, and with many channels, the values at each point are one product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import torch
from torch import Tensor

from sparring.nn.order import ROWS, in_order

INFINITY = None
"""The point where a polynomial's value is its leading coefficient."""
POINTS = (Fraction(0), INFINITY, Fraction(1), Fraction(-1, 2), Fraction(-2), Fraction(1, 2), Fraction(-1))
"""Where polynomials are evaluated, the first as many as are needed. With these, rounding in float32
costs some 1e-6 of the result; with more it would soon be much."""


@dataclass(frozen=True)
class Transforms:
    """The linear maps by which a convolution goes to the points and back, for both dimensions at once."""

    maps: Tensor
    """From pixels to values, (points · tiles, height · width)."""
    kernels: Tensor
    """From weights to values, (points, kernel · kernel)."""
    products: Tensor
    """From products of values to the result's pixels, (height · width of the result, points · tiles)."""
    size: tuple[int, int]
    """Height and width of the result."""

    def convolve(self, maps: Tensor, kernels: Tensor) -> Tensor:
        """The transposed convolution with stride 1, of maps (count, before, height, width) and kernels
        (before, after, kernel, kernel). It can be differentiated as often as one likes."""
        count, before = maps.shape[:2]
        after, points = kernels.shape[1], len(self.kernels)
        # Pixels lie side by side in memory, in the result too: matrices are transposed, not copied.
        values = self.maps @ in_order(maps, ROWS).reshape(count * before, -1).t()
        weights = self.kernels @ kernels.reshape(before * after, -1).t()
        products = values.view(points, -1, before) @ weights.view(points, before, after)
        result = products.view(-1, count * after).t() @ self.products.t()
        return result.view(count, after, *self.size)


@lru_cache(maxsize=64)
def transforms(height: int, width: int, kernel: int, padding: int, dtype: torch.dtype) -> Transforms:
    """For maps and square kernels of that size; `padding` is cut from every side of the result.

    Raises:
        ValueError: the kernel has more weights in a line than there are points.
    """
    rows, columns = line(height, kernel, padding), line(width, kernel, padding)
    size = len(rows.products), len(columns.products)
    maps = torch.einsum("atp,bsq->abtspq", rows.maps, columns.maps).reshape(-1, height * width)
    products = torch.einsum("pat,qbs->pqabts", rows.products, columns.products)
    kernels = torch.kron(rows.kernels, columns.kernels)
    return Transforms(
        maps.to(dtype), kernels.to(dtype), products.reshape(size[0] * size[1], -1).to(dtype), size
    )


@dataclass(frozen=True)
class Line:
    """The three maps for one dimension, in float64."""

    maps: Tensor
    """(points, tiles, pixels): a line that needs too many points is cut into tiles."""
    kernels: Tensor
    """(points, kernel)."""
    products: Tensor
    """(pixels of the result, points, tiles): what tiles have in common is added up."""


def line(pixels: int, kernel: int, padding: int) -> Line:
    """The maps for lines of so many pixels.

    Raises:
        ValueError: the kernel has more weights than there are points.
    """
    longest = len(POINTS) + 1 - kernel
    if longest < 1:
        raise ValueError(f"A kernel of {kernel} needs more than the {len(POINTS)} points that there are.")
    tiles = -(-pixels // longest)
    length = -(-pixels // tiles)
    points = POINTS[: length + kernel - 1]
    back = torch.linalg.inv(powers(points, len(points)))
    maps = torch.zeros(len(points), tiles, tiles * length, dtype=torch.float64)
    products = torch.zeros(tiles * length + kernel - 1, len(points), tiles, dtype=torch.float64)
    for tile in range(tiles):
        begin = tile * length
        maps[:, tile, begin : begin + length] = powers(points, length)
        products[begin : begin + len(points), :, tile] = back
    # The last tile may reach beyond the line, where pixels are 0.
    kept = slice(padding, pixels + kernel - 1 - padding)
    return Line(maps[:, :, :pixels], powers(points, kernel), products[kept])


def powers(points: tuple[Fraction | None, ...], count: int) -> Tensor:
    """What each of so many coefficients contributes to a polynomial's values, float64 (points, count)."""
    leading = [0.0] * (count - 1) + [1.0]
    rows = [leading if point is None else [float(point**power) for power in range(count)] for point in points]
    return torch.tensor(rows, dtype=torch.float64)
