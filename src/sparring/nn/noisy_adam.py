"""Adam on gradients with noise, which the code of Bayesian GAN has for Hamiltonian Monte Carlo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sparring.nn.optimisers import Adam
from sparring.randomness import Randomness


class NoisyAdam(Adam):
    """Adam whose gradients have noise in N(0, deviation²) added.

    The authors' code adds to the loss the sum of all weights, each times a number drawn anew: the gradient
    of that is noise. Adam divides it by the root of what squares are on average, so that unlike with SGHMC
    what it samples is no known distribution.

    Args:
        params: what it moves.
        lr: learning rate.
        betas: decay of the first and of the second moment.
        deviation: of the noise.
        random: where the noise comes from, which all processes must share.
        eps: what is added to the root of the second moment.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float],
        deviation: float,
        random: Randomness,
        eps: float,
    ) -> None:
        super().__init__(params, lr, betas, eps)
        self.deviation = deviation
        self.random = random

    def __getstate__(self) -> dict[str, Any]:
        """What a copy has; torch's own leaves out what it does not know."""
        return super().__getstate__() | {"deviation": self.deviation, "random": self.random}

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move all parameters that have a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    # Not in place: steps may be differentiated through.
                    noise = self.random.normal(*parameter.shape)
                    parameter.grad = torch.add(parameter.grad, noise, alpha=self.deviation)
        super().step()
