"""Mistakes in the settings of a system, which are its options on the command line."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sparring.blame import place_of_class
from sparring.errors import SettingError
from sparring.game import Game, GameSettings
from sparring.mistakes import refuse
from sparring.settings import kinds_and_ranges, nested

PLAIN = {int, float, bool, str, types.NoneType}
"""Types that a setting may have."""
OF_EVERY_COMMAND = ("help", "traceback")
"""Options that every command has."""


def option_mistakes(system: type[Game]) -> Iterator[str]:
    """What is wrong with the class `Settings` of a system, or with its presets."""
    settings: Any = system.Settings
    if not (inspect.isclass(settings) and issubclass(settings, GameSettings)):
        yield f"{place_of_class(system, 'Settings')} must be a subclass of GameSettings."
        return
    found = [mistake for kind in own_classes(settings) for mistake in _fields(kind)]
    yield from found
    if not found:
        yield from _names(system)
        yield from _values(system)


def own_classes(settings: type[GameSettings]) -> list[type[Any]]:
    """The classes of some settings that are not sparring's own base."""
    return [kind for kind in settings.__mro__ if issubclass(kind, GameSettings) and kind is not GameSettings]


def _taken(system: type[Game], names: Iterable[str], whose: str) -> Iterator[str]:
    """Settings of a system that are called as something else is.

    Args:
        system: its class.
        names: those that are taken.
        whose: who calls one of its own so, such as `every run`.
    """
    for field in dataclasses.fields(system.Settings):
        if field.name in names:
            yield (
                f"{place_of_class(system.Settings, field.name)} calls a setting '{field.name}', as {whose} "
                "calls one of its own: choose another name."
            )


def refuse_taken(system: type[Game], options: type[Any], command: str) -> None:
    """Raise OwnCodeError where a setting of a system is called as an option that one command has.

    Args:
        system: its class.
        options: a dataclass of those.
        command: its name.
    """
    refuse(_taken(system, [field.name for field in dataclasses.fields(options)], f"`{command}`"))


def _names(system: type[Game]) -> Iterator[str]:
    """Settings that nobody could give to a run."""
    # Settings of runs know systems by name, and so all that is imported for these.
    from sparring.training.callbacks import NAMES
    from sparring.training.settings import RunSettings

    of_run = [field.name for field in dataclasses.fields(RunSettings)]
    yield from _taken(system, [*of_run, *NAMES], "every run")
    yield from _taken(system, OF_EVERY_COMMAND, "every command")
    yield from _taken(system, system.Settings.names("tricks"), "a trick")


def _values(system: type[Game]) -> Iterator[str]:
    """Defaults and presets."""
    place = place_of_class(system, "Settings")
    try:
        system.Settings()
    except SettingError as error:
        yield f"{place} has a default that it does not accept: {error}"
        return
    except TypeError as error:
        yield f"{place} cannot be made without arguments ({error}): give every setting a default."
        return
    presets: Any = system.presets
    for name, values in presets.items() if isinstance(presets, Mapping) else ():
        try:
            system.Settings.of(values, f"the preset '{name}' of {place_of_class(system, 'presets')}")
        except (SettingError, TypeError) as error:
            yield str(error)


def _fields(kind: type[Any]) -> Iterator[str]:
    annotated = inspect.get_annotations(kind)
    if annotated and "__dataclass_params__" not in vars(kind):
        yield (
            f"{place_of_class(kind)} is no dataclass, so its fields are no settings: write "
            "@dataclass(frozen=True) above."
        )
        return
    for field in unannotated(kind):
        yield (
            f"{place_of_class(kind, field)} has no type, and so is no setting: write `{field}: float = ...`, "
            "for example."
        )
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        yield f"{place_of_class(kind)} has a type that is not known ({error}): import it, or spell it right."
        return
    for field in (field.name for field in dataclasses.fields(kind) if nested(field) is None):
        kinds, _ = kinds_and_ranges(hints[field])
        if field in annotated and not all(each in PLAIN for each in kinds):
            yield (
                f"{place_of_class(kind, field)} is of a type that no command line can give: int, float, "
                "bool, str, a Literal of texts, or one of these and None can be."
            )


def unannotated(kind: type[Any]) -> list[str]:
    """Names of plain values of a class that have no type."""
    return [
        name
        for name, value in vars(kind).items()
        if not name.startswith("_")
        and name not in inspect.get_annotations(kind)
        and isinstance(value, int | float | str | None)
    ]
