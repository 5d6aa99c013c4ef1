"""Small devices that any system can use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from sparring.randomness import Randomness


class NoiseTable:
    """Noise drawn once for every training example and dealt with it at each epoch, as tflearn does when it
    is fed an array of noise beside the array of images.

    Args:
        name: two tables with different names hold different noise.
        count: number of training examples.
        size: dimensions of the noise, in U(-1, 1).
        random: the run's randomness; the table depends only on its seed.
    """

    def __init__(self, name: str, count: int, size: int, random: Randomness) -> None:
        self._draw = lambda: random.child(name).uniform(count, size)
        self._table: Tensor | None = None

    def __getitem__(self, indices: Tensor) -> Tensor:
        if self._table is None:
            self._table = self._draw()
        return self._table[indices]


@contextmanager
def inference(network: nn.Module) -> Iterator[None]:
    """Run a network as when predicting (running statistics, no dropout), then let it train again."""
    network.eval()
    try:
        yield
    finally:
        network.train()
