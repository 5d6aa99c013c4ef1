"""One image file as pixels: any format that Pillow opens, any mode, any size."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from sparring.data.limits import STARTS_PROGRAMS, decodable, decoding
from sparring.data.resizing import Frame
from sparring.errors import DataError

WORKERS = 4
FILES_AT_ONCE = 64
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

TURNED = {5, 6, 7, 8}
"""EXIF orientations that exchange width and height."""

HEIC_SUFFIXES = {".heic", ".heics", ".heif", ".heifs", ".hif"}
HEIC_ADVICE = "pip install 'sparring[heic]'"

Pixels = NDArray[np.uint8]
T = TypeVar("T")


def image_suffixes() -> set[str]:
    """The suffixes, with their dot and in lower case, of the formats that can be decoded here."""
    opened = {
        suffix
        for suffix, form in Image.registered_extensions().items()
        if form in Image.OPEN and form not in CONTAINERS
    }
    return opened | HEIC_SUFFIXES if _opens_heic() else opened - HEIC_SUFFIXES


def _opens_heic() -> bool:
    """Whether Pillow can open HEIC, for which it needs a package that not everyone has."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


@dataclass(frozen=True)
class Decoded:
    """An image file in memory."""

    pixels: Pixels
    """uint8 (channels, height, width), of the size that it was brought to: 1 channel if it is grey, else 3,
    or 4 with alpha."""
    width: int
    """Of the file, turned upright, in pixels."""
    height: int
    top: int | None = None
    """What floats in it were taken to go up to, 1 or 255, where any is above 0; None where it holds none."""


def decoded(
    files: Iterable[Path], frame: Frame, white: float = 1.0, alpha: bool = False
) -> Iterator[Decoded | str]:
    """Each file as `decode` gives it, in order, or why it cannot be decoded."""
    return _each(files, partial(decode, frame=frame, white=white, alpha=alpha))


def brightest(files: Iterable[Path], alpha: bool = False) -> Iterator[float | str]:
    """The brightest value of each file, as a share of the range that it could have, or why it has none; with
    alpha, of what is seen of its colours, and else of what they are on white."""
    return _each(files, partial(_brightest, alpha=alpha))


def sizes(files: Iterable[Path]) -> Iterator[tuple[int, int] | str]:
    """Width and height of each file, turned upright, or why it has none; nothing is decoded."""
    return _each(files, _size)


def _each(files: Iterable[Path], work: Callable[[Path], T]) -> Iterator[T | str]:
    waiting = iter(files)
    with ThreadPoolExecutor(WORKERS) as pool:
        while block := list(islice(waiting, FILES_AT_ONCE)):
            with warnings.catch_warnings():
                # Pillow warns of odd metadata and of large sizes, neither of which concerns the pixels.
                warnings.simplefilter("ignore")
                found = list(pool.map(partial(_attempt, work), block))
            yield from found


def _attempt(work: Callable[[Path], T], file: Path) -> T | str:
    try:
        return work(file)
    except UnidentifiedImageError:
        return "it is of no format that Pillow knows"
    except Image.DecompressionBombError:
        return f"it has more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels, which may be an attack"
    except (*UNREADABLE, DataError) as error:
        return str(error).rstrip(".") or type(error).__name__


def decode(file: Path, frame: Frame, white: float = 1.0, alpha: bool = False) -> Decoded:
    """One image file as pixels, treated as `read_folder` (in folder.py) says.

    Args:
        file: where it is.
        frame: size that it is brought to, and how.
        white: the share of the range of its values that becomes white.
        alpha: whether how opaque it is stays, as a fourth channel; its colours are then never grey.

    Raises:
        One of `UNREADABLE`: the file cannot be decoded.
    """
    with Image.open(file, formats=decodable()) as image:
        width, height = _upright_size(image)
        # JPEGs are decoded at a half, a quarter or an eighth where that is still twice what is wanted.
        wanted = 2 * max(frame.width, frame.height)
        image.draft(None, (wanted, wanted))
        with decoding(*image.size):
            # What is turned in place stays of the mode that it has.
            return Decoded(_decoded_to(image, frame, white, alpha), width, height, _top(image))


