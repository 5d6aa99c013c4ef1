"""What moves weights about their posterior, and the prior that they have there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sparring.nn.noisy_adam import NoisyAdam
from sparring.nn.sghmc import SGHMC
from sparring.randomness import Randomness


@dataclass(frozen=True)
class Posterior:
    """How the posterior of weights is sampled, as Saatchi and Wilson 2017 do or as their code does."""

    as_code: bool
    """Adam on gradients with noise, and not SGHMC; a prior that is a mean over the weights of a tensor."""
    friction: float
    """Share of the velocity that SGHMC loses in a step; it decides the noise of both."""
    prior_deviation: float
    """Standard deviation of the Gaussian prior."""
    count: int
    """Examples that the posterior is given."""

    def mover(
        self,
        weights: Iterable[Tensor],
        rate: float,
        adam_beta1: float,
        noise: Randomness,
        adam_epsilon: float,
    ) -> Optimizer:
        """What moves weights at a learning rate, where losses are means over the examples."""
        if not self.as_code:
            return SGHMC(weights, rate, self.friction, 1 / self.count, noise)
        deviation = math.sqrt(2 * self.friction) / self.count
        return NoisyAdam(weights, rate, (adam_beta1, 0.999), deviation, noise, adam_epsilon)

    def prior(self, network: nn.Module) -> Tensor:
        """The share of one example in -log p of the weights of a network."""
        weights = list(network.parameters())
        lengths = torch.stack([torch.linalg.vector_norm(weight) for weight in weights])
        squares = (lengths / self.prior_deviation).square()
        if self.as_code:
            counts = torch.tensor([weight.numel() for weight in weights], device=squares.device)
            return (squares / counts).sum() / self.count
        return squares.sum() / (2 * self.count)

    def joined(self, costs: Iterable[Tensor]) -> Tensor:
        """What one network pays for several opponents: their mean; in the code the logsumexp, in which the
        worst counts most."""
        stacked = torch.stack(list(costs))
        return stacked.logsumexp(0) if self.as_code else stacked.mean()
