"""Weight normalisation: the weights of each output have a direction, and a length of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALLEST_DEVIATION = 1e-6
"""An output that is the same for all inputs is not blown up beyond the inverse of this."""


class WeightNormed(nn.Module):
    """A layer whose weights are w = s θ / |θ| for each output (Salimans and Kingma 2016, arXiv:1602.07868).

    Args:
        layer: a linear or convolutional layer with a bias, in whose place this stands; its weights are the
            first θ.
        learn_scale: whether s is learnt; otherwise it stays what `fit` makes it.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, learn_scale: bool = True) -> None:
        super().__init__()
        self.direction = layer.weight
        self.bias = layer.get_parameter("bias")
        self.scale: Tensor
        scale = torch.ones(len(layer.weight))
        if learn_scale:
            self.register_parameter("scale", nn.Parameter(scale))
        else:
            self.register_buffer("scale", scale)
        self._operation: Callable[..., Tensor] = F.linear
        if isinstance(layer, nn.Conv2d):
            self._operation = partial(F.conv2d, stride=layer.stride, padding=layer.padding)

    @property
    def weight(self) -> Tensor:
        """s θ / |θ|, of the shape of θ."""
        factors: Tensor = self.scale / self.direction.flatten(1).norm(dim=1)
        return self.direction * factors.view(-1, *[1] * (self.direction.dim() - 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """What the layer makes of the inputs with these weights."""
        return self._operation(inputs, self.weight, self.bias)

    @torch.no_grad()
    def fit(self, inputs: Tensor) -> Tensor:
        """Choose scale and bias so that each output has mean 0 and variance 1 over some inputs (section 3).

        Args:
            inputs: a batch, as the layer will see it.

        Returns:
            What it now makes of them.
        """
        self.scale.fill_(1.0)
        self.bias.zero_()
        outputs = self.forward(inputs)
        over = [dim for dim in range(outputs.dim()) if dim != 1]
        deviation = outputs.var(over, correction=0).sqrt().clamp_min(SMALLEST_DEVIATION)
        self.scale.div_(deviation)
        self.bias.copy_(-outputs.mean(over) / deviation)
        return self.forward(inputs)


def fit(network: nn.Module, inputs: Tensor) -> Tensor:
    """Fit the weight-normalised layers of a chain, each to what the layers before it make of some inputs.

    Returns:
        What the chain now makes of them.
    """
    if isinstance(network, WeightNormed):
        return network.fit(inputs)
    if isinstance(network, nn.Sequential):
        for layer in network:
            inputs = fit(layer, inputs)
        return inputs
    with torch.no_grad():
        return torch.as_tensor(network(inputs))
