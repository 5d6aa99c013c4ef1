"""Dropout in the generator: noise between its layers, if wanted also when it is sampled from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from sparring.randomness import Randomness
from sparring.settings import Dropped
from sparring.tricks.layers import weighted_layers
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role


class GeneratorDropout(Trick):
    """A share of the activations that each layer of a generator but the first is given is set to 0, and the
    others are scaled so that the mean stays.

    The lists of advice drop at training and at test; whether samples are made so is a flag of its own.
    """

    source = "Isola et al. 2017, arXiv:1611.07004, section 3.2.1; Chintala et al. 2016, ganhacks"
    usual = {"generator_dropout": 0.5, "generator_dropout_at_sampling": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flags of dropout in the generator."""

        generator_dropout: Dropped = 0.0
        """Share of the activations between a generator's layers that is dropped in training. The usual one is
        0.5."""
        generator_dropout_at_sampling: bool = False
        """Drop them when samples are made as well."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.layers = 0
        """Layers whose inputs are dropped."""

    def refuses(self, game: Game) -> str | None:
        """Generators of a single layer, and dropping at sampling alone."""
        s = self.settings
        if s.generator_dropout_at_sampling and not s.generator_dropout:
            return "how much is dropped at sampling is said by generator_dropout, which is 0"
        if s.generator_dropout and not self.layers:
            return "no network of the role generator has an inner layer"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A generator whose inner layers are given less."""
        if role == "generator" and self.settings.generator_dropout:
            # No method: an averaged copy of the network shares the trick instead of copying it.
            def dropped(layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
                return self.dropped(layer, given)

            for layer in weighted_layers(network)[1:]:
                layer.register_forward_pre_hook(dropped)
                self.layers += 1
        return network

    def dropped(self, layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        """What a layer is given instead, where anything is dropped."""
        if not (layer.training or self.settings.generator_dropout_at_sampling):
            return None
        keep = 1.0 - self.settings.generator_dropout
        first, *others = given
        return (first * self.random.coins(keep, *first.shape).mul_(1 / keep), *others)
