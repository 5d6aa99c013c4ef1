"""The kinds of data that there are, by name: a new one is a file here with its line in the table."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from sparring.data.kinds.classes import Classes
from sparring.data.kinds.images import Images
from sparring.data.kinds.kind import Kind, Layout
from sparring.data.kinds.nothing import Nothing
from sparring.data.kinds.points import Points
from sparring.data.kinds.tokens import Tokens

__all__ = [
    "KINDS",
    "Classes",
    "Images",
    "Kind",
    "Layout",
    "Nothing",
    "Points",
    "Tokens",
    "kind_from",
    "kind_of",
]

KINDS: dict[str, type[Kind]] = {
    "images": Images,
    "points": Points,
    "tokens": Tokens,
    "classes": Classes,
    "nothing": Nothing,
}
"""Every kind by its name."""


def kind_from(description: dict[str, Any]) -> Kind:
    """The kind that `Kind.description` described.

    Raises:
        KeyError, TypeError: this is no such description.
    """
    return KINDS[description["kind"]].from_description(description)


def kind_of(examples: Tensor) -> Kind:
    """What raw examples are: bytes (count, channels, height, width) are images, floats (count, dimensions)
    points."""
    shape = tuple(examples.shape[1:])
    return Points(shape) if examples.is_floating_point() else Images(shape)
