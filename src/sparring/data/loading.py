"""Many image files decoded into one tensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sparring.data.colours import with_channels
from sparring.data.decoding import brightest, decoded
from sparring.data.resizing import NOTABLE, Fit, Frame
from sparring.errors import DataError
from sparring.memory import require_memory
from sparring.shown import counted

Watch = Callable[[int, int], None]
"""Is told, while files are read, how many are done and how many there are."""


def unwatched(done: int, total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True)
class Wanted:
    """What the images of a folder are brought to."""

    frame: Frame
    """Their size, and how they come to it."""
    white: float | None = 1.0
    """The share of the range of their values that becomes white; None for the brightest of all files."""
    skip_bad: bool | None = False
    """Whether files that cannot be decoded are left out rather than refused; None where nobody is asked."""
    alpha: bool = False
    """Whether how opaque images are stays, as a fourth channel."""


@dataclass(frozen=True)
class Loaded:
    """The images of some files."""

    images: Tensor
    """uint8 (count, channels, height, width): 3 channels if one is in colour, else 1; 4 with alpha."""
    kept: list[int]
    """The place of each among the files; the others cannot be decoded."""
    sizes: list[tuple[int, int]]
    """Width and height of each in its file, in pixels."""
    white: float = 1.0
    """The share of the range of their values that became white."""
    cut: int = 0
    """How many of them lost more than `NOTABLE` of what they show at their edges."""

    @property
    def widths(self) -> tuple[int, int]:
        """Least and greatest width in the files, in pixels."""
        return _range(width for width, _ in self.sizes)

    @property
    def heights(self) -> tuple[int, int]:
        """Least and greatest height."""
        return _range(height for _, height in self.sizes)


def _range(numbers: Iterable[int]) -> tuple[int, int]:
    least, *_, greatest = sorted(set(numbers)) * 2
    return least, greatest


def load_files(
    files: Sequence[Path], wanted: Wanted, watch: Watch = unwatched, beside: Sequence[Path] = ()
) -> Loaded:
    """Decode all files.

    Args:
        files: the images.
        wanted: what they are brought to.
        watch: is told how many are read.
        beside: further files that count where the brightest of all becomes white.

    Raises:
        DataError: a file cannot be decoded and such are not left out, or none can.
    """
    white = whitest([*files, *beside], wanted.alpha) if wanted.white is None else wanted.white
    frame = wanted.frame
    require_memory(len(files) * frame.area, f"{counted(len(files), 'image')} of {frame}")
    # Grey until the first image with colour: nothing but the final tensor is ever whole in memory.
    channels = 4 if wanted.alpha else 1
    images = torch.empty((len(files), channels, frame.height, frame.width), dtype=torch.uint8)
    kept: list[int] = []
    sizes: list[tuple[int, int]] = []
    tops: dict[int, Path] = {}
    for index, found in enumerate(decoded(files, frame, white, wanted.alpha)):
        watch(index + 1, len(files))
        if not isinstance(found, str):
            images = with_channels(images, max(images.shape[1], len(found.pixels)))
            images[len(kept)] = torch.from_numpy(found.pixels)
            kept.append(index)
            sizes.append((found.width, found.height))
            if found.top is not None:
                tops.setdefault(found.top, files[index])
        elif not wanted.skip_bad:
            skip = "" if wanted.skip_bad is None else ", or pass --skip-bad-images to skip such files"
            raise DataError(f"{files[index]} cannot be read as an image ({found}); mend or remove it{skip}.")
    if len(tops) > 1:
        raise DataError(
            f"Floats go up to 1 in {tops[1]} and up to 255 in {tops[255]}, so it is not clear what white is: "
            "write all images in one range."
        )
    if not kept:
        raise DataError(f"Of {counted(len(files), 'image')} none can be read, {files[0]} being the first.")
    if len(kept) < len(files):
        images = images[: len(kept)].clone()
    cut = sum(count for size, count in Counter(sizes).items() if frame.cut_off(*size) > NOTABLE)
    return Loaded(images, kept, sizes, white, cut)


def read_image(file: Path, shape: Sequence[int], white: float = 1.0, fit: Fit = "crop") -> Tensor:
    """One image file as an example of some data.

    Args:
        file: of any format that Pillow opens.
        shape: (channels, height, width) of the examples.
        white: the share of the range of its values that becomes white.
        fit: how it comes to their size.

    Returns:
        uint8 of that shape, grey where the data is.

    Raises:
        DataError: it is not there or cannot be decoded.
    """
    if file.is_dir():
        raise DataError(f"{file} is a folder; give one image of it.")
    if not file.is_file():
        raise DataError(f"There is no file {file}.")
    channels, height, width = shape
    wanted = Wanted(Frame(width, height, fit), white, skip_bad=None, alpha=channels == 4)
    images = load_files([file], wanted).images
    return with_channels(images, channels)[0]


def whitest(files: Sequence[Path], alpha: bool = False) -> float:
    """The brightest value of all files as a share of its range; 1 where all is black, or damaged.

    Args:
        files: images.
        alpha: whether their colours are looked at where they are transparent in part, or else on white.
    """
    return max((found for found in brightest(files, alpha) if not isinstance(found, str)), default=1.0) or 1.0
