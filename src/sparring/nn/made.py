"""MADE: a density of many numbers between 0 and 1, each told by those before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEWEST = 0.01
"""No number is first thought to be rarer, or more frequent, than this."""


class MADE(nn.Module):
    """A masked autoencoder with one hidden layer (Germain et al. 2015, arXiv:1502.03509, section 4).

    The logit of each number depends on the numbers before it alone, in the order of the pixels, so that the
    product of all is a distribution. Numbers between 0 and 1 count as means of coins, as is usual for grey.

    Args:
        size: numbers in an example.
        units: of the hidden layer.
    """

    def __init__(self, size: int, units: int = 500) -> None:
        super().__init__()
        self.hidden = nn.Linear(size, units)
        self.logits = nn.Linear(units, size)
        places = torch.arange(size)
        # Each unit sees the numbers up to a place; the places are spread evenly over all but the last.
        sees = torch.linspace(0, max(0, size - 2), units).round()
        self.register_buffer("hidden_mask", (sees[:, None] >= places[None]).float(), persistent=False)
        self.register_buffer("logits_mask", (places[:, None] > sees[None]).float(), persistent=False)
        self.hidden_mask: Tensor
        self.logits_mask: Tensor

    @torch.no_grad()
    def begin(self, examples: Tensor) -> None:
        """Give each number of examples (count, ...) its mean over these as a first guess."""
        self.logits.bias.copy_(examples.flatten(1).mean(0).clamp(FEWEST, 1 - FEWEST).logit())

    def forward(self, examples: Tensor) -> Tensor:
        """log p of each example (count, ...), in nats, (count,)."""
        numbers = examples.flatten(1)
        seen = F.linear(numbers, self.hidden.weight * self.hidden_mask, self.hidden.bias).relu()
        logits = F.linear(seen, self.logits.weight * self.logits_mask, self.logits.bias)
        surprise = F.binary_cross_entropy_with_logits(logits, numbers, reduction="none")
        return -surprise.sum(1)
