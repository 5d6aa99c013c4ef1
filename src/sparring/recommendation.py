"""A recommendation: settings that are known to do well on some data, for networks of one size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sparring.game_settings import PAPER, GameSettings

if TYPE_CHECKING:
    from sparring.data.dataset import DataSpec
    from sparring.game import Game


@dataclass(frozen=True)
class Recommendation:
    """Settings of a system, and of tricks, that a rule chooses where nobody gave them.

    A system lists several for the same data, from the largest networks to the smallest: how long a run is
    decides which it gets.
    """

    size: Mapping[str, Any]
    """What makes networks of this size: widths, and the learning rates that go with them."""
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What is the same for networks of every size."""
    why: str = ""
    """What of the data speaks for it, a clause such as `grey images with classes`."""

    @property
    def settings(self) -> dict[str, Any]:
        """All of them, by name."""
        return {**self.beside, **self.size}

    def without(self, names: Collection[str]) -> Recommendation:
        """The same, but for the settings of these names."""
        size, beside = (
            {name: value for name, value in values.items() if name not in names}
            for values in (self.size, self.beside)
        )
        return replace(self, size=size, beside=beside)


def by_width(
    widths: Sequence[int], rates: Mapping[str, float], beside: Mapping[str, Any], why: str
) -> list[Recommendation]:
    """A recommendation for each width, with learning rates that go as one over it (Yang et al. 2022,
    arXiv:2203.03466).

    Args:
        widths: from the largest on.
        rates: the learning rates of networks of the first width, by the name of the setting.
        beside: what is the same at every width.
        why: what of the data speaks for it.
    """
    return [
        Recommendation(
            {"width": width, **{name: rate * widths[0] / width for name, rate in rates.items()}}, beside, why
        )
        for width in widths
    ]


def rules_of(game_class: type[Game], data: DataSpec) -> Sequence[Recommendation]:
    """What a system recommends for some data; none where that is not meant for it."""
    return game_class.recommended(data) if has_rules(game_class) else ()


def has_rules(game_class: type[Game]) -> bool:
    """Whether what a system recommends is meant for it: a system of one's own may inherit the rules of
    another, and have other settings."""
    owner: Any = next(each for each in game_class.__mro__ if "recommended" in vars(each))
    return issubclass(game_class.Settings, owner.Settings)


def nearest_settings(
    game_class: type[Game],
    settings: GameSettings,
    recommended: Sequence[Mapping[str, Any]],
    idle: Collection[str] = (),
) -> tuple[str | None, dict[str, Any]]:
    """The preset that settings are nearest to, and its value of every setting that has another one; instead
    of a preset None, where they are as near to what the system's rules recommend.

    Args:
        game_class: the system.
        settings: of a run of it.
        recommended: settings that its rules recommend for such data.
        idle: names of settings that change nothing, which are not compared.
    """
    own = settings.flat()

    def differing(values: Mapping[str, Any]) -> dict[str, Any]:
        made = game_class.Settings.of(dict(values), game_class.__name__).flat()
        return {name: value for name, value in made.items() if own[name] != value and name not in idle}

    presets = {PAPER: {}, **game_class.presets}
    makers = [*((None, values) for values in recommended), *presets.items()]
    return min(((name, differing(values)) for name, values in makers), key=lambda found: len(found[1]))
