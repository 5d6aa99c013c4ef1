"""Gaussian noise: what a generator makes examples of, in the place of uniform noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

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

    So a latent stays what it was, and what two runs make of the same one may be compared. Such a generator
    cannot be exported to ONNX, which has no such function.
    """

    source = "White 2016, arXiv:1609.04468, section 2; Chintala et al. 2016, ganhacks"
    usual = {"gaussian_noise": True}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of Gaussian noise."""

        gaussian_noise: bool = False
        """Give generators Gaussian noise in the place of uniform noise."""

    settings: Settings

    def refuses(self, game: Game) -> str | None:
        """Systems whose noise is not uniform from -1 to 1."""
        if not self.settings.gaussian_noise or _is_uniform(game):
            return None
        return f"the noise of {type(game).__name__} is not uniform from -1 to 1"

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """A generator whose noise is made Gaussian."""
        if role == "generator" and self.settings.gaussian_noise:
            network.register_forward_pre_hook(_made_gaussian)
        return network


def _made_gaussian(network: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
    noise, *others = given
    return (math.sqrt(2) * torch.erfinv(noise.clamp(-OUTERMOST, OUTERMOST)), *others)


def _is_uniform(game: Game) -> bool:
    with game.random.aside("whether noise is uniform"):
        latent: Tensor = game.latent(DRAWN, game.random)
    if not latent.is_floating_point() or latent.numel() == 0 or latent.abs().max() > 1:
        return False
    # Its mean is 0 and its mean square a third, up to six deviations of what is measured of so many.
    few = 6 / math.sqrt(latent.numel())
    centred = latent.mean().abs() < few * math.sqrt(1 / 3)
    return bool(centred and (latent.square().mean() - 1 / 3).abs() < few * math.sqrt(4 / 45))
