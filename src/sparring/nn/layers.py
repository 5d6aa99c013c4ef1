"""Layers that more than one system uses."""

from __future__ import annotations

from torch import Tensor, nn

from sparring.randomness import Randomness


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014) whose coins come from the run's own randomness.

    Args:
        probability: share of the activations set to 0 in training.
        random: where the coins come from.
    """

    def __init__(self, probability: float, random: Randomness) -> None:
        super().__init__()
        self.probability = probability
        self.random = random

    def forward(self, activations: Tensor) -> Tensor:
        """Drop, and scale what is left so that the mean stays; the identity in evaluation mode."""
        if not self.training or self.probability == 0:
            return activations
        keep = 1.0 - self.probability
        return activations * self.random.bernoulli(keep, *activations.shape).mul_(1.0 / keep)

    def extra_repr(self) -> str:
        """The probability, for `print(network)`."""
        return f"{self.probability}"
