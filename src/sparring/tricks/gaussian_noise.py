"""Gaussian noise: what a generator makes examples of, in the place of uniform noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sparring.nn.several import Several
from sparring.randomness import Randomness
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role

DRAWN = 256
"""Latents by which it is seen whether noise is uniform."""
OUTERMOST = 1 - 1e-6
"""Noise beyond is moved here: that of exactly 1 would be infinite."""


class GaussianNoise(Trick):
    """Generators are given noise z in N(0, I), for systems whose noise is u in U(-1, 1): each number by the
    inverse of its distribution, z = sqrt(2) erfinv(u).

    In training a system may draw its noise in any way. Once that is over its noise is Gaussian from the
    beginning, so that what lies between two latents is as usual as they are.
    """

    source = "White 2016, arXiv:1609.04468, section 2; Chintala et al. 2016, ganhacks"
    usual = {"gaussian_noise": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of Gaussian noise."""

        gaussian_noise: bool = False
        """Give generators Gaussian noise in the place of uniform noise."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.drawn_so = False
        """Whether the noise that generators are given is Gaussian already."""

    def refuses(self, game: Game) -> str | None:
        """Systems whose noise is not uniform from -1 to 1, or says which of several networks is meant."""
        if not self.settings.gaussian_noise:
            return None
        if any(isinstance(part, Several) for part in game.modules()):
            return f"the noise of {type(game).__name__} says which of its generators makes an example"
        if _is_uniform(game):
            return None
        return f"the noise of {type(game).__name__} is not uniform from -1 to 1"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A generator whose noise is made Gaussian."""
        if role == "generator" and self.settings.gaussian_noise:

            def given_gaussian(used: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
                return given if self.drawn_so else (gaussian(given[0]), *given[1:])

            network.register_forward_pre_hook(given_gaussian)
        return network

    def rest(self, game: Game) -> None:
        """Let the system draw Gaussian noise."""
        uniform, self.drawn_so = game.latent, True
        game.latent = lambda count, random: gaussian(uniform(count, random))  # type: ignore[method-assign]


def gaussian(noise: Tensor) -> Tensor:
    """Noise in N(0, I) of uniform noise from -1 to 1."""
    return math.sqrt(2) * torch.erfinv(noise.clamp(-OUTERMOST, OUTERMOST))


def _is_uniform(game: Game) -> bool:
    with game.random.aside("whether noise is uniform"):
        latent: Tensor = game.latent(DRAWN, game.random)
    if not latent.is_floating_point() or latent.numel() == 0 or latent.abs().max() > 1:
        return False
    # Its mean is 0 and its mean square a third, up to six deviations of what is measured of so many.
    few = 6 / math.sqrt(latent.numel())
    centred = latent.mean().abs() < few * math.sqrt(1 / 3)
    return bool(centred and (latent.square().mean() - 1 / 3).abs() < few * math.sqrt(4 / 45))
