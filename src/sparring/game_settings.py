"""What a game can be told: the settings that all have, and presets of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparring.errors import SettingError, nearest
from sparring.settings import Count, Fraction, Settings
from sparring.tricks import Flags, TrickSettings

if TYPE_CHECKING:
    from sparring.game import Game

PAPER = "paper"
"""The preset of the defaults, which are the paper's."""


@dataclass(frozen=True)
class GameSettings(Settings):
    """What every game can be told; each adds its own, with its paper's values."""

    batch_size: Count = 64
    """Real examples in a batch."""
    shuffle: bool = True
    """Deal the examples in a new order each epoch; otherwise always in the order of the data."""
    learning_rate_decay: Fraction = 0.0
    """Share of each phase, counted from its end, over which all learning rates fall linearly to 0."""
    tricks: Flags = field(default_factory=TrickSettings)
    """The flags of all tricks."""


def preset_values(system: type[Game], name: str | None) -> dict[str, Any]:
    """The settings of a preset of a system; none for None.

    Raises:
        SettingError: there is no such preset.
    """
    if name in (None, PAPER):
        return {}
    if name not in system.presets:
        raise SettingError(
            f"{system.__name__} has no preset '{name}'.{nearest(name, [PAPER, *system.presets])} "
            f"It has: {', '.join([PAPER, *system.presets])}."
        )
    return dict(system.presets[name])
