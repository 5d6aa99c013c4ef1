"""Draws of tokens out of a large vocabulary, by the softmax of their scores."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

AT_ONCE = 2**18
"""Scores computed in one go, which a processor keeps at hand."""
BLOCK = 64
"""Neighbouring tokens whose chances are added up before any is looked at by itself."""
NEVER = -torch.inf
"""The score of what no token stands for."""


class Draws:
    """Draws from softmax((hidden weight' + bias) / temperature), by where noise falls in the distribution
    function.

    Most of such a draw is the function of thousands of tokens, of which one place is wanted: it is computed
    for blocks of tokens, and within one block alone.

    Args:
        weight: (vocabulary, size).
        bias: (vocabulary,).
        temperature: divides the scores.
    """

    def __init__(self, weight: Tensor, bias: Tensor, temperature: float = 1.0) -> None:
        scores = torch.cat([weight, bias[:, None]], 1).float() / temperature
        scores = F.pad(scores, (0, 0, 0, -len(scores) % BLOCK))
        scores[len(weight) :, -1] = NEVER
        self.scores = scores.t().contiguous()
        """With the bias as the last row."""
        self.last = len(weight) - 1

    @torch.no_grad()
    def __call__(self, hidden: Tensor, noise: Tensor) -> Tensor:
        """Tokens, int64 (count,).

        Args:
            hidden: (count, size).
            noise: from U(0, 1), (count,): the same noise takes the same token of the same chances.
        """
        rows = max(1, AT_ONCE // self.scores.shape[1])
        with torch.autocast(hidden.device.type, enabled=False):
            seen = F.pad(hidden.float(), (0, 1), value=1.0)
            parts = zip(seen.split(rows), noise.to(seen).split(rows), strict=True)
            return torch.cat([self._drawn(each, part[:, None]) for each, part in parts])

    def _drawn(self, hidden: Tensor, noise: Tensor) -> Tensor:
        chances = (hidden @ self.scores).softmax(1).unflatten(1, (-1, BLOCK))
        upto = chances.sum(2).cumsum(1)
        wanted = noise * upto[:, -1:]
        block = torch.searchsorted(upto, wanted, right=True).clamp_(max=upto.shape[1] - 1)
        within = chances.gather(1, block[:, :, None].expand(-1, 1, BLOCK)).squeeze(1)
        before = F.pad(upto, (1, 0)).gather(1, block)
        place = torch.searchsorted(within.cumsum(1), wanted - before, right=True).clamp_(max=BLOCK - 1)
        return (block * BLOCK + place).squeeze(1).clamp_(max=self.last)
