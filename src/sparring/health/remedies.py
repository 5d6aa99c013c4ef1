"""What to try against a finding, with the exact flag."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import getattr_static
from typing import Any

from sparring.data.kinds import Classes
from sparring.game import Game, GameSettings
from sparring.game_settings import of_the_task
from sparring.recommendation import nearest_settings
from sparring.settings import as_option
from sparring.tricks.adaptive_augmentation import USUAL
from sparring.tricks.augmentation import CHANGES, MIRRORED
from sparring.zoo import find_system

LESS_OFTEN = "Train again on more examples, or for fewer `--epochs`."
"""What helps against examples that are learnt by heart, whatever they are."""


@dataclass(frozen=True)
class Context:
    """What is trained, as a remedy must know it."""

    system: str
    """Its name, such as `gan`."""
    game_class: type[Game]
    settings: GameSettings
    data: str
    """Its name, such as `mnist`."""
    roles: Mapping[str, str]
    """The role of each player, by its name."""
    discrete: bool = False
    """Whether samples change in steps, as texts do."""
    images: bool = False
    """Whether its examples are images."""
    recommended: Sequence[Mapping[str, Any]] = ()
    """Settings that the system recommends for such data."""
    enough_steps: int = 0
    """Steps before which what samples do not reach yet says nothing; 0 where that is not known."""
    idle: Collection[str] = ()
    """Names of settings that change nothing."""

    def deviations(self) -> tuple[str | None, dict[str, Any]]:
        """The preset that a run's settings are nearest to, and where these differ; see `nearest_settings`."""
        return nearest_settings(self.game_class, self.settings, self.recommended, self.idle)


def remedy(context: Context, slow_down: Sequence[str], alternative: str | None) -> str:
    """What to try: settings known to work where some differ from them, else slower steps; or another system.

    Args:
        context: what is trained.
        slow_down: players whose learning rates are to be lowered.
        alternative: a system that is known to withstand this.
    """
    advice = [
        known_settings(context) or slower(context, slow_down) or "Train again with smaller learning rates."
    ]
    if alternative not in (None, context.system) and can_stand_in(
        find_system(alternative), context.game_class
    ):
        command = f"sparring train {alternative} --data {shlex.quote(context.data)}"
        advice.append(f"Or train a system that withstands it: `{command}`.")
    return " ".join(advice)


def known_settings(context: Context) -> str | None:
    """Go back to the recommended settings, or to the published ones where they are nearer, where some
    differ."""
    preset, found = context.deviations()
    task = of_the_task(context.settings)
    differing = {name: value for name, value in found.items() if name not in task}
    if not differing:
        return None
    # What is not given is chosen by rule.
    named = {} if preset is None else {"preset": preset}
    which = "recommended" if preset is None else "published"
    return f"Train again with the {which} settings: `{_options(**named, **differing)}`."


def slower(context: Context, players: Sequence[str]) -> str | None:
    """A quarter of the learning rates of these players, where the system has settings for them."""
    names = dict.fromkeys(name for player in players for name in rate_settings(context, player)[:1])
    settings = context.settings.flat()
    options = _options(**{name: float(f"{settings[name] / 4:.2g}") for name in names})
    return f"Train again with smaller steps: `{options}`." if options else None


def rate_settings(context: Context, player: str) -> list[str]:
    """The settings that may hold the learning rate of a player, the most particular first; else the only one
    that there is, unless it is another's."""
    settings = {name: value for name, value in context.settings.flat().items() if name not in context.idle}
    names = (_rate_of(player), _rate_of(context.roles.get(player)), "learning_rate")
    found = [name for name in names if isinstance(settings.get(name), float)]
    left = [name for name in settings if name.endswith("_lr")]
    of_someone = {_rate_of(each) for each in (*context.roles, *context.roles.values())}
    return found or (left if len(left) == 1 and left[0] not in of_someone else [])


def _rate_of(name: str | None) -> str:
    """What a setting is called that holds the learning rate of a player, or of all of a role."""
    return f"{name}_lr".replace(" ", "_").replace("-", "_")


def can_stand_in(other: type[Game], own: type[Game]) -> bool:
    """Whether a system of the zoo can train on the data of another, for the same purpose.

    It must take the same kinds of examples. None is told anything but classes, and none knows what to do with
    sources or conditions that a system makes of its data by itself.
    """
    kinds = set(own.needs.examples) <= set(other.needs.examples or own.needs.examples)
    told_classes_at_most = set(own.needs.condition) <= {Classes.name}
    usual = [getattr_static(own, name) is getattr_static(Game, name) for name in ("sources", "condition")]
    return kinds and told_classes_at_most and all(usual)


def seeing_changed(context: Context) -> Iterator[str]:
    """Ways for a critic to see images changed that are not taken yet, a sentence each."""
    if not context.images:
        return
    flags = context.settings.flat()
    changes = {name: value for name, value in CHANGES.items() if not flags[name]}
    if aim := flags["adaptive_augmentation"]:
        options = _options(adaptive_augmentation=aim / 2)
        yield f"It would see more of its images changed with a lower aim: `{options}`."
    elif changes:
        adaptive = changes == CHANGES and any("adaptive_augmentation" in each for each in context.recommended)
        options = _options(**({"adaptive_augmentation": USUAL} if adaptive else changes))
        yield f"It learns fewer images by heart where it sees them changed: `{options}`."
    if not flags["augment_flips"]:
        options = _options(**MIRRORED)
        yield f"Where left and right may change places, it can see images mirrored, too: `{options}`."


def _options(**values: Any) -> str:
    return shlex.join(word for name, value in values.items() for word in as_option(name, value))
