"""Another normalisation, or none, for networks of a role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.utils import parametrizations, parametrize

from sparring.errors import SettingError
from sparring.nn.virtual_batch_norm import VirtualBatchNorm, put_beside
from sparring.randomness import Randomness
from sparring.tricks.layers import exchange, exchange_all, output_layers, outputs_of, weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.data.dataset import Batch
    from sparring.game import Game, Role

NormName = Literal["own", "none", "batch", "instance", "layer", "weight", "virtual"]
REFERENCE = 64
"""Examples of a reference batch at the most."""
WITHOUT_REFERENCE = {
    "generator": ("conditioning",),
    "critic": (
        "conditioning",
        "packing",
        "minibatch deviation",
        "minibatch discrimination",
        "feature matching",
        "tanh output",
    ),
}
"""Tricks, by role, that show networks another kind of examples than are in a reference batch, or compare all
in a batch, or tell something of each."""


class Normalisation(Trick):
    """Every normalisation of a network is exchanged for another; where it has none, one comes after each of
    its layers but those that make its outputs, and in a critic but the first (Radford et al. 2015, section
    3).

    What takes the place of a normalisation keeps a scale and a shift for each channel, also where it is
    `none`. Weight normalisation is of all layers. For virtual batch normalisation the reference batch of a
    critic are the first real examples of a run, as they are dealt, and that of a generator is of noise that
    is always the same; it goes through the network with every batch.
    """

    source = (
        "Ioffe and Szegedy 2015, arXiv:1502.03167 (batch); Ulyanov et al. 2016, arXiv:1607.08022 (instance); "
        "Ba et al. 2016, arXiv:1607.06450 (layer); Salimans and Kingma 2016, arXiv:1602.07868 (weight); "
        "Salimans et al. 2016, arXiv:1606.03498, section 3.4 (virtual batch)"
    )
    usual = {"generator_norm": "layer"}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of normalisation."""

        generator_norm: NormName = "own"
        """Normalisation of generators."""
        critic_norm: NormName = "own"
        """Normalisation of critics. Gradient penalties do not go well with batch."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.missing = {role for role, kind in self._wanted().items() if kind != "own"}
        """Roles in whose networks nothing has been exchanged yet."""
        self.shape: tuple[int, ...] = ()
        """Of the reference batch of a critic."""
        self.noise: Callable[[], Tensor] = lambda: torch.zeros(0)
        """Gives the reference batch of a generator."""

    def prepare(self, game: Game) -> None:
        """How many examples a reference batch has, and of what shape."""
        self.shape = (min(REFERENCE, game.settings.batch_size), *game.data.shape)
        # The same for a run that is loaded with another seed. No attribute: a trick is a part of its game.
        made: list[Tensor] = []

        def noise() -> Tensor:
            if not made:
                made.append(game.latent(self.shape[0], Randomness(0, game.random.device)))
            return made[0]

        self.noise = noise

    def start(self, first: Mapping[str, Batch], game: Game) -> None:
        """The first real examples are the reference batch of critics.

        Raises:
            SettingError: there are several sources of examples.
        """
        if self.settings.critic_norm == "virtual" and len(first) > 1:
            raise SettingError(
                "The trick 'normalisation' cannot work here: a reference batch is of one source of examples, "
                f"and {type(game).__name__} learns from {' and '.join(first)}."
            )
        for role, network in game.networks:
            if role == "critic" and self.settings.critic_norm == "virtual":
                reference = network.get_buffer("reference")
                reference.copy_(next(iter(first.values())).examples[: len(reference)])
                names = {name for name, buffer in game.named_buffers() if buffer is reference}
                game.of_data = {*game.of_data, *names}

    def refuses(self, game: Game) -> str | None:
        """Games without a normalisation or an inner layer in the networks of that role; a reference batch of
        texts, or beside a trick that shows critics other examples, or tells them something."""
        if "virtual" in self._wanted().values():
            if game.data.kind.discrete:
                return f"a reference batch is of numbers, and this data has {game.data.kind.about}"
            wanted = [role for role, kind in self._wanted().items() if kind == "virtual"]
            apart = {name for role in wanted for name in WITHOUT_REFERENCE[role]}
            for name, _ in game.tricks.items():
                if name in apart:
                    return (
                        f"a reference batch cannot stand beside what '{name}' shows networks, or tells them"
                    )
        if self.missing:
            roles = " or ".join(sorted(self.missing))
            return f"no network of the role {roles} has a normalisation or an inner layer"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """The network with another normalisation."""
        kind = self._wanted().get(role, "own")
        critic = role == "critic"
        if kind == "own" or not normalise(network, kind, critic, self.shape[0]):
            return network
        self.missing.discard(role)
        if kind == "virtual" and critic:
            network.register_buffer("reference", torch.zeros(self.shape))
            put_beside(network, lambda used: used.get_buffer("reference"))
        elif kind == "virtual":
            noise = self.noise
            put_beside(network, lambda used: noise())
        return network

    def _wanted(self) -> dict[str, NormName]:
        return {"generator": self.settings.generator_norm, "critic": self.settings.critic_norm}


class Affine(nn.Module):
    """A scale and a shift for each channel: normalisation without its statistics.

    Args:
        channels: how many.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, activations: Tensor) -> Tensor:
        """Activations (count, channels, ...)."""
        shape = (-1, *[1] * (activations.dim() - 2))
        return activations * self.weight.view(shape) + self.bias.view(shape)


