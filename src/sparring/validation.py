"""Validation: whether plain values, such as a JSON file holds, are what a declared type says.

A type is a dataclass, whose fields are looked up by name, or what its annotations are made of: `int`,
`float`, `str`, `bool`, `None`, `Tensor`, `Literal`, unions, `list`, `tuple`, `dict` with texts as keys,
`Annotated` with a `Range` or a `Check`, and `Any` for any plain value. Everything that a stranger may have
written goes through here.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import reprlib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

from torch import Tensor

from sparring.settings import Range

DEEPEST = 40
"""Levels to which values may be nested where nothing else is said."""
Whole = Annotated[int, Range(low=0, high=2**53)]
"""A number of steps, bytes or the like: what a float holds exactly."""

_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = _shown.maxlong = 60


class Misfit(ValueError):
    """A value is not what a type says.

    Args:
        said: what is wrong with it, as in `'size' is missing`.
    """

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said
        self.path: list[str] = []
        """Where it stands."""

    def __str__(self) -> str:
        return f"{'/'.join(self.path)!r} {self.said}" if self.path else f"it {self.said}"


@dataclass(frozen=True)
class Check:
    """A further check, in an annotation.

    Args:
        check: raises `Misfit`.
    """

    check: Callable[[Any], None]


def parse_json(content: bytes | str) -> Any:
    """The value in a JSON text.

    Raises:
        ValueError: it is no JSON, or holds NaN or the like, which JSON has not; or is nested too deeply.
    """
    try:
        return json.loads(content, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def check(value: Any, hint: Any) -> None:
    """Raise `Misfit` unless a value is what a type says; what a dataclass has no field for is let through."""
    _checker(hint)(value)


@contextmanager
def within(*path: str) -> Iterator[None]:
    """Say of what does not fit where it stands."""
    try:
        yield
    except Misfit as misfit:
        misfit.path[:0] = path
        raise


def filled(value: Any) -> None:
    """Raise `Misfit` where a list is empty."""
    if not value:
        raise Misfit("is empty")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"it holds {text}, which is no number")


def _refuse(value: Any) -> NoReturn:
    raise Misfit(f"cannot be {_shown.repr(value)}")


@functools.cache
def _checker(hint: Any) -> Callable[[Any], None]:
    """What checks values against a type."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if dataclasses.is_dataclass(hint):
        return _of_fields(hint)
    if origin in (types.UnionType, typing.Union):
        return _of_any([_checker(member) for member in inner])
    if origin is Annotated:
        return _annotated(_checker(inner[0]), inner[1:])
    if origin is typing.Literal:
        return lambda value: None if isinstance(value, str) and value in inner else _refuse(value)
    if origin in (dict, Mapping):
        return _of_items(_checker(inner[1]))
    if origin is list or (origin is tuple and inner[-1] is ...):
        return _of_members(_checker(inner[0]))
    if origin is tuple:
        return _of_places([_checker(member) for member in inner])
    raise TypeError(f"There is no check for {hint}.")


def _of_fields(hint: Any) -> Callable[[Any], None]:
    hints = typing.get_type_hints(hint, include_extras=True)
    fields = dataclasses.fields(hint)
    checkers = [(field.name, _checker(hints[field.name])) for field in fields]
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    def check_fields(value: Any) -> None:
        if not isinstance(value, Mapping):
            _refuse(value)
        for name, checker in checkers:
            if name in value or name in needed:
                with within(name):
                    if name not in value:
                        raise Misfit("is missing")
                    checker(value[name])

    return check_fields


def _of_any(checkers: list[Callable[[Any], None]]) -> Callable[[Any], None]:
    def check_any(value: Any) -> None:
        misfits = []
        for checker in checkers:
            try:
                checker(value)
                return
            except Misfit as misfit:
                misfits.append(misfit)
        # What is wrong within an object says more than that it is wrong.
        raise max(misfits, key=lambda misfit: len(misfit.path))

    return check_any


def _annotated(checker: Callable[[Any], None], extras: tuple[Any, ...]) -> Callable[[Any], None]:
    def check_annotated(value: Any) -> None:
        checker(value)
        for extra in extras:
            if isinstance(extra, Check):
                extra.check(value)
            elif isinstance(extra, Range) and value is not None and value not in extra:
                _refuse(value)

    return check_annotated


def _of_items(checker: Callable[[Any], None]) -> Callable[[Any], None]:
    def check_items(value: Any) -> None:
        if not isinstance(value, Mapping):
            _refuse(value)
        for name, member in value.items():
            try:
                checker(member)
            except Misfit as misfit:
                misfit.path.insert(0, name)
                raise

    return check_items


def _of_members(checker: Callable[[Any], None]) -> Callable[[Any], None]:
    def check_members(value: Any) -> None:
        if not isinstance(value, list | tuple):
            _refuse(value)
        for place, member in enumerate(value):
            with within(str(place)):
                checker(member)

    return check_members


def _of_places(checkers: list[Callable[[Any], None]]) -> Callable[[Any], None]:
    def check_places(value: Any) -> None:
        if not isinstance(value, list | tuple) or len(value) != len(checkers):
            _refuse(value)
        for place, (checker, member) in enumerate(zip(checkers, value, strict=True)):
            with within(str(place)):
                checker(member)

    return check_places


def _text(value: Any) -> None:
    # No file or name can hold a zero byte.
    if not isinstance(value, str) or "\0" in value:
        _refuse(value)


def _number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(value)
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        _refuse(value)


def _whole(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse(value)


def _plain(value: Any, depth: int = 0) -> None:
    """Any plain value, nested to a reasonable depth."""
    if depth > DEEPEST:
        raise Misfit(f"is nested deeper than {DEEPEST} levels")
    if isinstance(value, Mapping):
        for name, member in value.items():
            with within(str(name)):
                _plain(member, depth + 1)
    elif isinstance(value, list | tuple):
        for member in value:
            _plain(member, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _number(value)


def _of_type(kind: type) -> Callable[[Any], None]:
    return lambda value: None if isinstance(value, kind) else _refuse(value)


_PLAIN: dict[Any, Callable[[Any], None]] = {
    Any: _plain,
    str: _text,
    float: _number,
    int: _whole,
    bool: _of_type(bool),
    None: _of_type(types.NoneType),
    types.NoneType: _of_type(types.NoneType),
    Tensor: _of_type(Tensor),
}
