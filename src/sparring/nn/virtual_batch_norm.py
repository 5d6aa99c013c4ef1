"""Virtual batch normalisation: an example is normalised beside a reference batch, whatever else is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sparring.errors import SettingError

EPSILON = 1e-5
"""Added to variances, as in batch normalisation."""


class VirtualBatchNorm(nn.Module):
    """Normalises each channel of an example by the mean and the variance over a reference batch and the
    example itself (Salimans et al. 2016, section 3.4); the reference batch by its own.

    Args:
        channels: how many.
        reference: so many examples, the first of all that it is given, are the reference batch.
    """

    def __init__(self, channels: int, reference: int) -> None:
        super().__init__()
        self.reference = reference
        self.given: int | None = None
        """Examples that the network is given, the reference batch among them, where that is known."""
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, activations: Tensor) -> Tensor:
        """Activations (count, channels, ...), normalised alike in training and at test.

        Raises:
            SettingError: they are not those of all that the network is given.
        """
        if self.given not in (None, activations.shape[0]):
            raise SettingError(
                "The trick 'normalisation' cannot work here: a network is given "
                f"{self.given} examples, its reference batch among them, and one of its layers with virtual "
                f"batch normalisation {activations.shape[0]}: use batch or layer."
            )
        # At least in float32: of two numbers that are nearly equal, as a mean of squares and the square of a
        # mean may be, bfloat16 leaves no difference.
        precise = activations.to(torch.promote_types(activations.dtype, torch.float32))
        places = precise.reshape(*precise.shape[:2], -1)
        mean = self._beside_reference(places.mean(2))
        variance = self._beside_reference(places.square().mean(2)) - mean.square()
        scale = self.weight * (variance.clamp_min(0) + EPSILON).rsqrt()
        shape = (*mean.shape, *[1] * (precise.dim() - 2))
        normalised = precise * scale.view(shape) + (self.bias - mean * scale).view(shape)
        return normalised.to(activations.dtype)

    def _beside_reference(self, values: Tensor) -> Tensor:
        """Means over the reference batch and each example alone; over the former for its own examples."""
        mean = values[: self.reference].mean(0)
        others = torch.lerp(mean, values[self.reference :], 1 / (self.reference + 1))
        return torch.cat([mean.expand(self.reference, -1), others])


def put_beside(network: nn.Module, reference: Callable[[nn.Module], Tensor]) -> None:
    """Let a network be given a reference batch before whatever it is given, and say nothing of that.

    Args:
        network: takes one tensor, and gives a tensor or several.
        reference: gives the batch of such a network, or of a copy of it.
    """

    def with_reference(network: nn.Module, given: tuple[Any, ...]) -> tuple[Tensor]:
        own, shapes = reference(network), [tuple(each.shape[1:]) for each in given]
        if shapes != [tuple(own.shape[1:])]:
            raise SettingError(
                "The trick 'normalisation' cannot work here: virtual batch normalisation puts a reference "
                f"batch of shape {tuple(own.shape[1:])} beside what a network is given, which is of shape "
                f"{' and '.join(map(str, shapes))}."
            )
        together = torch.cat([own.to(given[0]), given[0]])
        for part in network.modules():
            if isinstance(part, VirtualBatchNorm):
                part.given = together.shape[0]
        return (together,)

    def without(network: nn.Module, given: tuple[Any, ...], made: Any) -> Any:
        count = len(reference(network))
        return tuple(each[count:] for each in made) if isinstance(made, tuple) else made[count:]

    network.register_forward_pre_hook(with_reference)
    network.register_forward_hook(without)
