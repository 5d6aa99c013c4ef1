"""A sheet: images in rows and columns, enlarged until they can be seen, under the names of their columns."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from sparring.shown import visible_line

WIDEST = 1000
"""Pixels of a sheet in width up to which images are enlarged."""
LARGEST_TILE = 256
"""Pixels of an enlarged image in width."""
MOST_ENLARGED = 8
"""A pixel becomes a square of so many at the most."""
GAP = 4
"""Pixels between two images."""
NO_LETTER = "\uffff"
"""What no font has."""
LETTERS = 13
"""Height of the names of columns in pixels."""
SQUARE = 8
"""Pixels of a square of the checker that is seen through transparent images."""
WHITE, LIGHT = 255, 204
"""The checker's two values; between images all is white."""


def sheet(blocks: Sequence[Tensor], titles: Sequence[Sequence[str]] = ()) -> Image.Image:
    """A picture of blocks of images side by side, divided by a column as wide as an image.

    Every image is enlarged by the same whole number, as far as the sheet stays handy. What is transparent
    shows a checker.

    Args:
        blocks: each uint8 (rows, columns, channels, height, width), all of the same rows and image shapes;
            channels are grey, grey with alpha, colour, or colour with alpha.
        titles: for each block a name for each of its columns, or none where these mean nothing.
    """
    columns = sum(block.shape[1] for block in blocks) + len(blocks) - 1
    rows, width, height = blocks[-1].shape[0], blocks[-1].shape[4], blocks[-1].shape[3]
    factor = enlargement(columns, width)
    across, down = width * factor + GAP, height * factor + GAP
    head = GAP + 2 * LETTERS if any(titles) else 0
    channels = 1 if blocks[-1].shape[2] < 3 else 3
    canvas = torch.full(
        (channels, head + rows * down - GAP, columns * across - GAP), WHITE, dtype=torch.uint8
    )
    left = 0
    for block in blocks:
        for row in range(rows):
            for column in range(block.shape[1]):
                tile = _opaque(_enlarged(block[row, column].cpu(), factor))
                top, start = head + row * down, left + column * across
                canvas[:, top : top + height * factor, start : start + width * factor] = tile
        left += (block.shape[1] + 1) * across
    pixels = canvas.permute(1, 2, 0).numpy()
    picture = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    left = 0
    for block, names in zip(blocks, titles, strict=False):
        _write(picture, names, left, across)
        left += (block.shape[1] + 1) * across
    return picture


def enlargement(columns: int, width: int) -> int:
    """By which whole number images are enlarged that stand so many in a row, from 1 on."""
    wide = (WIDEST - (columns - 1) * GAP) // (columns * width)
    return max(1, min(wide, LARGEST_TILE // width, MOST_ENLARGED))


def _enlarged(image: Tensor, factor: int) -> Tensor:
    return image.repeat_interleave(factor, 1).repeat_interleave(factor, 2)


def _opaque(image: Tensor) -> Tensor:
    """An image over a checker where it has a channel of alpha, which is the second or the fourth."""
    if image.shape[0] not in (2, 4):
        return image
    colours, alpha = image[:-1].float(), image[-1:].float() / 255
    rows, columns = (torch.arange(side) // SQUARE for side in image.shape[1:])
    checker = torch.where((rows[:, None] + columns) % 2 == 0, WHITE, LIGHT)
    return (alpha * colours + (1 - alpha) * checker).round_().to(torch.uint8)


def _write(picture: Image.Image, titles: Sequence[str], left: int, across: int) -> None:
    """Write the names of columns at the top of a picture, each as far as it fits its column."""
    draw, font = ImageDraw.Draw(picture), _font()
    for number, title in enumerate(titles):
        shown = visible_line(title)
        text = _fitting(
            shown if _has(font, shown) else f"class {titles.index(title) + 1}", across - GAP, font
        )
        middle = left + number * across + (across - GAP) / 2
        draw.text((middle, GAP + LETTERS // 2), text, fill=0, font=font, anchor="mt")


def _has(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether a font has all letters of a text: those that it lacks would all be the same empty box."""
    box = bytes(font.getmask(NO_LETTER))
    return all(bytes(font.getmask(letter)) != box for letter in text)


def _fitting(text: str, width: int, font: ImageFont.FreeTypeFont) -> str:
    """A text, or its beginning with an ellipsis, that is at most so wide."""
    short = text
    while short and font.getlength(short if short == text else f"{short}…") > width:
        short = short[:-1]
    return short if short == text else f"{short}…"


def _font() -> ImageFont.FreeTypeFont:
    """A font that has the letters of many scripts: it comes with matplotlib, which need not be imported."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    file = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(file, LETTERS)
