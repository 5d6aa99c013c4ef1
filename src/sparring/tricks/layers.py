"""The layers of any network: which have weights, which of them lie inside, and how one is exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import nn

from sparring.tricks.spectral_norm import LAYERS

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Softplus, nn.Tanh, nn.Sigmoid)
"""Activations that may be exchanged for others."""


def weighted_layers(network: nn.Module) -> list[nn.Module]:
    """Its dense and convolutional layers, in the order in which they were registered."""
    return [part for part in network.modules() if isinstance(part, LAYERS)]


def inner_activations(network: nn.Module) -> list[nn.Module]:
    """Its activations, without those that come after the last layer with weights: they make its output."""
    parts = list(network.modules())
    last = max((place for place, part in enumerate(parts) if isinstance(part, LAYERS)), default=0)
    return [part for part in parts[:last] if isinstance(part, ACTIVATIONS)]


def exchange(network: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put a part in the place of another, everywhere in a network where that is."""
    for parent, name in list(_places(network, old)):
        setattr(parent, name, new)


def exchange_all(network: nn.Module, old: Sequence[nn.Module], new: Callable[[nn.Module], nn.Module]) -> int:
    """Put a new part in the place of each of some others; how many there were."""
    for part in old:
        exchange(network, part, new(part))
    return len(old)


def _places(network: nn.Module, part: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    for parent in network.modules():
        # Not named_children, which names a part that stands twice only once.
        yield from ((parent, name) for name, child in parent._modules.items() if child is part)
