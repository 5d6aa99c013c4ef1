"""Stochastic-gradient Hamiltonian Monte Carlo: an optimiser that samples where others settle."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sparring.nn.optimisers import Light
from sparring.randomness import Randomness


class SGHMC(Light):
    """Draws weights from exp(-loss / temperature) (Chen et al. 2014, arXiv:1402.4102, equation 15).

    With v the velocity: v <- (1 - friction) v - lr gradient + N(0, 2 friction lr temperature), and the
    weights move by v. Where the loss is a mean over N examples of -log p, with the prior's share, and the
    temperature is 1 / N, these are samples of the posterior. The smaller lr, the nearer; the noise of
    gradients of batches is not made up for.

    Args:
        params: what it moves.
        lr: the step size, that of the posterior's own gradient times N.
        friction: share of the velocity that is lost in a step, above 0 and at most 1.
        temperature: what the loss is divided by; 0 gives gradient descent with momentum.
        random: where the noise comes from, which all processes must share.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, friction: float, temperature: float, random: Randomness
    ) -> None:
        super().__init__(params, {"lr": lr, "friction": friction, "temperature": temperature})
        self.random = random

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move all parameters that have a gradient."""
        for group in self.param_groups:
            rate, friction = group["lr"], group["friction"]
            deviation = math.sqrt(2 * friction * rate * group["temperature"])
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                memory = self.state[parameter]
                if not memory:
                    memory["velocity"] = torch.zeros_like(parameter)
                velocity = memory["velocity"].mul_(1 - friction).add_(parameter.grad, alpha=-rate)
                velocity.add_(self.random.normal(*parameter.shape), alpha=deviation)
                parameter.add_(velocity)
