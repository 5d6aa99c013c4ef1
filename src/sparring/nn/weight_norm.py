"""Weight normalisation: the weights of each output have a direction, and a length of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

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
        self._convolve: Callable[..., Tensor] | None = None
        if isinstance(layer, nn.Conv2d):
            self._convolve = partial(F.conv2d, stride=layer.stride, padding=layer.padding)

    @property
    def weight(self) -> Tensor:
        """s θ / |θ|, of the shape of θ."""
        factors = self.scale / lengths(self.direction)
        return self.direction * factors.view(-1, *[1] * (self.direction.dim() - 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """What the layer makes of the inputs with these weights."""
        if self._convolve is not None:
            return self._convolve(inputs, self.weight, self.bias)
        device = inputs.device.type
        low = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
        outputs: Tensor = NormedLinear.apply(inputs, self.direction, self.scale, self.bias, low)
        return outputs

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


class NormedLinear(torch.autograd.Function):
    """Inputs (count, n) times s θ / |θ|, plus a bias, as (count, m), where θ is (m, n), s and the bias (m,).

    Outputs are scaled and not weights, and the gradient is freed of its part along θ in one pass: weights
    that are many beside a batch are gone through as seldom as can be. Only products of matrices are in the
    low precision, where one is given: all else, and what comes out, is as the weights are.
    """

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        direction: Tensor,
        scale: Tensor,
        bias: Tensor,
        low: torch.dtype | None = None,
    ) -> Tensor:
        """The outputs."""
        length, products = lengths(direction), product(inputs, direction.t(), low)
        ctx.save_for_backward(inputs, direction, scale, length, products)
        ctx.low = low
        return torch.addcmul(bias, products, scale / length)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of the first four (section 2.1 of the paper, equation 3)."""
        inputs, direction, scale, length, products = ctx.saved_tensors
        if torch.is_grad_enabled():
            # It is differentiated again: what the forward pass kept must depend on what it was made of.
            length, products = lengths(direction), product(inputs, direction.t(), ctx.low)
        wanted = ctx.needs_input_grad
        scaled = slope * (scale / length)
        of_scale = (slope * products).sum(0) / length
        of_direction = None
        if wanted[1]:
            along = of_scale * scale / length.square()
            of_direction = product(scaled.t(), inputs, ctx.low).addcmul_(direction, along[:, None], value=-1)
        return (
            product(scaled, direction, ctx.low).to(inputs.dtype) if wanted[0] else None,
            of_direction,
            of_scale if wanted[2] else None,
            slope.sum(0) if wanted[3] else None,
            None,
        )


def product(left: Tensor, right: Tensor, low: torch.dtype | None) -> Tensor:
    """The product of two matrices; where a low precision is given, computed in that, and as precise as the
    more precise of them."""
    if low is None:
        return left @ right
    return (left.to(low) @ right.to(low)).to(torch.promote_types(left.dtype, right.dtype))


def lengths(direction: Tensor) -> Tensor:
    """|θ| of each output."""
    found: Tensor = torch.linalg.vector_norm(direction.flatten(1), dim=1)
    return found


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
