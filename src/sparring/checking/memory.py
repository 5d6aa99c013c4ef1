"""What a game remembers outside what is saved."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
from torch import Tensor, nn

from sparring.blame import OwnCode
from sparring.checking.state import digest
from sparring.game import Game

OF_EVERY_GAME = {
    "settings",
    "data",
    "random",
    "step",
    "phase_step",
    "progress",
    "tricks",
    "networks",
    "objective",
    "roster",
}
OF_EVERY_MODULE = set(vars(nn.Module()))
UNKNOWN = object()
"""Stands for a value that cannot be compared."""


def memory(game: Game, own: OwnCode) -> dict[str, Any]:
    """Something comparable for every attribute that could be a memory, by a name such as `self.pool`."""
    found: dict[str, Any] = {}
    for path, module in game.named_modules():
        if not _is_own(type(module), own):
            continue
        for name, value in vars(module).items():
            if name in OF_EVERY_MODULE or (module is game and name in OF_EVERY_GAME):
                continue
            told = comparable(value, own)
            if told is not UNKNOWN:
                found[".".join(["self", *filter(None, [path]), name])] = told
    return found


def comparable(value: Any, own: OwnCode) -> Any:
    """A value as something that equals itself as it was: numbers, texts, tensors, collections of them, and
    objects of the system's own classes; else UNKNOWN."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor):
        return digest(value)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return "mapping", tuple((str(key), comparable(each, own)) for key, each in value.items())
    if isinstance(value, list | tuple | deque):
        return tuple(comparable(each, own) for each in value)
    if isinstance(value, Set):
        return frozenset(comparable(each, own) for each in value)
    if _is_own(type(value), own) and not isinstance(value, nn.Module):
        return comparable(vars(value), own) if hasattr(value, "__dict__") else UNKNOWN
    return UNKNOWN


def _is_own(kind: type[Any], own: OwnCode) -> bool:
    import sys

    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return file is not None and file in own
