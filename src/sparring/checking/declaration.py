"""What a system's class says of itself: its methods, its settings, its help."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import textwrap
import types
import typing
from collections.abc import Iterator
from typing import Any

from sparring.checking.report import Remark, note, wrong
from sparring.checking.subject import Subject
from sparring.errors import SettingError
from sparring.game import Game, GameSettings
from sparring.settings import kinds_and_ranges, nested
from sparring.training.settings import refuse_name_clash

ARGUMENTS = {
    "__init__": ("settings", "data", "random"),
    "players": (),
    "round": (),
    "phases": (),
    "latent": ("count", "random"),
    "generate": ("latent", "condition"),
    "sample": ("latent", "condition"),
}
"""What sparring calls methods with."""
PLAIN = {int, float, bool, str, types.NoneType}
"""Types that a setting may have."""


def check_class(subject: Subject) -> Iterator[Remark]:
    """Methods that must be there, arguments that they must take, settings, help texts."""
    system = subject.system
    yield from _methods(system)
    if not inspect.getdoc(system) or system.__doc__ is None:
        yield note(
            f"{system.__name__} has no docstring: it is the first thing that `sparring train ... --help` "
            "shows."
        )
    yield from _settings(system)


def _methods(system: type[Game]) -> Iterator[Remark]:
    for names in (("players",), ("latent",), ("round", "phases")):
        if all(getattr(system, name) is getattr(Game, name) for name in names):
            what = " or ".join(f"{name}({', '.join(ARGUMENTS[name])})" for name in names)
            yield wrong(f"{system.__name__} lacks {what}.")
    for name, arguments in ARGUMENTS.items():
        method = getattr(system, name)
        try:
            inspect.signature(method).bind(None, *[None] * len(arguments))
        except TypeError:
            wanted = ", ".join(("self", *arguments))
            yield wrong(
                f"{system.__name__}.{name} must take ({wanted}): it takes {inspect.signature(method)}."
            )


# -- settings ---------------------------------------------------------------------------------------------


def _settings(system: type[Game]) -> Iterator[Remark]:
    settings: Any = system.Settings
    name = f"{system.__name__}.Settings"
    if not (inspect.isclass(settings) and issubclass(settings, GameSettings)):
        yield wrong(f"{name} must be a subclass of GameSettings.")
        return
    for field in sorted(
        {field.name for field in dataclasses.fields(settings)} & set(settings.names("tricks"))
    ):
        yield wrong(
            f"{name} calls a setting '{field}', as a trick calls one of its flags: choose another name."
        )
    for kind in own_classes(settings):
        yield from _fields(kind, f"{system.__name__}.{kind.__name__}")
    try:
        refuse_name_clash(system)
        settings()
        for preset in system.presets:
            settings.of(system.preset_values(preset), f"the preset '{preset}' of {system.__name__}")
    except SettingError as error:
        yield wrong(str(error))
    except TypeError as error:
        yield wrong(f"{name} cannot be made without arguments ({error}): give every setting a default.")


def own_classes(settings: type[GameSettings]) -> list[type[Any]]:
    """The classes of some settings that are not sparring's own base."""
    return [kind for kind in settings.__mro__ if issubclass(kind, GameSettings) and kind is not GameSettings]


def _fields(kind: type[Any], name: str) -> Iterator[Remark]:
    annotated = inspect.get_annotations(kind)
    if annotated and "__dataclass_params__" not in vars(kind):
        yield wrong(
            f"{name} is no dataclass, so its fields are no settings: write @dataclass(frozen=True) above."
        )
        return
    for field in unannotated(kind):
        yield wrong(
            f"{name}.{field} has no type, and so is no setting: write `{field}: float = ...`, for example."
        )
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except NameError as error:
        yield wrong(f"{name} has a type that is not known ({error}): import it where the file begins.")
        return
    described = documented(kind)
    plain = {field.name for field in dataclasses.fields(kind) if nested(field) is None}
    for field in annotated:
        if field not in plain:
            continue
        kinds, _ = kinds_and_ranges(hints[field])
        if not PLAIN.issuperset(kinds):
            yield wrong(
                f"{name}.{field} is of a type that no command line can give: int, float, bool, str, a "
                "Literal of texts, or one of these and None can be."
            )
        if described is not None and field not in described:
            yield note(f"{name}.{field} has no docstring below it: that is its text in `--help`.")


def unannotated(kind: type[Any]) -> list[str]:
    """Names of plain values of a class that have no type."""
    return [
        name
        for name, value in vars(kind).items()
        if not name.startswith("_")
        and name not in inspect.get_annotations(kind)
        and isinstance(value, int | float | str | None)
    ]


def documented(kind: type[Any]) -> set[str] | None:
    """Names of the fields of a class with a docstring below them; None where its source is not at hand."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):
        return None
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id
        for field, text in itertools.pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
