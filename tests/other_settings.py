"""Settings that are not the usual ones, for tests of what names them all."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any


def changed(settings: Any) -> dict[str, Any]:
    """Another value for each setting, one that it accepts."""
    hints = typing.get_type_hints(type(settings), include_extras=True)
    return {name: another(getattr(settings, name), hint) for name, hint in hints.items()}


def another(value: Any, hint: Any) -> Any:
    """Another value of a type than this one; of a group of settings, another for each."""
    if dataclasses.is_dataclass(value):
        return changed(value)
    if typing.get_origin(hint) is typing.Annotated:
        hint = hint.__origin__ if typing.get_origin(hint.__origin__) is typing.Literal else hint
    if typing.get_origin(hint) is typing.Literal:
        return next(choice for choice in reversed(typing.get_args(hint)) if choice != value)
    if isinstance(value, bool):
        return not value
    if value is None:
        return max(getattr(mark, "low", None) or 1 for mark in [None, *marks_of(hint)])
    if isinstance(value, float):
        return 0.7 * value + 1e-5
    is_highest = any(getattr(mark, "high", None) == value for mark in marks_of(hint))
    return value - 1 if is_highest else value + 1


def marks_of(hint: Any) -> list[Any]:
    """What a type is annotated with, be it within a union."""
    inner = [mark for part in typing.get_args(hint) for mark in marks_of(part)]
    return [*getattr(hint, "__metadata__", ()), *inner]
