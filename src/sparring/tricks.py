"""Small devices that any system can use."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
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


class Average(nn.Module):
    """An exponential moving average of a network's parameters (Karras et al. 2018, section 4).

    In the first rounds the average is shorter, so that it does not remember the initial weights.

    Args:
        network: what is averaged; buffers, such as running statistics, are copied as they are.
        decay: weight of the past in each update, once the rounds are many.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the averaged network makes of the inputs."""
        result: Tensor = self.network(*inputs)
        return result

    @torch.no_grad()
    def update(self, network: nn.Module, rounds: int) -> None:
        """Move towards the network, after so many rounds of training."""
        decay = min(self.decay, (1 + rounds) / (10 + rounds))
        own: list[Tensor] = list(self.network.parameters())
        current: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(own, current, 1 - decay)
        for buffer, new in zip(self.network.buffers(), network.buffers(), strict=True):
            buffer.copy_(new)


@contextmanager
def inference(network: nn.Module) -> Iterator[None]:
    """Run a network as when predicting (running statistics, no dropout), then put it back as it was."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
