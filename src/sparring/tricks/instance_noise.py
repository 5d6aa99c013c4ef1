"""Instance noise: a critic is shown everything through the same fading noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from sparring.schedules import fading
from sparring.settings import Fraction, NonNegative
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game


class InstanceNoise(Trick):
    """Gaussian noise on all that a critic is shown, so that real and generated examples overlap early on.

    Its standard deviation falls linearly to 0. The generator learns through such noise as well, and penalties
    on the critic's gradient are taken where it looked.
    """

    source = "Sonderby et al. 2017, arXiv:1610.04490; Arjovsky and Bottou 2017, arXiv:1701.04862, section 3"
    usual = {"instance_noise": 0.1}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of instance noise."""

        instance_noise: NonNegative = 0.0
        """Standard deviation of the noise on what a critic is shown, at the beginning of a phase;
        images span 2 (or 1 with a sigmoid). A usual one is 0.1."""
        instance_noise_share: Fraction = 1.0
        """Share of the phase over which that noise falls to 0."""

    settings: Settings

    def refuses(self, game: Game) -> str | None:
        """Examples that are no numbers."""
        if not game.data.kind.continuous:
            return f"noise is added to numbers, and this data has {game.data.kind.about}"
        return None

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Examples with noise on them."""
        deviation = self.settings.instance_noise * fading(game.progress, self.settings.instance_noise_share)
        if deviation == 0:
            return examples, condition
        return examples + deviation * self.random.normal(*examples.shape), condition
