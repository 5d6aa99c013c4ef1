"""A moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

STATISTICS = ("running_mean", "running_var")
"""The buffers of batch normalisation that are averaged, by the ends of their names."""


class Average(nn.Module):
    """An exponential moving average of a network's parameters (Karras et al. 2018, section 4).

    In the first rounds the average is shorter, so that it does not remember the initial weights. The running
    statistics of batch normalisation are averaged alike: those of the last few batches would move the colours
    of all images together. Other buffers are copied as they are.

    Args:
        network: what is averaged.
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
        averages, copies = parted(self.network)
        now, others = parted(network)
        torch._foreach_lerp_(averages, now, 1 - decay)
        for copied, new in zip(copies, others, strict=True):
            copied.copy_(new)


def parted(network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """What is averaged of a network, its parameters and the running statistics of its batch normalisation;
    and its other buffers."""
    averaged: list[Tensor] = list(network.parameters())
    others: list[Tensor] = []
    for name, buffer in network.named_buffers():
        (averaged if name.endswith(STATISTICS) else others).append(buffer)
    return averaged, others
