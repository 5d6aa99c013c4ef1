"""Noise in the critic's layers: what each of them is given is a little wrong, less and less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from sparring.randomness import Randomness
from sparring.schedules import fading
from sparring.settings import Fraction, NonNegative
from sparring.tricks.layers import weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role


class LayerNoise(Trick):
    """Gaussian noise on the activations between a critic's layers, in training.

    Every layer with weights is given noisy inputs, except the first, which sees the examples themselves: for
    noise on those there is instance noise. The standard deviation falls linearly to 0 and is the same for all
    layers, whatever the size of their inputs. With several processes other examples have it where a critic is
    shown real and generated ones in one pass.
    """

    source = "Salimans et al. 2016, arXiv:1606.03498, the discriminators of its code, without the annealing"
    usual = {"layer_noise": 0.2}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of noise in layers."""

        layer_noise: NonNegative = 0.0
        """Standard deviation of the noise on what a critic's inner layers are given, at the beginning of a
        phase. Usual ones are 0.1 to 0.5."""
        layer_noise_share: Fraction = 1.0
        """Share of the phase over which that noise falls to 0."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.deviation = 0.0
        """Standard deviation of the noise when a critic was last shown something."""
        self.noisy = 0
        """Layers whose inputs are made noisy."""

    def refuses(self, game: Game) -> str | None:
        """Games without a critic that has an inner layer of weights."""
        if not self.noisy:
            return "no network of the role critic has an inner layer whose inputs could be made noisy"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A critic whose inner layers are given noisy inputs."""
        if role == "critic":
            # Whether its weights are frozen or not.
            first = next((part for part in network.modules() if hasattr(part, "weight")), None)
            layers = [layer for layer in weighted_layers(network) if layer is not first]
            for layer in layers:
                layer.register_forward_pre_hook(self._with_noise)
            self.noisy += len(layers)
        return network

    def see(
        self, examples: Tensor, condition: tuple[Tensor, ...], real: bool, game: Game
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The examples themselves; it is the moment at which the noise of the layers is set."""
        left = fading(game.progress, self.settings.layer_noise_share)
        self.deviation = left * self.settings.layer_noise
        return examples, condition

    def _with_noise(self, layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if self.deviation == 0 or not layer.training:
            return None
        first, *others = given
        return (first + self.deviation * self.random.normal(*first.shape), *others)
