"""A temperature, by which the probabilities of a classifier become as good as its errors say."""

from __future__ import annotations

import torch
from torch import Tensor

BOUND = 6.0
"""Of the logarithm of a temperature: where all is right, none would be cold enough."""


def fitted_temperature(logits: Tensor, classes: Tensor) -> float:
    """What logits are to be divided by, so that their softmax gives the classes the greatest likelihood.

    Guo et al. 2017, arXiv:1706.04599, section 4.2. It changes no class that is named, only how surely.

    Args:
        logits: of examples that were not trained on, (count, classes).
        classes: their true classes, int64 (count,).
    """
    logits = logits.double()
    # The loss is convex in the inverse temperature: where its slope vanishes is found by halving.
    low, high = -BOUND, BOUND
    for _ in range(60):
        middle = (low + high) / 2
        cooled = logits * torch.tensor(-middle).exp().item()
        expected = (cooled.softmax(1) * logits).sum(1)
        slope = (expected - logits.gather(1, classes[:, None])[:, 0]).mean().item()
        # Logits that are too large, or the temperature too low, expect more than there is.
        low, high = (middle, high) if slope > 0 else (low, middle)
    return float(torch.tensor((low + high) / 2).exp())
