"""One image file as pixels: any format that Pillow opens, any mode, any size."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from sparring.data.limits import STARTS_PROGRAMS, decodable, decoding
from sparring.data.resizing import Frame
from sparring.errors import DataError

WORKERS = 4
FILES_AT_ONCE = 256
"""Decoded files that may wait to be collected: what bounds memory beside the data set itself."""

CONTAINERS = {"BUFR", "GRIB", "HDF5", "MPEG"} | STARTS_PROGRAMS
"""Formats that Pillow recognises without being able to decode them itself: not images to us."""

UNREADABLE = (
    # What Pillow documents: an unknown format (an OSError too), a broken file, a huge one.
    OSError,
    EOFError,
    ValueError,
    Image.DecompressionBombError,
    # What Image.open itself expects of its plugins, and load() lets through.
    SyntaxError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    # What the AVIF, DDS and other decoders raise on damaged data.
    RuntimeError,
    ArithmeticError,
    MemoryError,
    zlib.error,
)
"""What `decode` may raise on a damaged file: each of Pillow's decoders has its own idea of an error."""

Pixels = NDArray[np.uint8]


def image_suffixes() -> set[str]:
    """The suffixes, with their dot and in lower case, of the formats that Pillow can decode."""
    registered = Image.registered_extensions()
    return {suffix for suffix, form in registered.items() if form in Image.OPEN and form not in CONTAINERS}


def decoded(files: Iterable[Path], frame: Frame) -> Iterator[Pixels | str]:
    """The pixels of each file, in order, or why it cannot be decoded."""
    waiting = iter(files)
    with ThreadPoolExecutor(WORKERS) as pool:
        while block := list(islice(waiting, FILES_AT_ONCE)):
            with warnings.catch_warnings():
                # Pillow warns of odd metadata and of large sizes, neither of which concerns the pixels.
                warnings.simplefilter("ignore")
                pixels = list(pool.map(partial(_attempt, frame=frame), block))
            yield from pixels


def _attempt(file: Path, frame: Frame) -> Pixels | str:
    try:
        return decode(file, frame)
    except UnidentifiedImageError:
        return "it is of no format that Pillow knows"
    except Image.DecompressionBombError:
        return f"it has more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels, which may be an attack"
    except (*UNREADABLE, DataError) as error:
        return str(error).rstrip(".") or type(error).__name__


def decode(file: Path, frame: Frame) -> Pixels:
    """One image file as pixels, treated as `read_folder` (in folder.py) says.

    Returns:
        uint8 (1, height, width) if the result is grey, else (3, height, width).

    Raises:
        One of `UNREADABLE`: the file cannot be decoded.
    """
    with Image.open(file, formats=decodable()) as image:
        # JPEGs are decoded at a half, a quarter or an eighth where that is still twice what is wanted.
        wanted = 2 * max(frame.width, frame.height)
        image.draft(None, (wanted, wanted))
        with decoding(*image.size):
            return _decoded_to(image, frame)


def _decoded_to(image: Image.Image, frame: Frame) -> Pixels:
    ImageOps.exif_transpose(image, in_place=True)
    opaque = _in_eight_bits(image)
    # Not resize's own `box`, beyond whose edges the filter would look.
    part = opaque.crop(frame.kept(*opaque.size))
    width, height = frame.resized(*opaque.size)
    part = part.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    left, right, top, bottom = frame.margins(width, height)
    pixels: Pixels = np.asarray(part).reshape(height, width, -1).transpose(2, 0, 1)
    pixels = np.pad(pixels, ((0, 0), (top, bottom), (left, right)), mode="edge")
    grey = (pixels == pixels[:1]).all()
    return np.array(pixels[:1] if grey else pixels)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB, on white where it is transparent."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return Image.fromarray(_from_sixteen_bits(image))
    if image.mode == "F":
        return Image.fromarray(_from_floats(np.asarray(image)))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _from_sixteen_bits(image: Image.Image) -> Pixels:
    # Pillow's own conversion clips at 255 where this scales; its mode I is where it puts 16-bit files too.
    values: NDArray[Any] = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"its values go from {values.min()} to {values.max()}, beyond 16 bits")
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        values[values == transparent] = 65535
    return ((values * 255 + 32767) // 65535).astype(np.uint8)


def _from_floats(values: NDArray[np.float32]) -> Pixels:
    if not (values.min() >= 0 and values.max() <= 255):  # Also where any value is not a number.
        raise ValueError(
            f"its floats go from {values.min()} to {values.max()}; they must be 0 to 1, or 0 to 255"
        )
    return np.rint(values * (255 if values.max() <= 1 else 1)).astype(np.uint8)
