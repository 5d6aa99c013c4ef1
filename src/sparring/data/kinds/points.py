"""Points: vectors of a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from sparring.data.kinds.kind import Kind

if TYPE_CHECKING:
    from sparring.data.dataset import Dataset


@dataclass(frozen=True)
class Points(Kind):
    """Points stored as float32 (count, dimensions)."""

    name: ClassVar[str] = "points"
    arrays: ClassVar[str] = "points"

    shape: tuple[int, ...]
    """(dimensions,)."""

    @property
    def about(self) -> str:
        """Such as `points of 2 dimensions`."""
        return f"points of {self.shape[0]} dimensions"

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

    def picture(self, blocks: Sequence[Tensor], dataset: Dataset | None = None) -> bytes:
        """A PNG of the points over the density of the real ones, or over their own."""
        from sparring.plots import points_png

        points = blocks[-1].flatten(0, 1).cpu()
        if dataset is None:
            return points_png(points, points, None)
        return points_png(points, dataset.examples.values, dataset.truth.centres)
