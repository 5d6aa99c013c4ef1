"""What a game can be told: the settings that all have, presets of them, and what some are for."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from sparring.errors import SettingError, nearest
from sparring.settings import Count, Fraction, OfTheTask, Settings
from sparring.tricks import Flags, TrickSettings

if TYPE_CHECKING:
    from sparring.data.kinds import Kind
    from sparring.game import Game

Mark = TypeVar("Mark")
PAPER = "paper"
"""The preset of the defaults, which are the paper's."""


@dataclass(frozen=True)
class Only:
    """Marks a setting, in its annotation, of networks for examples of some kinds."""

    kinds: tuple[str, ...]
    """The names of these kinds."""


FOR_IMAGES = Only(("images",))
"""Marks a setting of networks for images."""
ImageWidth = Annotated[Count, FOR_IMAGES]
"""Channels of networks for images."""
FOR_POINTS = Only(("points",))
"""The same of networks for points."""
PointUnits = Annotated[Count, FOR_POINTS]
"""Units of the hidden layers of networks for points."""


@dataclass(frozen=True)
class OfTheObjective:
    """Marks a setting, in its annotation, that says nothing but what is paid for logits."""


OF_THE_OBJECTIVE = OfTheObjective()
RATES = {"generator_rate": ("generator_lr",), "critic_rate": ("discriminator_lr", "critic_lr")}
"""Flags of tricks that set the learning rates of a role, with the names of the settings that systems have."""


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


def for_other_kinds(settings: type[GameSettings], kind: Kind) -> dict[str, str]:
    """The settings that are marked as being for other kinds of examples, each with why it changes nothing."""
    return {
        name: f"it is for {' or '.join(mark.kinds)}, and this data has {kind.about}"
        for name, mark in marked(settings, Only).items()
        if kind.name not in mark.kinds
    }


def beside_another_objective(settings: GameSettings) -> dict[str, str]:
    """The settings of a system's own objective where another was put in its place, each with why it changes
    nothing."""
    loss = getattr(settings.tricks, "loss", "own")
    if loss == "own":
        return {}
    return dict.fromkeys(
        marked(type(settings), OfTheObjective),
        f"it is for the system's own objective, and --loss {loss} is in its place",
    )


def beside_other_rates(settings: GameSettings) -> dict[str, str]:
    """A system's own learning rates of players whose rate a trick sets, each with why they change nothing."""
    fields = {field.name for field in dataclasses.fields(settings)}
    return {
        name: f"--{trick.replace('_', '-')} is in its place"
        for trick, names in RATES.items()
        if getattr(settings.tricks, trick, 0.0)
        for name in names
        if name in fields
    }


def of_the_task(settings: GameSettings) -> set[str]:
    """The settings that say what is to be learnt, those of tricks too."""
    return {name for each in (settings, settings.tricks) for name in marked(type(each), OfTheTask)}


def marked(settings: type[Settings], kind: type[Mark]) -> dict[str, Mark]:
    """The settings with a mark of some kind in their annotations."""
    hints = typing.get_type_hints(settings, include_extras=True)
    return {
        name: mark
        for name, hint in hints.items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, kind)
    }


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
