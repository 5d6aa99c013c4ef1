"""How the weights of convolutions lie in memory."""

from __future__ import annotations

import torch
from torch import nn


def lay_out(network: nn.Module, device: torch.device) -> None:
    """Let the channels of every convolution's weights lie side by side where that is the faster way.

    What a layer makes lies as its weights do, so the whole network works so. On a CPU that spares the copies
    that its convolutions otherwise begin and end with: a tenth or more of a step. torch normalises single
    images in the other order alone, so networks that do keep it.

    Args:
        network: its parameters are the same ones afterwards, with the same values.
        device: where it will work.
    """
    if device.type != "cpu" or any(isinstance(layer, nn.InstanceNorm2d) for layer in network.modules()):
        return
    for weight in network.parameters():
        if weight.dim() == 4:
            # Not by `contiguous`, which leaves the weights of one channel as they are: both orders are one,
            # save that torch would take the other for what comes of them.
            weight.data = weight.data.movedim(1, -1).contiguous().movedim(-1, 1)
