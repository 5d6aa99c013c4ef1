"""A temperature, by which the probabilities of a classifier become as good as its errors say."""

from __future__ import annotations

import math

from torch import Tensor

BOUND = 6.0
"""Of the logarithm of a temperature, on either side of 0."""


def fitted_temperature(logits: Tensor, classes: Tensor) -> float:
    """What logits are to be divided by, so that their softmax gives the classes the greatest likelihood.

    Guo et al. 2017, arXiv:1706.04599, section 4.2. It changes no class that is named, only how surely. One
    more example than there are counts for all classes evenly, as in Platt 1999: a few that are all named
    rightly are no proof of certainty.

    Args:
        logits: of examples that were not trained on, (count, classes).
        classes: their true classes, int64 (count,).
    """
    logits = logits.double()
    count, evenly = len(logits), logits.mean(1)
    wanted = ((count * logits.gather(1, classes[:, None])[:, 0] + evenly) / (count + 1)).mean().item()
    # The loss is convex in the inverse temperature: where its slope vanishes is found by halving.
    low, high = -BOUND, BOUND
    for _ in range(60):
        middle = (low + high) / 2
        slope = ((logits * math.exp(-middle)).softmax(1) * logits).sum(1).mean().item() - wanted
        # Logits that are too large, or the temperature too low, expect more than there is.
        low, high = (middle, high) if slope > 0 else (low, middle)
    return math.exp((low + high) / 2)
