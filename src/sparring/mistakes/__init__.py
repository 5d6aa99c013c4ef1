"""Ordinary mistakes in a system of one's own, each in a sentence: `train` refuses them, `check` lists them.

A function here looks at one thing that a system says and yields what is wrong with it. Each names the class,
the method and the line, what was found, and what is wanted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from sparring.errors import OwnCodeError


def refuse(sentences: Iterable[str]) -> None:
    """Raise OwnCodeError with the first of some sentences, if there is any."""
    for sentence in sentences:
        raise OwnCodeError(sentence)


def described(value: Any) -> str:
    """A value in a word or two, such as `None`, `an empty list` or `an Adam`."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, Mapping | Sequence) and not value:
        return f"an empty {type(value).__name__}"
    kind = type(value).__name__
    return f"{'an' if kind[:1] in 'AEIOaeiou' else 'a'} {kind}"


def takes(function: Callable[..., Any], *values: Any, **named: Any) -> bool:
    """Whether a function can be called with these."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # It is written in C, and does not say what it takes.
        return callable(function)
    try:
        signature.bind(*values, **named)
    except TypeError:
        return False
    return True
