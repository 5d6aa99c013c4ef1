"""Settings as frozen dataclasses whose annotations carry their accepted range.

A field's docstring is its `--help` text; its annotation is checked when the settings are made, whether they
come from the command line, from Python, or from a run folder.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from sparring.errors import SettingError, nearest
from sparring.shown import amount

LARGEST_WHOLE = 2**63 - 1
"""Whole numbers beyond this fit into no tensor and no file."""


@dataclass(frozen=True)
class Range:
    """The numbers a setting accepts: from `low` to `high`, the low end itself only where `closed`, the high
    one unless all must lie `below` it."""

    low: float = -math.inf
    high: float = math.inf
    closed: bool = True
    below: bool = False

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if self.closed else value > self.low
        within = value < self.high if self.below else value <= self.high
        # Whole numbers are finite, and may be larger than any float.
        return above and within and (isinstance(value, int) or math.isfinite(value))

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"at least {self.low:g}" if self.closed else f"greater than {self.low:g}"
        start, end = "from" if self.closed else "above", "below " if self.below else ""
        return f"{start} {self.low:g} to {end}{self.high:g}"


@dataclass(frozen=True)
class Choice:
    """The texts that a setting accepts."""

    texts: tuple[str, ...]

    def __contains__(self, value: str) -> bool:
        return value in self.texts

    def __str__(self) -> str:
        return f"{', '.join(self.texts[:-1])} or {self.texts[-1]}"


@dataclass(frozen=True)
class OfTheTask:
    """Marks a setting, in its annotation, that says what is to be learnt, of which no value is better than
    another: advice leaves it as it is."""


OF_THE_TASK = OfTheTask()
Count = Annotated[int, Range(low=1)]
"""A whole number from 1."""
Natural = Annotated[int, Range(low=0)]
"""A whole number from 0."""
Positive = Annotated[float, Range(low=0.0, closed=False)]
"""A number above 0."""
NonNegative = Annotated[float, Range(low=0.0)]
"""A number from 0."""
Fraction = Annotated[float, Range(low=0.0, high=1.0)]
"""A number from 0 to 1."""
Dropped = Annotated[float, Range(low=0.0, high=1.0, below=True)]
"""A share that can be left out while something stays: a number from 0 to below 1."""


@dataclass(frozen=True)
class Settings:
    """Base of all settings: checks every field against its annotation.

    Raises:
        SettingError: a value of the wrong type or outside its range.
    """

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self), include_extras=True)
        for field in dataclasses.fields(self):
            if not nested(field):
                checked = check_value(field.name, getattr(self, field.name), hints[field.name])
                object.__setattr__(self, field.name, checked)

    @classmethod
    def of(cls, values: Mapping[str, Any], owner: str) -> typing.Self:
        """Settings from plain values, such as keyword arguments or JSON; `owner` names them in errors.

        A setting of nested settings may stand among the others or in a mapping of its own.
        """
        inner = {field.name: nested(field) for field in dataclasses.fields(cls)}
        groups: dict[str, dict[str, Any]] = {name: {} for name, kind in inner.items() if kind}
        places = {name: group for group in groups for name in cls.names(group)}
        plain: dict[str, Any] = {}
        for name, value in values.items():
            if name in groups and isinstance(value, Mapping):
                groups[name] |= value
            elif name in places:
                groups[places[name]][name] = value
            elif name in inner and name not in groups:
                plain[name] = value
            else:
                known = [known for known, kind in inner.items() if not kind] + list(places)
                raise SettingError(
                    f"{owner} has no setting '{name}'.{nearest(name, known)} It has: {', '.join(known)}."
                )
        made = {name: inner[name].of(group, owner) for name, group in groups.items()}  # type: ignore[union-attr]
        return cls(**plain, **made)

    @classmethod
    def names(cls, group: str) -> list[str]:
        """The names of a group of nested settings."""
        (kind,) = (nested(field) for field in dataclasses.fields(cls) if field.name == group)
        return [field.name for field in dataclasses.fields(kind)] if kind else []

    def flat(self) -> dict[str, Any]:
        """Every value by its name, those of nested settings among them."""
        values: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            values |= value.flat() if isinstance(value, Settings) else {field.name: value}
        return values


def nested(field: dataclasses.Field[Any]) -> type[Settings] | None:
    """The class of nested settings that a field holds, or None for a plain value."""
    made: Any = field.default_factory
    return made if isinstance(made, type) and issubclass(made, Settings) else None


def check_value(name: str, value: Any, hint: Any) -> Any:
    """`value` as the annotation wants it (an int where a float is asked for becomes one).

    Raises:
        SettingError: it is of another type, or out of range.
    """
    kinds, ranges = kinds_and_ranges(hint)
    value = _plain(value)
    if type(value) is int and abs(value) > LARGEST_WHOLE:
        raise SettingError(f"{name} is beyond 2^63: it must be a number that a processor counts to.")
    if float in kinds and type(value) is int:
        value = float(value)
    if type(value) not in kinds:
        raise SettingError(f"{name} is {value!r}: it must be {kinds_text(kinds)}.")
    for accepted in ranges:
        if value is not None and value not in accepted:
            raise SettingError(f"{name} is {value!r}: it must be {accepted}.")
    return value


def flag_name(name: str) -> str:
    """The name of a setting on a command line, such as `batch-size`; `from` of `from_`, as Python has it."""
    return name.rstrip("_").replace("_", "-")


def as_option(name: str, value: Any) -> list[str]:
    """The words by which a command line gives a setting a value, such as `--batch-size 64`."""
    flag = flag_name(name)
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    text = str(value)
    return [f"--{flag}={text}"] if text.startswith("-") else [f"--{flag}", text]


def _plain(value: Any) -> Any:
    """Numbers of other libraries, such as NumPy's, as Python's own."""
    if type(value) in _KINDS:
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value


_KINDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    types.NoneType: "None",
}


def kinds_text(kinds: list[type]) -> str:
    """The types that a setting accepts, in words."""
    return " or ".join(_KINDS.get(kind, kind.__name__) for kind in kinds)


def kinds_and_ranges(hint: Any) -> tuple[list[type], list[Range | Choice]]:
    """The types that an annotation such as `Annotated[int, Range(1)] | None` admits, and its ranges."""
    if typing.get_origin(hint) is typing.Literal:
        return [str], [Choice(typing.get_args(hint))]
    if typing.get_origin(hint) is Annotated:
        inner, *extras = typing.get_args(hint)
        kinds, ranges = kinds_and_ranges(inner)
        return kinds, ranges + [extra for extra in extras if isinstance(extra, Range)]
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        members = [kinds_and_ranges(member) for member in typing.get_args(hint)]
        return [kind for kinds, _ in members for kind in kinds], [r for _, ranges in members for r in ranges]
    return [hint], []


@dataclass(frozen=True)
class Limit(Settings):
    """How long a run lasts; exactly one of the three."""

    epochs: Count | None = None
    """Passes over the training data."""
    steps: Count | None = None
    """Rounds of turns."""
    minutes: Positive | None = None
    """Wall-clock time; turned into a fixed number of steps early in the run."""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [field.name for field in dataclasses.fields(self) if getattr(self, field.name) is not None]
        if len(given) != 1:
            raise SettingError(
                f"A run has exactly one limit (epochs, steps or minutes), not {len(given)}: "
                f"{' and '.join(given) or 'none'} given."
            )

    def __str__(self) -> str:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None:
                return amount(f"{value:,g}", field.name.removesuffix("s"))
        raise AssertionError("a limit always has one value")
