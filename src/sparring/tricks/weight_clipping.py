"""Weight clipping: after every step of a critic, its weights lie between two bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sparring.penalties import clip_weights
from sparring.settings import NonNegative
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Number, Turn


class WeightClipping(Trick):
    """Keeps a critic Lipschitz in the crudest way; the Wasserstein objective was first made to work by it.

    All that a critic's player moves in networks of that role is clamped, biases and scales of normalisation
    among it. Beside spectral norm these are the weights before that divides them.
    """

    source = "Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875, algorithm 1"
    usual = {"clip_weights": 0.005}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of weight clipping."""

        clip_weights: NonNegative = 0.0
        """Largest size of a critic's weights after each of its steps; 0 for none. The paper's is 0.01."""

    settings: Settings

    def refuses(self, game: Game) -> str | None:
        """Games without a network of a critic."""
        if self.settings.clip_weights and not any(role == "critic" for role, _ in game.networks):
            return f"{type(game).__name__} has no network of the role critic"
        return None

    def turn(self, turn: Turn, others: Sequence[Turn], game: Game) -> Turn:
        """A critic's turn, after which its weights are clamped."""
        if not self.settings.clip_weights or game.roster[turn.player].role != "critic":
            return turn

        def after(values: Mapping[str, Number]) -> None:
            if turn.after is not None:
                turn.after(values)
            for role, network in game.networks:
                if role == "critic":
                    clip_weights(network, self.settings.clip_weights)

        return replace(turn, after=after)
