"""Convolutions of `sparring.nn.convolution` against torch's, forward and backward, for shapes from the zoo.

    OMP_NUM_THREADS=1 python benchmarks/convolutions.py

Printed is the median, over calls in turn, of our time over torch's, with quartiles, and the largest
difference of the results relative to the largest number. Products of matrices are made by the faster library,
as in a round of such networks, and freed memory is kept. Shapes whose way is torch's own have a ratio of 1.
"""

from __future__ import annotations

from collections.abc import Callable

import pairs
import torch
from torch import Tensor, nn

from sparring.kept_memory import memory_kept
from sparring.nn.convolution import Conv2d, ConvTranspose2d
from sparring.nn.products import by_onednn

PAIRS = 20
SHAPES = [
    (ConvTranspose2d, (384, 192, 5), (200, 384, 3, 3)),
    (ConvTranspose2d, (96, 1, 5, 2, 2, 1), (200, 96, 14, 14)),
    (ConvTranspose2d, (64, 1, 4, 2, 1), (64, 64, 14, 14)),
    (Conv2d, (128, 256, 3, 1, 1), (200, 128, 7, 7)),
    (Conv2d, (64, 128, 3, 1, 1), (200, 64, 7, 7)),
    (Conv2d, (256, 256, 3, 1, 1), (64, 256, 4, 4)),
    (Conv2d, (128, 128, 3, 1, 1), (64, 128, 8, 8)),
    (ConvTranspose2d, (32, 16, 4, 2, 1), (64, 32, 16, 16)),
    (ConvTranspose2d, (16, 3, 4, 2, 1), (64, 16, 32, 32)),
    (Conv2d, (3, 8, 4, 2, 1), (64, 3, 64, 64)),
    (Conv2d, (8, 16, 4, 2, 1), (64, 8, 32, 32)),
    (Conv2d, (32, 32, 3, 1, 1), (16, 32, 28, 28)),
]
"""Layer, its arguments, shape of a batch: the listing's ACGAN, others of the same kind, then narrow ones."""


@memory_kept()
@by_onednn(True)
def main() -> None:
    """Measure and print."""
    for layer, arguments, shape in SHAPES:
        torch.manual_seed(0)
        ours, maps = layer(*arguments), torch.randn(shape, requires_grad=True)
        theirs = layer.__base__(*arguments)
        theirs.load_state_dict(ours.state_dict())
        result = theirs(maps)
        difference = (ours(maps) - result).abs().max() / result.abs().max()
        towards = torch.randn_like(result)
        found = pairs.ratios(*(both_ways(each, maps, towards) for each in (ours, theirs)), PAIRS)
        print(f"{layer.__name__}{arguments} of {shape}: {pairs.summary(found)}, difference {difference:.1e}")


def both_ways(layer: nn.Module, maps: Tensor, towards: Tensor) -> Callable[[], None]:
    """Forward, and backward to maps and weights."""

    def work() -> None:
        torch.autograd.grad(layer(maps), [maps, *layer.parameters()], towards)

    return work


if __name__ == "__main__":
    main()
