"""What a source knows of its files, for people to read: training never asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from sparring.data.resizing import NOTABLE, Frame
from sparring.shown import counted


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
    white: float = 1.0
    """The share of the range of values in the files that became white: below 1 where they were stretched."""

    @property
    def sizes_text(self) -> str:
        """The shortest and the longest side of the images in their files, such as `40-1200 px`."""
        sides = [*(self.widths or ()), *(self.heights or ())]
        if not sides:
            return ""
        return f"{min(sides)} px" if min(sides) == max(sides) else f"{min(sides)}-{max(sides)} px"

    @property
    def only_size(self) -> str | None:
        """The size that all images have in their files, as an option takes it, such as `64x48`; or None."""
        sides = set(self.widths or ()), set(self.heights or ())
        return "x".join(str(side) for (side,) in sides) if all(len(side) == 1 for side in sides) else None

    def all_are(self, height: int, width: int) -> bool:
        """Whether all images were of one size before they were resized."""
        return (self.heights, self.widths) == ((height, height), (width, width))


def provenance_of(images: Tensor, white: float, frame: Frame | None) -> Provenance:
    """What there is to say of images (count, channels, height, width) of one size before they are resized."""
    count, _, height, width = images.shape
    cut = count if frame and frame.cut_off(width, height) > NOTABLE else 0
    hints = cut_hint(cut, count, frame) if frame else ()
    return Provenance((width, width), (height, height), hints=hints, white=white)


def cut_hint(cut: int, count: int, frame: Frame) -> tuple[str, ...]:
    """What is lost of images of another shape than the frame, if anything, and how not to lose it."""
    if not cut:
        return ()
    return (
        f"More than a tenth is cut off at the edges of {cut:,} of {counted(count, 'image')}, whose shape is "
        f"not that of {frame}: --size takes width and height, such as 48x32 for wide ones, and "
        f"--size {frame.width}x{frame.height} --fit pad keeps the whole of each.",
    )
