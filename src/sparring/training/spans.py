"""Spans: between which values of its settings a search for better ones looks."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparring.errors import SettingError, nearest
from sparring.game import Game
from sparring.settings import Settings, check_value, kinds_and_ranges, nested

RATE_FACTOR, WIDTH_FACTOR = 5, 2
"""How far a search goes from rates and widths, to both sides."""


@dataclass(frozen=True)
class Span:
    """The values from `low` to `high`, whole ones or all, by their logarithm where both are above 0."""

    low: float
    high: float
    whole: bool

    @property
    def by_logarithm(self) -> bool:
        """Whether a value of twice the size is as far as one of half."""
        return self.low > 0

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g}"

    def nearest(self, value: float | None) -> float:
        """The value of the span that is nearest to another."""
        return self.low if value is None else min(max(value, self.low), self.high)

    def distribution(self, optuna: Any) -> Any:
        """The same, as optuna has it."""
        made = optuna.distributions
        kind = made.IntDistribution if self.whole else made.FloatDistribution
        return kind(self.low, self.high, log=self.by_logarithm)


def spans_of(
    game_class: type[Game],
    base: Settings,
    idle: Mapping[str, str],
    given: Mapping[str, Any],
    search: str | None,
) -> dict[str, Span]:
    """What is searched, by the name of the setting.

    Args:
        game_class: the system.
        base: its settings, as they would be without a search.
        idle: those that change nothing, each with why.
        given: the settings that were given, which stay as they are.
        search: what was asked for, such as `generator_lr=1e-4:1e-2,width=16:64`; None for the usual: rates,
            widths, and what the system declares.

    Raises:
        SettingError: a setting that does not exist, changes nothing, is given, or is no number; ends that it
            does not accept.
    """
    hints = hints_of(type(base))
    if search is not None:
        return dict(_read(part.strip(), hints, idle, given) for part in search.split(","))
    ends = {**_usual(base.flat()), **game_class.searched}
    found = {name: _span(name, *ends[name], hints) for name in ends if name not in {*given, *idle}}
    if not found:
        raise SettingError(
            "Nothing is left to search: all rates and widths are given. Name some by --search."
        )
    return found


def hints_of(settings: type[Settings]) -> dict[str, Any]:
    """The annotation of every setting, those of nested settings among them."""
    hints = typing.get_type_hints(settings, include_extras=True)
    for field in dataclasses.fields(settings):
        inner = nested(field)
        if inner is not None:
            hints |= hints_of(inner)
    return hints


def _usual(values: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    factors = {name: RATE_FACTOR for name in values if name.endswith("_lr") or name == "learning_rate"}
    factors |= {name: WIDTH_FACTOR for name in values if name == "width" or name.endswith("_width")}
    return {name: (values[name] / factor, values[name] * factor) for name, factor in factors.items()}


def _read(
    part: str, hints: Mapping[str, Any], idle: Mapping[str, str], given: Mapping[str, Any]
) -> tuple[str, Span]:
    """One setting of `--search` with its span."""
    name, _, ends = part.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if name not in hints:
        raise SettingError(f"search names '{name}', which is no setting of the system.{nearest(name, hints)}")
    if name in idle:
        raise SettingError(f"search names {name}, which changes nothing: {idle[name]}. Leave it out.")
    if name in given:
        raise SettingError(f"{name} is given, and searched as well: leave one of them out.")
    try:
        low, high = map(float, ends.split(":"))
    except ValueError:
        raise SettingError(
            f"search has '{part}': write a setting with its ends, as in {name}=1:10."
        ) from None
    return name, _span(name, low, high, hints)


def _span(name: str, low: float, high: float, hints: Mapping[str, Any]) -> Span:
    kinds, _ = kinds_and_ranges(hints[name])
    whole = float not in kinds
    if not {int, float} & set(kinds):
        raise SettingError(f"search names {name}, which is no number: only numbers are searched.")
    if not (math.isfinite(low) and low < high < math.inf):
        raise SettingError(f"The span of {name} goes from {low:g} to {high:g}: it needs a smaller end first.")
    if whole:
        low, high = math.ceil(low), math.floor(high)
    for end in (low, high):
        check_value(name, end, hints[name])
    return Span(low, high, whole)
