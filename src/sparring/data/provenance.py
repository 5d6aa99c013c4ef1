"""What a source knows of its files, for people to read: training never asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Provenance:
    """What a source knows of the files that it read."""

    widths: tuple[int, int] | None = None
    """Least and greatest width of the images before they were resized, in pixels."""
    heights: tuple[int, int] | None = None
    """Least and greatest height."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many files were left out, by what they are: a suffix such as `.txt`, or `without suffix`."""
    hints: tuple[str, ...] = ()
    """What looks as if something else had been meant, a sentence or two each."""

    def resized_text(self, shape: tuple[int, ...]) -> str:
        """From which sizes images were brought to a shape, such as ` (from 40-1200 px)`; nothing where they
        were of that size.

        Args:
            shape: (channels, height, width).
        """
        if self.widths is None or self.heights is None or self.all_are(*shape[1:]):
            return ""
        shortest, longest = min(self.widths[0], self.heights[0]), max(self.widths[1], self.heights[1])
        return f" (from {shortest} px)" if shortest == longest else f" (from {shortest}-{longest} px)"

    def all_are(self, height: int, width: int) -> bool:
        """Whether all images were of one size before they were resized."""
        return (self.heights, self.widths) == ((height, height), (width, width))


def provenance_of(images: Tensor) -> Provenance:
    """What there is to say of images (count, channels, height, width) that are all of one size."""
    height, width = images.shape[2:]
    return Provenance((width, width), (height, height))