class BatchNorm(_BatchNorm):
    """Batch normalisation of activations (count, channels, ...) with any number of places."""

    def _check_input_dim(self, input: Tensor) -> None:
        pass


class InstanceNorm(nn.GroupNorm):
    """Instance normalisation of activations (count, channels, ...).

    Args:
        channels: how many.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, input: Tensor) -> Tensor:
        """Normalise each channel of each example.

        Raises:
            SettingError: a channel is a single number, of which nothing would be left.
        """
        if input[0, 0].numel() < 2:
            raise SettingError(
                "The trick 'normalisation' cannot work here: instance normalisation is over the places of a "
                "channel, and these layers have one: use batch or layer."
            )
        return super().forward(input)


NORMS = {"none": Affine, "batch": BatchNorm, "instance": InstanceNorm, "weight": Affine}
TRANSPOSED = nn.ConvTranspose1d | nn.ConvTranspose2d
OLD = (_BatchNorm, _InstanceNorm, nn.GroupNorm)


def new_norm(kind: str, channels: int, reference: int) -> nn.Module:
    """A normalisation of so many channels."""
    if kind == "virtual":
        return VirtualBatchNorm(channels, reference)
    return nn.GroupNorm(1, channels) if kind == "layer" else NORMS[kind](channels)


def normalise(network: nn.Module, kind: str, critic: bool, reference: int = 0) -> bool:
    """Exchange the normalisation of a network; whether there was anything to do.

    Args:
        network: with normalisations of torch's own, or without any.
        kind: what takes their place.
        critic: whether it is a critic, whose first layer has none.
        reference: examples of the reference batch, for virtual batch normalisation.
    """
    layers = weighted_layers(network)
    old = [part for part in network.modules() if isinstance(part, OLD)]
    found = exchange_all(network, old, lambda part: new_norm(kind, channels_of(part), reference))
    if kind == "weight":
        plain = [layer for layer in layers if not parametrize.is_parametrized(layer)]
        for layer in plain:
            # A length for each output; transposed convolutions have their outputs second.
            parametrizations.weight_norm(layer, dim=int(isinstance(layer, TRANSPOSED)))
        return bool(found or plain)
    if kind != "none" and not found:
        inner = [layer for layer in layers[int(critic) :] if layer not in output_layers(network)]
        for layer in inner:
            exchange(network, layer, nn.Sequential(layer, new_norm(kind, outputs_of(layer), reference)))
        return bool(inner)
    return bool(found)


def channels_of(norm: nn.Module) -> int:
    """The channels of a normalisation."""
    return int(norm.num_channels if isinstance(norm, nn.GroupNorm) else norm.num_features)  # type: ignore[arg-type]
