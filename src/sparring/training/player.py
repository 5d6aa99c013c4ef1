"""A player at work: the parameters it moves, its learning rates, its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sparring.game import Player
from sparring.settings import NonNegative
from sparring.training.meter import Values
from sparring.validation import Misfit, check, within

SMALLEST_LENGTH = 1e-9
"""What an update is relative to is at least this, where all weights are zero."""


@dataclass(frozen=True)
class PlayerState:
    """What a player remembers."""

    rates: list[NonNegative]
    memory: dict[str, dict[str, Tensor]]


@contextmanager
def slower(players: Iterable[ActivePlayer], factor: float) -> Iterator[None]:
    """All learning rates times a factor: those of players who look at each other's steps, too."""
    groups = [group for player in players for group in player.optimizer.param_groups]
    rates = [group["lr"] for group in groups]
    for group, rate in zip(groups, rates, strict=True):
        group["lr"] = rate * factor
    try:
        yield
    finally:
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate


class ActivePlayer:
    """A player of a game that is being trained.

    Args:
        name: what the game calls it.
        player: what the game says of it.
    """

    def __init__(self, name: str, player: Player) -> None:
        self.name = name
        self.role = player.role
        self.schedule = player.schedule
        self.optimizer = player.optimizer
        self.moved = moved_parameters(player.optimizer)
        self.members = {id(parameter) for parameter in self.moved}
        self.sentinels = sentinels(self.moved)
        self.first_rates = [group["lr"] for group in player.optimizer.param_groups]

    def set_rates(self, progress: float, decay: float) -> None:
        """Set the learning rates of a moment, unless the game sets them itself.

        Args:
            progress: share of the phase behind us.
            decay: a factor beside the player's own schedule.
        """
        if self.schedule is None:
            return
        factor = self.schedule(progress) * decay
        for group, first in zip(self.optimizer.param_groups, self.first_rates, strict=True):
            group["lr"] = first * factor

    def gradients(self) -> list[Tensor]:
        """The gradients that there are."""
        return [parameter.grad for parameter in self.moved if parameter.grad is not None]

    def gradient_probe(self, device: torch.device) -> Tensor:
        """A number that is finite if the gradients are, without reading all of them in every turn."""
        gradients = [parameter.grad for parameter in self.sentinels if parameter.grad is not None]
        if not gradients:
            return torch.zeros((), device=device)
        # One sum, which is several times as fast as a norm for each: this is done in every turn.
        return torch.cat([gradient.flatten() for gradient in gradients]).sum()

    def withhold_unless(self, finite: Tensor) -> None:
        """Make gradients zero where a flag on the device says so, without waiting for it."""
        for parameter in self.moved:
            if parameter.grad is not None:
                parameter.grad = torch.where(finite, parameter.grad, 0.0)

    def step(self) -> None:
        """Move, and forget the gradients."""
        self.optimizer.step()
        self._forget_gradients()

    @torch.no_grad()
    def measured_step(self) -> Values:
        """Move, and say how: the length of the gradient, and that of the update relative to the weights'."""
        gradient = length(self.gradients())
        before = [parameter.clone() for parameter in self.moved]
        with torch.enable_grad():
            self.step()
        update = length([now - old for now, old in zip(self.moved, before, strict=True)])
        return {
            f"{self.name}/gradient_norm": gradient,
            f"{self.name}/update_ratio": update / max(length(before), SMALLEST_LENGTH),
        }

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(parameter.isfinite().all()) for parameter in self.moved)

    def state(self) -> dict[str, Any]:
        """The optimiser's memory of each parameter, and its learning rates."""
        memories = self.optimizer.state_dict()["state"]
        return {
            "rates": [float(group["lr"]) for group in self.optimizer.param_groups],
            "memory": {
                str(index): {name: torch.as_tensor(value) for name, value in memory.items()}
                for index, memory in memories.items()
            },
        }

    def check(self, state: Mapping[str, Any]) -> None:
        """Raise `Misfit` unless a state could be this player's. It moves, so that its optimiser remembers
        something to compare with: weights have to be restored afterwards."""
        check(state, PlayerState)
        if len(state["rates"]) != len(self.optimizer.param_groups):
            raise Misfit(f"has {len(state['rates'])} learning rates for {len(self.first_rates)}")
        for parameter in self.moved:
            parameter.grad = torch.zeros_like(parameter)
        self.step()
        own = self.state()["memory"]
        for index, memory in state["memory"].items():
            for name, tensor in memory.items():
                wanted = own.get(index, {}).get(name)
                if wanted is None or (tensor.dtype, tensor.shape) != (wanted.dtype, wanted.shape):
                    with within("memory", index, name):
                        raise Misfit(f"cannot be {tuple(tensor.shape)} of {tensor.dtype}")

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with what `state` gave."""
        groups = self.optimizer.state_dict()["param_groups"]
        memory = {
            int(index): {name: laid_like(self.moved[int(index)], value) for name, value in values.items()}
            for index, values in state["memory"].items()
        }
        self.optimizer.load_state_dict({"state": memory, "param_groups": groups})
        for group, rate in zip(self.optimizer.param_groups, state["rates"], strict=True):
            group["lr"] = rate
        # A turn that was broken off has left gradients.
        self._forget_gradients()

    def _forget_gradients(self) -> None:
        # As optimizer.zero_grad() does, without what that spends on hooks and profiling in every turn.
        for parameter in self.moved:
            parameter.grad = None


def moved_parameters(optimizer: Optimizer) -> list[nn.Parameter]:
    """All parameters that an optimiser steps."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def laid_like(parameter: Tensor, memory: Tensor) -> Tensor:
    """A copy of what an optimiser remembers, which goes on in the very tensors that it is given; what has the
    shape of a parameter lies in its order, for torch moves weights in one pass without looking at orders."""
    if memory.shape != parameter.shape:
        return memory.clone()
    return torch.empty_like(parameter, dtype=memory.dtype, device=memory.device).copy_(memory)


def sentinels(parameters: Sequence[nn.Parameter]) -> list[nn.Parameter]:
    """Parameters whose gradients tell whether all are finite: the biases, or all where there are none.

    What is not a number goes back through a network from where it arises, and meets a bias at every layer.
    """
    return [parameter for parameter in parameters if parameter.dim() == 1] or list(parameters)


def length(tensors: list[Tensor]) -> float:
    """Euclidean length of all tensors together."""
    return torch.stack(torch._foreach_norm(tensors)).norm().item() if tensors else 0.0
