"""Noise that belongs to examples."""

from __future__ import annotations

from torch import Tensor

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
        self._random = random.child(name)
        self._shape = (count, size)
        self._table: Tensor | None = None

    def __getitem__(self, indices: Tensor) -> Tensor:
        if self._table is None:
            self._table = self._random.uniform(*self._shape)
        return self._table[indices]
