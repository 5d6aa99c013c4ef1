"""How the weights of convolutions lie in memory."""

from __future__ import annotations

import torch
from torch import nn

from sparring.nn.convolution import has_many_channels


def lay_out(network: nn.Module, device: torch.device) -> None:
    """Let the channels of every convolution's weights lie side by side where that is the faster way.

    What a layer makes lies as its weights do, so the whole network works so. On a CPU that spares the copies
    that its convolutions otherwise begin and end with: up to a tenth of a step. torch normalises single
    images faster in the other order, so networks that do keep it; so do layers that may go by points.

    Args:
        network: its parameters are the same ones afterwards, with the same values.
        device: where it will work.
    """
    single = nn.InstanceNorm2d | nn.GroupNorm
    if device.type != "cpu" or any(isinstance(layer, single) for layer in network.modules()):
        return
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and not has_many_channels(layer):
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
