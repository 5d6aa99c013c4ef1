"""Adam with epsilon inside the root, as the code of Improved GAN has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class AdamInside(Optimizer):
    """Adam (Kingma and Ba 2015) whose step is m / sqrt(v + epsilon), with the bias of both corrected.

    torch's own divides by sqrt(v) + epsilon: where gradients are small the two differ.

    Args:
        params: what it moves.
        lr: learning rate.
        betas: decay of the first and the second moment.
        eps: epsilon.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move all parameters that have a gradient."""
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            if moved:
                self._move(moved, group)

    def _move(self, moved: list[Tensor], group: dict[str, Any]) -> None:
        for parameter in moved:
            if not self.state[parameter]:
                memory = {name: torch.zeros_like(parameter) for name in ("mean", "square")}
                self.state[parameter] = {"step": torch.zeros(()), **memory}
        gradients = [parameter.grad for parameter in moved if parameter.grad is not None]
        steps, means, squares = (
            [self.state[parameter][name] for parameter in moved] for name in ("step", "mean", "square")
        )
        beta1, beta2 = group["betas"]
        torch._foreach_add_(steps, 1)
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        # All of a group have taken the same number of steps, unless some had no gradient in one.
        taken = [step.item() for step in steps]
        scaled = torch._foreach_div(squares, [1 - beta2**step for step in taken])
        torch._foreach_add_(scaled, group["eps"])
        torch._foreach_sqrt_(scaled)
        rates = [-group["lr"] / (1 - beta1**step) for step in taken]
        torch._foreach_addcdiv_(moved, means, scaled, rates)
