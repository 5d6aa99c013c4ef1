"""torch's optimisers without torch's compiler.

An optimiser is told not to be compiled, and for that torch imports its compiler, which takes a second or
more of every run's start. These are the same methods without that mark.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer


def unmarked(step: Callable[..., Any]) -> Callable[..., Any]:
    """An optimiser's step, differentiable where its defaults say so."""
    move = inspect.unwrap(step)

    def unmarked_step(self: Optimizer, closure: Callable[[], float] | None = None) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return move(self, closure)

    return unmarked_step


class Light(Optimizer):
    """Base of optimisers that load no compiler; they can be used wherever torch's own can."""

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)


class Adam(Light, torch.optim.Adam):
    """torch's Adam (Kingma and Ba 2015), which goes once through weights, gradients and moments."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if not (options.get("foreach") or options.get("differentiable")):
            options.setdefault("fused", True)
        super().__init__(*arguments, **options)

    step = unmarked(torch.optim.Adam.step)


class RMSprop(Light, torch.optim.RMSprop):
    """torch's RMSProp."""

    step = unmarked(torch.optim.RMSprop.step)


class SGD(Light, torch.optim.SGD):
    """torch's stochastic gradient descent."""

    step = unmarked(torch.optim.SGD.step)
