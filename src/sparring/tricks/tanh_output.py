"""Images from -1 to 1: a critic is shown that range, and the generator ends in a tanh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sparring.randomness import Randomness
from sparring.tricks.layers import exchange_all, weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role


class TanhOutput(Trick):
    """For systems whose images are dealt from 0 to 1, and made by a sigmoid: their critics are shown all
    images from -1 to 1, and generators end in a tanh.

    Outside of the networks images stay from 0 to 1, where (1 + tanh) / 2 brings them.
    """

    source = "Radford et al. 2015, arXiv:1511.06434, section 4; Chintala et al. 2016, ganhacks"
    usual = {"tanh_output": True}
    needed_by_critics = True

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of the range."""

        tanh_output: bool = False
        """Show critics images from -1 to 1, and let generators end in a tanh."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.found = not self.settings.tanh_output
        """Whether a generator ends in a sigmoid."""

    def refuses(self, game: Game) -> str | None:
        """Systems that have this range already, whose classifier is asked of images as they are, or whose
        generators do not end in a sigmoid."""
        from sparring.game import Game

        if not self.settings.tanh_output:
            return None
        if game.value_range != (0.0, 1.0) or not game.data.kind.has_size:
            return f"it is for images from 0 to 1, and {type(game).__name__} has none"
        if type(game).class_logits is not Game.class_logits:
            return (
                f"{type(game).__name__} tells the classes of images as they are, from 0 to 1, and would have "
                "been trained on others"
            )
        return None if self.found else "no network of the role generator ends in a sigmoid"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A generator that ends in a tanh."""
        layers = weighted_layers(network)
        if role == "generator" and self.settings.tanh_output and layers:
            parts = list(network.modules())
            last = [part for part in parts[parts.index(layers[-1]) :] if isinstance(part, nn.Sigmoid)]
            self.found |= bool(exchange_all(network, last, lambda _: TanhAsShare()))
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Images from -1 to 1."""
        return (2 * examples - 1 if self.settings.tanh_output else examples), condition


class TanhAsShare(nn.Module):
    """(1 + tanh) / 2, from 0 to 1."""

    def forward(self, activations: Tensor) -> Tensor:
        """Activations of any shape."""
        return (1 + torch.tanh(activations)) / 2
