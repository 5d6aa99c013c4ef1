"""Spectral normalisation: every weight matrix is divided by its largest singular value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch import nn
from torch.nn.utils import parametrizations

from sparring.randomness import Randomness
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game, Role

LAYERS = nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d
"""Layers whose weights are normalised; embeddings are not, which may be 0 at first."""
NORMALISED = {"none": (), "critic": ("critic",), "both": ("critic", "generator")}
"""The roles whose networks are normalised, by the flag."""


class SpectralNorm(Trick):
    """Keeps a network Lipschitz without a penalty; a power iteration a pass follows each singular value.

    A convolution counts as the matrix of its output channels by all else. In evaluation, and in an averaged
    copy of a generator, the singular vectors are those that training has last found.
    """

    source = "Miyato et al. 2018, arXiv:1802.05957, algorithm 1"
    usual = {"spectral_norm": "both"}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of spectral normalisation."""

        spectral_norm: Literal["none", "critic", "both"] = "none"
        """Whose weights are divided by their spectral norm."""

    settings: Settings

    def __init__(self, settings: Flags, random: Randomness) -> None:
        super().__init__(settings, random)
        self.missing = set(NORMALISED[self.settings.spectral_norm])
        """Roles of which no layer has been normalised yet."""

    def refuses(self, game: Game) -> str | None:
        """Games without a layer to normalise in the networks of that role."""
        if self.missing:
            return f"no network of the role {' or '.join(sorted(self.missing))} has a layer to normalise"
        return None

    def build(self, network: nn.Module, role: Role) -> nn.Module:
        """The network with normalised weights."""
        if role in NORMALISED[self.settings.spectral_norm]:
            for layer in [layer for layer in network.modules() if isinstance(layer, LAYERS)]:
                parametrizations.spectral_norm(layer)
                self.missing.discard(role)
        return network
