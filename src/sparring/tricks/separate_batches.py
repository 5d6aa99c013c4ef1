"""Separate batches: batch normalisation of a critic has statistics of real and of generated examples each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sparring.randomness import Randomness
from sparring.tricks.batch_features import Showings
from sparring.tricks.layers import exchange_all
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role


class SeparateBatches(Trick):
    """Where a critic judges real and generated examples in one pass, its batch normalisation takes the
    statistics of either kind alone, as if there were two.

    Systems that judge them in passes of their own do so anyway.
    """

    source = "Chintala et al. 2016, ganhacks, item 4; Ioffe and Szegedy 2015, arXiv:1502.03167"
    usual = {"separate_batches": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of separate batches."""

        separate_batches: bool = False
        """Normalise real and generated examples by statistics of their own; for critics with batch
        normalisation (--critic-norm batch)."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.shown = Showings()
        self.parts: list[int] = []
        """Of how many examples each the kinds are in the pass that is under way."""
        self.found = self.mixed = not self.settings.separate_batches
        """Whether a critic has batch normalisation, and has judged both kinds in one pass."""

    def refuses(self, game: Game) -> str | None:
        """Critics without batch normalisation."""
        return None if self.found else "no network of the role critic has batch normalisation"

    def idle(self, game: Game) -> str | None:
        """Critics that judge the kinds in passes of their own."""
        if self.mixed:
            return None
        return f"{type(game).__name__} judges real and generated examples in passes of their own already"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A critic whose normalisations know the kinds."""
        if role == "critic" and self.settings.separate_batches:
            old = [part for part in network.modules() if isinstance(part, _BatchNorm)]
            if exchange_all(network, old, lambda norm: ByKind(norm, self)):
                network.register_forward_pre_hook(self._begun)
                self.found = True
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The examples themselves, which are counted."""
        self.shown.add(len(examples))
        return examples, condition

    def _begun(self, network: nn.Module, given: tuple[Tensor, ...]) -> None:
        self.parts = self.shown.looked_at(len(given[0]))
        self.mixed |= len(self.parts) > 1


class ByKind(nn.Module):
    """A normalisation of the kinds of a pass, one after the other.

    Args:
        norm: of both.
        trick: knows of how many examples each they are.
    """

    def __init__(self, norm: nn.Module, trick: SeparateBatches) -> None:
        super().__init__()
        self.norm = norm
        self._parts = lambda: trick.parts

    def forward(self, activations: Tensor) -> Tensor:
        """Activations (count, channels, ...), normalised."""
        kinds = activations.split(self._parts()) if self.training else [activations]
        return torch.cat([self.norm(kind) for kind in kinds])
