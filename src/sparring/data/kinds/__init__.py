"""The kinds of data that there are, by name: a new one is a file here with its line in the table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import Tensor

from sparring.data.kinds.classes import Classes
from sparring.data.kinds.images import Images
from sparring.data.kinds.kind import Kind, Layout
from sparring.data.kinds.nothing import Nothing
from sparring.data.kinds.points import Points
from sparring.data.kinds.tokens import Tokens
from sparring.errors import DataError
from sparring.validation import Check, check, within

__all__ = [
    "KINDS",
    "Classes",
    "Images",
    "Kind",
    "KindDescription",
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


def _check_described(description: dict[str, Any]) -> None:
    with within("kind"):
        check(description.get("kind"), Literal[tuple(KINDS)])
    check(description, KINDS[description["kind"]].described)


KindDescription = Annotated[dict[str, Any], Check(_check_described)]
"""What `Kind.description` gives, as validation knows it."""


def kind_from(description: dict[str, Any]) -> Kind:
    """The kind that `Kind.description` described.

    Raises:
        Misfit: this is no such description.
    """
    check(description, KindDescription)
    return KINDS[description["kind"]].from_description(description)


def kind_of(examples: Tensor) -> Kind:
    """What raw examples are: bytes (count, channels, height, width) are images, floats (count, dimensions)
    points.

    Raises:
        DataError: they are neither.
    """
    shape = tuple(examples.shape[1:])
    if len(shape) != (1 if examples.is_floating_point() else 3):
        raise DataError(
            f"Examples are images, uint8 from 0 to 255 of shape (count, channels, height, width), or points, "
            f"floats of shape (count, dimensions); these are {str(examples.dtype).removeprefix('torch.')} of "
            f"shape {tuple(examples.shape)}."
        )
    return Points(shape) if examples.is_floating_point() else Images(shape)
