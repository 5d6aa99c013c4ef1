"""Where two states of a run differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

SHOWN = 3
"""Names that are shown of many."""


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Names of all values that are not, bit for bit, the same in two states, or that one of them lacks."""
    first, second = dict(leaves(ours)), dict(leaves(theirs))
    return [
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or not alike(first[name], second[name])
    ]


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a tree by its path."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{name}/")
        else:
            yield f"{path}{name}", value


def alike(ours: Any, theirs: Any) -> bool:
    """Whether two values are the same; what is not a number equals itself."""
    if not (isinstance(ours, Tensor) and isinstance(theirs, Tensor)):
        return bool(ours == theirs)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    return bool(((ours == theirs) | (ours.isnan() & theirs.isnan())).all())


def in_words(names: Sequence[str]) -> str:
    """Some names of a state, such as `generator.0.weight, generator.0.bias and 7 more`."""
    plain = sorted(dict.fromkeys(_plain(name) for name in names))
    shown, more = plain[:SHOWN], len(plain) - SHOWN
    return f"{', '.join(shown)} and {more} more" if more > 0 else " and ".join(shown)


def _plain(name: str) -> str:
    part, _, rest = name.partition("/")
    if part == "networks":
        return rest
    if part == "players":
        return f"the optimiser of '{rest.partition('/')[0]}'"
    return name


def copied(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A state that does not change when the run goes on."""
    return {
        name: copied(value)
        if isinstance(value, Mapping)
        else value.detach().clone()
        if isinstance(value, Tensor)
        else value
        for name, value in tree.items()
    }


def digest(value: Tensor) -> str:
    """A text that two tensors share if they are the same."""
    import hashlib

    plain = value.detach().contiguous().cpu()
    content = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
    return hashlib.sha256(f"{plain.dtype} {tuple(plain.shape)}".encode() + content).hexdigest()
