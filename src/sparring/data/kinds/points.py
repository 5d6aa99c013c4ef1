"""Points: vectors of a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from sparring.data.kinds.kind import Kind, Length
from sparring.shown import counted

if TYPE_CHECKING:
    from sparring.data.dataset import Dataset

UNLIKE = 20.0
"""Where standard deviations of columns differ by this factor, one hardly counts in a distance."""


@dataclass(frozen=True)
class Described:
    """What a description holds."""

    shape: tuple[Length]


@dataclass(frozen=True)
class Points(Kind):
    """Points stored as float32 (count, dimensions)."""

    described: ClassVar[type] = Described
    name: ClassVar[str] = "points"
    arrays: ClassVar[str] = "points"
    drawn_with_real: ClassVar[bool] = True
    usual_system: ClassVar[str | None] = "r3gan"
    exported_as: ClassVar[str] = "points as count x dimensions"

    shape: tuple[int, ...]
    """(dimensions,)."""

    @property
    def about(self) -> str:
        """Such as `points of 2 dimensions`."""
        return f"points of {counted(self.shape[0], 'dimension')}"

    def hints(self, stored: Tensor) -> list[str]:
        """That one column spreads much farther than another."""
        spreads = stored.double().std(0, correction=0)
        widest, narrowest = int(spreads.argmax()), int(spreads.argmin())
        if spreads[widest] < UNLIKE * spreads[narrowest] or spreads[widest] == 0:
            return []
        return [
            f"Column {widest} of the points has a standard deviation of {spreads[widest]:.3g}, and column "
            f"{narrowest} one of {spreads[narrowest]:.3g}: figures, which go by distances, and most networks "
            "will hardly see the narrow one, so bring both to one scale first."
        ]

    def description(self) -> dict[str, Any]:
        """Kind and shape."""
        return {"kind": self.name, "shape": list(self.shape)}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Points:
        """Points of the described dimensions."""
        return cls(tuple(values["shape"]))

    def grid(self, rows: int, columns: int) -> tuple[int, int]:
        """As many points as show a density."""
        return 50, 50

    def picture(
        self, blocks: Sequence[Tensor], dataset: Dataset | None = None, titles: Sequence[Sequence[str]] = ()
    ) -> bytes:
        """A PNG of the points over the density of the real ones, or over their own."""
        from sparring.plots import points_png

        points = blocks[-1].flatten(0, 1).cpu()
        if dataset is None:
            return points_png(points, points, None)
        return points_png(points, dataset.examples.values, dataset.truth.centres)
