"""Images in memory brought to what is wanted of them: a size, a range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from sparring.errors import DataError
from sparring.memory import require_memory
from sparring.shown import counted

Size = int | str
"""The size of images in pixels as a user gives it: 64 for a square, or `64x48`, width first."""
Fit = Literal["crop", "pad", "stretch"]
"""How an image of another shape comes to a size: cut to its centre, with its edges repeated, or distorted."""

Half = Literal["whole", "left", "right"]
"""What of an image is meant: all of it, or one of two that stand side by side in it."""

LARGEST_SIDE = 4096
"""The largest side in pixels that a size may ask for."""
NOTABLE = 0.1
"""The share of an image that may be cut off without a word."""
RESIZED_AT_ONCE = 2**24
"""Numbers that are floats at the same time while images are resized: 64 MiB."""


@dataclass(frozen=True)
class Frame:
    """The size that images are brought to, and how those of another shape get there."""

    width: int
    height: int
    fit: Fit = "crop"
    half: Half = "whole"

    def __str__(self) -> str:
        return f"{self.width} x {self.height} pixels"

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def kept(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what is kept of an image, or of the half that is meant: with `crop`
        the largest central part that has the frame's shape, else all of it."""
        beside = 0
        if self.half != "whole":
            beside = width - width // 2 if self.half == "right" else 0
            width = max(1, width // 2)
        wide, high = width, height
        if self.fit == "crop":
            wide = min(width, max(1, height * self.width // self.height))
            high = min(height, max(1, width * self.height // self.width))
        left, top = beside + (width - wide) // 2, (height - high) // 2
        return left, top, left + wide, top + high

    def cut_off(self, width: int, height: int) -> float:
        """The share of an image, or of the half that is meant, that is not kept."""
        left, top, right, bottom = self.kept(width, height)
        whole = width if self.half == "whole" else max(1, width // 2)
        return 1 - (right - left) * (bottom - top) / (whole * height)

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """Width and height to which that part is resized: with `pad` as large as fits, else the frame's."""
        if self.fit != "pad":
            return self.width, self.height
        wide = max(1, round(width * self.height / height))
        high = max(1, round(height * self.width / width))
        return min(self.width, wide), min(self.height, high)

    def margins(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Pixels by which an image of this size falls short of the frame, at its left, right, top and
        bottom."""
        across, down = self.width - width, self.height - height
        return across // 2, across - across // 2, down // 2, down - down // 2


def frame_of(size: Size | None, fit: Fit = "crop") -> Frame | None:
    """The frame that a user asked for; None where images keep the size that they have.

    Raises:
        DataError: there is no such size or fit, or a fit without a size.
    """
    if fit not in get_args(Fit):
        raise DataError(f"There is no fit {fit!r}; there are {', '.join(get_args(Fit))}.")
    if size is None:
        if fit != "crop":
            raise DataError(
                f"The fit '{fit}' says how images come to a size: give one as well, such as --size 64x48."
            )
        return None
    sides = re.fullmatch(r"(\d{1,9})(?:x(\d{1,9}))?", str(size))
    width, height = (int(sides[1]), int(sides[2] or sides[1])) if sides else (0, 0)
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise DataError(
            f"An image size of {size} is not possible; give one from 1 to {LARGEST_SIDE}, such as 64 for a "
            "square, or width and height, such as 64x48."
        )
    return Frame(width, height, fit)


def brought_to(frame: Frame | None, images: Tensor) -> Tensor:
    """Images resized as a frame says, bilinear with antialiasing.

    Args:
        frame: the wanted size; None, or the size that the images have already, returns them untouched.
        images: uint8 (N, C, H, W).
    """
    count, channels, height, width = images.shape
    if frame is None or (width, height) == (frame.width, frame.height):
        return images
    left, top, right, bottom = frame.kept(width, height)
    images = images[:, :, top:bottom, left:right]
    wide, high = frame.resized(width, height)
    require_memory(count * channels * frame.area, f"{counted(count, 'image')} of {frame}")
    made = torch.empty((count, channels, frame.height, frame.width), dtype=torch.uint8)
    largest = max(images[0, 0].numel(), frame.area) if count else 1
    at_once = max(1, RESIZED_AT_ONCE // (channels * largest))
    for start in range(0, count, at_once):
        part = images[start : start + at_once].float()
        part = functional.interpolate(
            part, (high, wide), mode="bilinear", align_corners=False, antialias=True
        )
        part = functional.pad(part, frame.margins(wide, high), mode="replicate")
        made[start : start + at_once] = part.round_().clamp_(0, 255)
    return made


def whitest_of(training: Tensor, held_out: Tensor | None) -> float:
    """The brightest value of both splits, uint8, as a share of 255; 1 where all is black."""
    splits = [training] if held_out is None else [training, held_out]
    return (max(int(images.max()) for images in splits) or 255) / 255


def prepared(
    frame: Frame | None, white: float, training: Tensor, held_out: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Both splits, uint8 (N, C, H, W), scaled so that a share of their range becomes white, then resized.

    Args:
        frame: the wanted size; None keeps what they have.
        white: the share of 255 that becomes 255; what is brighter does, too.
        training: changed in place where values are scaled.
        held_out: likewise, where there is one.
    """
    splits = [training] if held_out is None else [training, held_out]
    if white != 1.0:
        _stretch(splits, white)
    resized = [brought_to(frame, images) for images in splits]
    return resized[0], None if held_out is None else resized[1]


def _stretch(splits: list[Tensor], white: float) -> None:
    """Scale all values so that this share of 255 becomes 255."""
    table = torch.arange(256).mul(255 / (255 * white)).round_().clamp_(0, 255).to(torch.uint8)
    for images in splits:
        for part in images.split(max(1, RESIZED_AT_ONCE // images[0].numel())):
            part.copy_(table[part.long()])