def _size(file: Path) -> tuple[int, int]:
    with Image.open(file, formats=decodable()) as image:
        return _upright_size(image)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # Pillow gives the size of these turned, and of others as it is stored.
        width, height = image.tag_v2[TiffImagePlugin.IMAGEWIDTH], image.tag_v2[TiffImagePlugin.IMAGELENGTH]
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) in TURNED
    return (height, width) if turned else (width, height)


def _decoded_to(image: Image.Image, frame: Frame, white: float, alpha: bool) -> Pixels:
    ImageOps.exif_transpose(image, in_place=True)
    whole = with_alpha(image, white) if alpha else in_eight_bits(image, white)
    # Not resize's own `box`, beyond whose edges the filter would look.
    part = whole.crop(frame.kept(*whole.size))
    width, height = frame.resized(*part.size)
    part = part.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    left, right, top, bottom = frame.margins(width, height)
    pixels: Pixels = np.asarray(part).reshape(height, width, -1).transpose(2, 0, 1)
    pixels = np.pad(pixels, ((0, 0), (top, bottom), (left, right)), mode="edge")
    grey = not alpha and (pixels == pixels[:1]).all()
    return np.array(pixels[:1] if grey else pixels)


def _brightest(file: Path, alpha: bool) -> float:
    with Image.open(file, formats=decodable()) as image, decoding(*image.size):
        if alpha and _is_transparent(image):
            pixels = np.asarray(image.convert("RGBA"))
            return float(pixels[..., :3][pixels[..., 3] > 0].max(initial=0)) / 255
        values, top = _deep_values(image) or (np.asarray(_opaque(image)), 255)
        return float(values.max()) / top


def with_alpha(image: Image.Image, white: float) -> Image.Image:
    """The image in mode RGBA; where nothing of it is seen, its colour is white."""
    if not _is_transparent(image):
        return in_eight_bits(image, white).convert("RGBA")
    seen = image.convert("RGBA")
    opaque = seen.getchannel("A")
    stretched = _stretched(seen, white)
    stretched.putalpha(opaque)
    blank = Image.new("RGBA", image.size, (255, 255, 255, 0))
    return Image.composite(stretched, blank, opaque.point(lambda value: 255 * (value > 0)))


def in_eight_bits(image: Image.Image, white: float) -> Image.Image:
    """The image in mode L or RGB, on white where it is transparent."""
    deep = _deep_values(image)
    if deep is not None:
        values, top = deep
        scaled = np.rint(values * (255 / (top * white)))
        return Image.fromarray(np.minimum(scaled, 255).astype(np.uint8))
    return _stretched(_opaque(image), white)


def _stretched(image: Image.Image, white: float) -> Image.Image:
    """The image in 8 bits with values such that this share of their range becomes white."""
    if white == 1.0:
        return image
    return image.point([min(255, round(value / white)) for value in range(256)] * len(image.getbands()))


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _opaque(image: Image.Image) -> Image.Image:
    if _is_transparent(image):
        # A conversion to what it is would be a copy, and pictures may be large.
        coloured = image if image.mode == "RGBA" else image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _deep_values(image: Image.Image) -> tuple[NDArray[Any], int] | None:
    """Values of more than 8 bits, and the greatest that they could be; None where there are none."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _sixteen_bits(image), 65535
    if image.mode == "F":
        floats = np.asarray(image)
        return floats, _top_of_floats(floats)
    return None


def _sixteen_bits(image: Image.Image) -> NDArray[np.int64]:
    # Pillow's own conversion clips at 255 where this scales; its mode I is where it puts 16-bit files too.
    values: NDArray[Any] = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError(f"its values go from {values.min()} to {values.max()}, beyond 16 bits")
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        values[values == transparent] = 65535
    return values


def _top(image: Image.Image) -> int | None:
    """What the floats of an image go up to; None where it has none, or where nothing is above 0."""
    if image.mode != "F":
        return None
    floats = np.asarray(image)
    return _top_of_floats(floats) if floats.max() > 0 else None


def _top_of_floats(values: NDArray[np.float32]) -> int:
    if not (values.min() >= 0 and values.max() <= 255):  # Also where any value is not a number.
        raise ValueError(
            f"its floats go from {values.min()} to {values.max()}; they must be 0 to 1, or 0 to 255"
        )
    return 1 if values.max() <= 1 else 255
