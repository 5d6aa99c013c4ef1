"""A moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Average(nn.Module):
    """An exponential moving average of a network's parameters (Karras et al. 2018, section 4).

    In the first rounds the average is shorter, so that it does not remember the initial weights.

    Args:
        network: what is averaged; buffers, such as running statistics, are copied as they are.
        decay: weight of the past in each update, once the rounds are many.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the averaged network makes of the inputs."""
        result: Tensor = self.network(*inputs)
        return result

    @torch.no_grad()
    def update(self, network: nn.Module, rounds: int) -> None:
        """Move towards the network, after so many rounds of training."""
        decay = min(self.decay, (1 + rounds) / (10 + rounds))
        own: list[Tensor] = list(self.network.parameters())
        current: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(own, current, 1 - decay)
        for buffer, new in zip(self.network.buffers(), network.buffers(), strict=True):
            buffer.copy_(new)
