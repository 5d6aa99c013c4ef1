"""Another objective: what critic and generator pay for logits, in the place of a system's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sparring.objectives import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    WASSERSTEIN,
    Objective,
)
from sparring.tricks.trick import Flags, Trick

if TYPE_CHECKING:
    from sparring.game import Game

LOSSES = {
    "non-saturating": NON_SATURATING,
    "minimax": MINIMAX,
    "least-squares": LEAST_SQUARES,
    "hinge": HINGE,
    "wasserstein": WASSERSTEIN,
    "relativistic": RELATIVISTIC,
}
"""Objectives by the names that the flag takes."""
BOUNDS = {"gradient_penalty": 0.0, "clip_weights": 0.0, "spectral_norm": "none"}
"""Flags of other tricks that keep a critic from growing without end, with their values where they are off."""


class ExchangedLoss(Trick):
    """A published objective in the place of the system's own: networks, penalties and turns stay as they are.

    The Wasserstein objective has no bound where a critic has none: it is for systems that bound theirs, or
    beside a trick that does.
    """

    source = (
        "Goodfellow et al. 2014, arXiv:1406.2661 (non-saturating, minimax); Mao et al. 2017, "
        "arXiv:1611.04076 (least squares); Lim and Ye 2017, arXiv:1705.02894 (hinge); Arjovsky et al. 2017, "
        "arXiv:1701.07875 (Wasserstein); Jolicoeur-Martineau 2019, arXiv:1807.00734 (relativistic)"
    )
    usual = {"loss": "least-squares"}

    @dataclass(frozen=True)
    class Settings(Flags):
        """Flag of the exchanged objective."""

        loss: Literal[
            "own", "non-saturating", "minimax", "least-squares", "hinge", "wasserstein", "relativistic"
        ] = "own"
        """What critic and generator pay, instead of what the system has."""

    settings: Settings

    def refuses(self, game: Game) -> str | None:
        """The system's own objective; the Wasserstein objective where nothing bounds the critic."""
        wanted = LOSSES.get(self.settings.loss)
        # By name: the system's own may be weighted, or have soft labels.
        if wanted is not None and wanted.name == game.aim().name:
            return f"{self.settings.loss} is the objective of {type(game).__name__} already"
        if self.settings.loss != "wasserstein" or game.aim().one_term:
            return None
        if any(getattr(self.settings, flag) != off for flag, off in BOUNDS.items()):
            return None
        return (
            f"nothing bounds the critic of {type(game).__name__}, and the Wasserstein objective would grow "
            "without end: add --gradient-penalty 10, --spectral-norm critic or --clip-weights 0.01"
        )

    def aim(self, objective: Objective, game: Game) -> Objective:
        """The objective that was asked for."""
        return LOSSES.get(self.settings.loss, objective)
