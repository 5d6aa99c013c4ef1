"""Adam on clipped gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn

from sparring.nn.optimisers import Adam


class ClippedAdam(Adam):
    """Adam whose gradient, of all parameters together, is made no longer than a norm (Pascanu et al. 2013,
    arXiv:1211.5063, section 3.2).

    Args:
        parameters: what it moves.
        lr: learning rate.
        largest_norm: Euclidean length of a gradient, at the most.
        more: further arguments of Adam.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, largest_norm: float, **more: Any
    ) -> None:
        super().__init__(parameters, lr, **more)
        self.largest_norm = largest_norm

    def step(self, closure: Any = None) -> Any:
        """Clip, then move."""
        nn.utils.clip_grad_norm_(
            [parameter for group in self.param_groups for parameter in group["params"]], self.largest_norm
        )
        return super().step(closure)
