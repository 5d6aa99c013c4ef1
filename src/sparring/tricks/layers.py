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


def output_layers(network: nn.Module) -> list[nn.Module]:
    """Its last layer with weights, and the other heads right before it: layers of its type and number of
    inputs that give another number, and so cannot be what feeds it."""
    layers = weighted_layers(network)
    heads = layers[-1:]
    for layer in reversed(layers[:-1]):
        if not _beside(layer, heads[0]):
            break
        heads.insert(0, layer)
    return heads


def inner_activations(network: nn.Module) -> list[nn.Module]:
    """Its activations, without those that come after its first layer that makes an output."""
    parts = list(network.modules())
    first = next((parts.index(layer) for layer in output_layers(network)), 0)
    return [part for part in parts[:first] if isinstance(part, ACTIVATIONS)]


def outputs_of(layer: nn.Module) -> int:
    """The channels or units that a layer gives."""
    return int(layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels)  # type: ignore[arg-type]


def inputs_of(layer: nn.Module) -> int:
    """The channels or units that a layer is given."""
    return int(layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels)  # type: ignore[arg-type]


def exchange(network: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put a part in the place of another, everywhere in a network where that is."""
    for parent, name in list(_places(network, old)):
        setattr(parent, name, new)


def exchange_all(network: nn.Module, old: Sequence[nn.Module], new: Callable[[nn.Module], nn.Module]) -> int:
    """Put a new part in the place of each of some others; how many there were."""
    for part in old:
        exchange(network, part, new(part))
    return len(old)


def _beside(layer: nn.Module, other: nn.Module) -> bool:
    inputs = inputs_of(other)
    return type(layer) is type(other) and inputs_of(layer) == inputs != outputs_of(layer)


def _places(network: nn.Module, part: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    for parent in network.modules():
        # Not named_children, which names a part that stands twice only once.
        yield from ((parent, name) for name, child in parent._modules.items() if child is part)
