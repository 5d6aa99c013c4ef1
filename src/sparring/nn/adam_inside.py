"""Adam with epsilon inside the root, as the code of Improved GAN has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam

from sparring.nn.optimisers import Light


class AdamInside(Light):
    """Adam (Kingma and Ba 2015) whose step is m / sqrt(v + epsilon), with the bias of both corrected.

    torch's own divides by sqrt(v) + epsilon: where gradients are small the two differ. The corrected average
    of g² + epsilon is v + epsilon, so this is torch's, without its epsilon, on squares that are raised by it.

    Args:
        params: what it moves.
        lr: learning rate.
        betas: decay of the first and, above 0, of the second moment.
        eps: epsilon.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "fused": True})

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
                memory = {name: torch.zeros_like(parameter) for name in ("mean", "raised")}
                self.state[parameter] = {"step": torch.zeros((), device=parameter.device), **memory}
        steps, means, raised = (
            [self.state[parameter][name] for parameter in moved] for name in ("step", "mean", "raised")
        )
        beta1, beta2 = group["betas"]
        # Before it is multiplied by beta2.
        torch._foreach_add_(raised, group["eps"] * (1 - beta2) / beta2)
        adam(
            moved,
            [parameter.grad for parameter in moved if parameter.grad is not None],
            means,
            raised,
            [],
            steps,
            fused=group["fused"],
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=group["lr"],
            weight_decay=0.0,
            eps=0.0,
            maximize=False,
        )
