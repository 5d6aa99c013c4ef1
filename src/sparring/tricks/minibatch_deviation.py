"""Minibatch standard deviation: a critic is told how much the examples beside one differ."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from sparring.tricks.batch_features import BatchFeatures
from sparring.tricks.trick import Flags

SMALLEST = 1e-8
"""Added to variances, whose root has no derivative at 0."""


class MinibatchDeviation(BatchFeatures):
    """The layer of a critic that gives its score has one more input: the standard deviation of each of its
    other inputs over the examples that are judged with it, and are of the same kind, in the mean of all.

    Samples that are all alike are thereby seen to be.
    """

    source = "Karras et al. 2018, arXiv:1710.10196, section 3, over the whole batch"
    usual = {"minibatch_deviation": True}
    inputs = "minibatch_deviation"

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of minibatch standard deviation."""

        minibatch_deviation: bool = False
        """Tell critics how much the examples of a batch differ."""

    def compared(self, features: Tensor, layer: nn.Module) -> Tensor:
        """The mean of the deviations, the same for all examples."""
        deviation = features.var(0, correction=0).add(SMALLEST).sqrt().mean()
        return deviation.expand(len(features), 1)
