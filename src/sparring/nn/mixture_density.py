"""A mixture of Gaussians as a density of points."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class MixtureDensity(nn.Module):
    """Gaussians, each with a place, a deviation that is the same in all directions, and a share; all learnt.

    Args:
        size: numbers in an example.
        components: how many.
    """

    def __init__(self, size: int, components: int) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.randn(components, size))
        self.log_deviations = nn.Parameter(torch.zeros(components))
        self.shares = nn.Parameter(torch.zeros(components))

    @torch.no_grad()
    def begin(self, examples: Tensor) -> None:
        """Place the Gaussians on examples (count, ...), as wide as lets so many cover them."""
        numbers = examples.flatten(1)
        components, size = self.means.shape
        self.means.copy_(numbers[torch.arange(components) % len(numbers)])
        spread = numbers.std(correction=0).clamp_min(torch.finfo(numbers.dtype).tiny)
        self.log_deviations.fill_(spread.log().item() - math.log(components) / size)

    def forward(self, examples: Tensor) -> Tensor:
        """log p of each example (count, ...), in nats, (count,)."""
        size = self.means.shape[1]
        squares = (examples.flatten(1)[:, None] - self.means).square().sum(2)
        widths = self.log_deviations + math.log(2 * math.pi) / 2
        exponents = squares * (-2 * self.log_deviations).exp() / -2 - size * widths
        return (exponents + self.shares.log_softmax(0)).logsumexp(1)
