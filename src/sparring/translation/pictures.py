"""Pictures in files: read whole, with their transparency and their frames, and written as a whole."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, ImageSequence

from sparring.data.decoding import UNREADABLE, in_eight_bits
from sparring.data.limits import decodable, decoding
from sparring.errors import DataError, SettingError
from sparring.runs.files import write_atomically

WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95}),
    ".jpeg": ("JPEG", {"quality": 95}),
    ".webp": ("WEBP", {"lossless": True}),
    ".gif": ("GIF", {}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".bmp": ("BMP", {}),
}
"""Pillow's name of the format of each suffix that is written, and what it is told."""
ANIMATED = {".gif", ".webp", ".png", ".tif", ".tiff"}
"""Suffixes of formats that hold several frames."""
TRANSPARENT = {".png", ".webp", ".gif", ".tif", ".tiff"}
VIEWS = {"MPO", "PSD"}
"""Formats whose further frames are other views of the first, or the layers that it is made of."""
KEPT = ("exif", "icc_profile", "dpi")
"""What is kept of what a file says of its picture."""
TIMES = ("duration", "loop")
"""And of one that moves."""

Translate = Callable[[Image.Image], Image.Image]


def upright(image: Image.Image) -> Image.Image:
    """A copy that is turned as its EXIF orientation says."""
    turned = ImageOps.exif_transpose(image)
    return turned.copy() if turned is image else turned


def opaque(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB, on white where it is transparent.

    Raises:
        DataError: its values are none that have a brightness.
    """
    return eight_bits(image, 1.0)


def eight_bits(image: Image.Image, white: float) -> Image.Image:
    """The same with the brightness that becomes white, as `in_eight_bits` takes it.

    Raises:
        DataError: likewise.
    """
    try:
        return in_eight_bits(image, white)
    except ValueError as error:
        raise DataError(f"A picture cannot be read: {error}.") from error


def alpha_of(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel is, in mode L; None where nothing is transparent."""
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return image.convert("RGBA").getchannel("A")
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        return image.convert("RGBA").getchannel("A")
    return None


def in_full_colours(image: Image.Image) -> Image.Image:
    """A picture of a palette, or of black and white alone, in a mode in which colours can lie between others;
    any other as it is."""
    if image.mode not in ("1", "P", "PA"):
        return image
    fuller = "L" if image.mode == "1" else "RGB"
    made = image.convert(fuller if alpha_of(image) is None else "RGBA")
    made.info = {name: value for name, value in image.info.items() if name != "transparency"}
    return made


def like(source: Image.Image, made: Image.Image) -> Image.Image:
    """What was made of a picture, as transparent as that unless it was made with a transparency of its own,
    and with what that says of itself."""
    kept: dict[str | tuple[int, int], Any] = {
        name: source.info[name] for name in (*KEPT, *TIMES) if name in source.info
    }
    if made.mode.removesuffix("A") != source.mode.removesuffix("A"):
        # A profile of other colours would change these.
        kept.pop("icc_profile", None)
    alpha = alpha_of(source)
    if alpha is not None and made.mode != "RGBA":
        same = alpha.size == made.size
        made.putalpha(alpha if same else alpha.resize(made.size, Image.Resampling.BILINEAR))
    made.info |= kept
    return made


def frames_of(path: Path) -> list[Image.Image]:
    """The frames of a picture in a file: one, unless it moves.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata and of large sizes, neither of which concerns the pixels.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=decodable()) as image, decoding(*image.size):
                moves = image.format not in VIEWS
                return [frame.copy() for frame in ImageSequence.Iterator(image)] if moves else [image.copy()]
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as a picture ({error}).") from error


def check_suffix(path: Path) -> str:
    """The suffix of a picture that is to be written, in lower case.

    Raises:
        SettingError: it is of no format that is written.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITTEN:
        raise SettingError(f"Pictures are written as {', '.join(WRITTEN)}, not as '{path.name}'.")
    return suffix


def translate_picture(source: Path, out: Path, translate: Translate) -> None:
    """Translate a picture in a file, or each frame of one that moves, into another file.

    Args:
        source: the picture.
        out: the file, which appears whole or not at all.
        translate: makes a picture of a picture.

    Raises:
        DataError: the picture cannot be read.
        SettingError: the other file is of no format that can hold it.
        RunError: it cannot be written.
    """
    suffix = check_suffix(out)
    frames = frames_of(source)
    if len(frames) > 1 and suffix not in ANIMATED:
        raise SettingError(
            f"{source} has {len(frames)} frames and a {suffix} file holds one: write it as .gif, .webp or "
            ".png."
        )
    write_atomically(out, encoded([translate(frame) for frame in frames], suffix))


def encoded(frames: list[Image.Image], suffix: str) -> bytes:
    """The contents of a file of one frame or several.

    Raises:
        SettingError: a file of that format cannot hold so large ones.
    """
    form, options = WRITTEN[suffix]
    if suffix not in TRANSPARENT:
        frames = [opaque(frame) for frame in frames]
    elif suffix == ".gif":
        # Pillow writes the transparency of colour images alone into a GIF.
        frames = [_coloured(frame) for frame in frames]
    first, *others = frames
    told = options | {name: first.info[name] for name in KEPT if first.info.get(name)}
    if others:
        durations = [frame.info.get("duration", 100) for frame in frames]
        told |= {"save_all": True, "append_images": others, "duration": durations}
        # Each frame is whole. In a PNG 2 stands for the last frame but one, and not for what is behind all.
        told["disposal"] = 0 if suffix == ".png" else 2
        told |= {"loop": first.info["loop"]} if "loop" in first.info else {}
    buffer = io.BytesIO()
    try:
        first.save(buffer, form, **told)
    except (ValueError, OSError, OverflowError, struct.error) as error:
        raise SettingError(
            f"A {suffix} file cannot hold a picture of {first.width} x {first.height} pixels ({error}): "
            "write another format, such as .png."
        ) from error
    return buffer.getvalue()


def _coloured(frame: Image.Image) -> Image.Image:
    """In colour where it is grey with a transparency, and with what it says of itself."""
    return frame.convert("RGBA") if frame.mode == "LA" else frame
