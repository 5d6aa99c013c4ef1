"""Packing: a critic judges several examples at once, so that it sees whether they are all alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparring.randomness import Randomness
from sparring.settings import Count
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role

WIDENED = nn.Linear | nn.Conv1d | nn.Conv2d
"""First layers that can be given more inputs."""


class Packing(Trick):
    """Examples are joined, m neighbours at a time, along their first dimension before a critic sees them.

    Its first layer has m times the inputs and is otherwise as it was. A batch of N makes N // m packs;
    examples that are left over are not shown. Penalties on the critic's gradient are those of a pack.
    """

    source = "Lin, Khetan, Fanti and Oh 2018, arXiv:1712.04086, section 3"
    usual = {"packing": 2}
    needed_by_critics = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of packing."""

        packing: Count = 1
        """How many examples a critic judges at once; usual ones are 2 to 4."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.narrow: list[str] = []
        """What the first layers are that cannot be widened, of critics that have such."""

    @property
    def fewest(self) -> int:
        """A pack: of fewer, some would be there twice."""
        return self.settings.packing

    @classmethod
    def places(cls) -> frozenset[str]:
        """Its own, and the objective: only there is it certain that a critic has one answer for a pack."""
        return super().places() | {"aim"}

    def refuses(self, game: Game) -> str | None:
        """Systems with a condition, critics that cannot be widened."""
        size = self.settings.packing
        if size == 1:
            return None
        if game.heeds_condition():
            return (
                f"a pack is judged as one, and this system has {game.data.condition.about} for its examples"
            )
        if self.narrow:
            return f"a critic's first layer is a {self.narrow[0]}, which cannot be given more inputs"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A critic with a wider first layer."""
        layer = first_layer(network)
        if role != "critic" or self.settings.packing == 1:
            return network
        if isinstance(layer, WIDENED):
            widen(layer, self.settings.packing)
        else:
            self.narrow.append(type(layer).__name__)
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Packs of examples, (count // m, m * channels, ...)."""
        size = self.settings.packing
        if size == 1:
            return examples, condition
        return packed(examples, size), tuple(packed(told, size) for told in condition)


def packed(values: Tensor, size: int) -> Tensor:
    """Values (count, channels, ...) as (count // size, size * channels, ...); too few are repeated."""
    if len(values) < size:
        values = values[torch.arange(size, device=values.device) % len(values)]
    packs = len(values) // size
    return values[: packs * size].reshape(packs, size * values.shape[1], *values.shape[2:])


def first_layer(network: nn.Module) -> nn.Module | None:
    """The first part of a network that has weights of its own."""
    owners = (part for part in network.modules() if next(part.parameters(recurse=False), None) is not None)
    return next(owners, None)


def widen(layer: nn.Linear | nn.Conv1d | nn.Conv2d, factor: int) -> None:
    """Give a layer `factor` times the inputs.

    The weights for new inputs are those for the old ones, shuffled among the outputs: they are distributed
    alike. All are scaled so that the outputs keep their size.
    """
    old = layer.weight.detach()
    shuffled = [old, *(old[torch.randperm(len(old))] for _ in range(factor - 1))]
    layer.weight = nn.Parameter(torch.cat(shuffled, dim=1) / factor**0.5)
    if isinstance(layer, nn.Linear):
        layer.in_features *= factor
    else:
        layer.in_channels *= factor
