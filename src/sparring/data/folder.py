"""A folder of one's own images, of any size, in any format that Pillow opens."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from sparring.data.dataset import Dataset, dataset_of
from sparring.errors import DataError

DEFAULT_SIZE = 28
WORKERS = 4
FILES_AT_ONCE = 256
"""Decoded files that may wait to be collected: what bounds memory beside the data set itself."""

CONTAINERS = {"BUFR", "GRIB", "HDF5", "MPEG"}
"""Formats that Pillow recognises without being able to decode them: not images to us."""

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


@dataclass(frozen=True)
class _Split:
    """The image files of a data set, and the class of each, or no classes at all."""

    files: list[Path]
    classes: list[str] | None


def read_folder(path: Path, size: int | None = None, skip_bad_images: bool = False) -> Dataset:
    """Read a folder of images.

    Sub-folders are classes, named by the folders and numbered in their sorted order; the images of a class
    may lie at any depth in its folder. Images directly in `path` are data without labels. If `path` has
    exactly the sub-folders `train` and `test`, these are the training and the test split, each laid out as
    above. Hidden files, files whose suffix is none of Pillow's, and folders without images are ignored.

    Each image is turned as its EXIF orientation says, put on white where it is transparent, brought to 8
    bits, cropped to its central square and resized to `size` (Lanczos). Of an animation the first frame is
    taken. 16-bit images are scaled from 0 ... 65535; images of floats from 0 ... 1, or from 0 ... 255 where
    they hold more than 1. The data has one channel if no image has colour in what is left of it, otherwise
    three.

    Args:
        path: the folder.
        size: side of the images; None stands for 28.
        skip_bad_images: leave out files that cannot be decoded, with a warning.

    Returns:
        Images as uint8 (count, 1 or 3, size, size), in the sorted order of their paths.

    Raises:
        DataError: the folder cannot be read or holds no images, mixes images with class folders, or (unless
            they are skipped) an image cannot be decoded.
    """
    size = size or DEFAULT_SIZE
    folders, files = _entries(path)
    if {folder.name for folder in folders} == {"train", "test"} and not files:
        training, held_out = _split(path / "train"), _split(path / "test")
    else:
        training, held_out = _split(path), None
    names = tuple(sorted(set(training.classes or [])))
    name = f"folder:{path}"
    images, labels = _load(training, names, size, skip_bad_images)
    if held_out is None:
        return dataset_of(name, images, labels, names)
    _check_classes(path, training, held_out)
    test_images, test_labels = _load(held_out, names, size, skip_bad_images)
    channels = max(images.shape[1], test_images.shape[1])
    test = dataset_of(name, _with_channels(test_images, channels), test_labels, names)
    return dataset_of(name, _with_channels(images, channels), labels, names, test)


def _check_classes(path: Path, training: _Split, held_out: _Split) -> None:
    if (training.classes is None) != (held_out.classes is None):
        raise DataError(f"{path} has class folders in only one of train and test; give both, or neither.")
    unknown = sorted(set(held_out.classes or []) - set(training.classes or []))
    if unknown:
        raise DataError(f"{path / 'test'} has the class '{unknown[0]}', which {path / 'train'} has not.")


def _split(path: Path) -> _Split:
    """The images of a folder, with their classes if they lie in sub-folders."""
    folders, direct = _entries(path)
    inside = [(file, folder.name) for folder in folders for file in _images_below(folder)]
    if direct and inside:
        raise DataError(
            f"{path} holds images, such as {direct[0].name}, beside folders of images, such as "
            f"{inside[0][1]}; put every image into its class folder, or all directly into {path.name}."
        )
    if not direct and not inside:
        raise DataError(f"{path} holds no images: no file in it has a suffix of a format that Pillow opens.")
    if direct:
        return _Split(direct, None)
    return _Split([file for file, _ in inside], [name for _, name in inside])


def _entries(path: Path) -> tuple[list[Path], list[Path]]:
    """The visible sub-folders and the images directly in a folder, each sorted."""
    try:
        visible = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
        folders = [entry for entry in visible if entry.is_dir()]
        return folders, [entry for entry in visible if _looks_like_image(entry)]
    except OSError as error:
        raise _unreadable(path, error) from error


def _images_below(folder: Path) -> list[Path]:
    """All images in a folder and the folders in it, sorted."""

    def fail(error: OSError) -> None:
        raise _unreadable(folder, error) from error

    found: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        visible = (Path(parent, name) for name in files if not name.startswith("."))
        found += [file for file in visible if _looks_like_image(file)]
    return sorted(found)


def _looks_like_image(file: Path) -> bool:
    """Whether this is a file (or a link that leads nowhere, to be reported) with an image's suffix."""
    if file.suffix.lower() not in _suffixes():
        return False
    return file.is_file() or (file.is_symlink() and not file.exists())


def _suffixes() -> set[str]:
    """The suffixes, with their dot and in lower case, of the formats that Pillow can decode."""
    registered = Image.registered_extensions()
    return {suffix for suffix, form in registered.items() if form in Image.OPEN and form not in CONTAINERS}


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.")


def _load(
    split: _Split, names: Sequence[str], size: int, skip_bad_images: bool
) -> tuple[Tensor, Tensor | None]:
    """Decode all images of a split, and number their classes."""
    # Grey until the first image with colour: nothing but the final tensor is ever whole in memory.
    images = torch.empty((len(split.files), 1, size, size), dtype=torch.uint8)
    kept: list[int] = []
    bad: list[str] = []
    for index, pixels in enumerate(_decoded(split.files, size)):
        if isinstance(pixels, str):
            fault = f"{split.files[index]} cannot be read as an image ({pixels})"
            if not skip_bad_images:
                raise DataError(f"{fault}; mend or remove it, or pass --skip-bad-images to skip such files.")
            bad.append(str(split.files[index]))
            continue
        images = _with_channels(images, max(images.shape[1], len(pixels)))
        images[len(kept)] = torch.from_numpy(pixels)
        kept.append(index)
    if not kept:
        raise DataError(f"None of the {len(bad)} images can be read, {bad[0]} being the first.")
    if bad:
        shown = ", ".join(bad[:3]) + (", ..." if len(bad) > 3 else "")
        warnings.warn(f"Skipped {len(bad)} of {len(split.files)} images: {shown}", stacklevel=2)
        images = images[: len(kept)].clone()
    if split.classes is None:
        return images, None
    numbers = {name: number for number, name in enumerate(names)}
    return images, torch.tensor([numbers[split.classes[index]] for index in kept])


def _with_channels(images: Tensor, channels: int) -> Tensor:
    """Images of one channel repeated in three if three are wanted; else untouched."""
    return images if images.shape[1] == channels else images.expand(-1, channels, -1, -1).contiguous()


def _decoded(files: Iterable[Path], size: int) -> Iterator[Pixels | str]:
    """The pixels of each file, in order, or why it cannot be decoded."""
    waiting = iter(files)
    with ThreadPoolExecutor(WORKERS) as pool:
        while block := list(islice(waiting, FILES_AT_ONCE)):
            with warnings.catch_warnings():
                # Pillow warns of odd metadata and of large sizes, neither of which concerns the pixels.
                warnings.simplefilter("ignore")
                pixels = list(pool.map(partial(_attempt, size=size), block))
            yield from pixels


def _attempt(file: Path, size: int) -> Pixels | str:
    try:
        return decode(file, size)
    except UnidentifiedImageError:
        return "it is of no format that Pillow knows"
    except Image.DecompressionBombError:
        return f"it has more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels, which may be an attack"
    except UNREADABLE as error:
        return str(error) or type(error).__name__


def decode(file: Path, size: int) -> Pixels:
    """One image file as pixels, treated as `read_folder` says.

    Returns:
        uint8 (1, size, size) if the result is grey, else (3, size, size).

    Raises:
        One of `UNREADABLE`: the file cannot be decoded.
    """
    with Image.open(file) as image:
        # JPEGs are decoded at a half, a quarter or an eighth where that is still twice what is wanted.
        image.draft(None, (2 * size, 2 * size))
        ImageOps.exif_transpose(image, in_place=True)
        opaque = _in_eight_bits(image)
    side = min(opaque.size)
    left, top = (opaque.width - side) // 2, (opaque.height - side) // 2
    # Not resize's own `box`, beyond whose edges the filter would look.
    square = opaque.crop((left, top, left + side, top + side))
    square = square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels: Pixels = np.asarray(square).reshape(size, size, -1).transpose(2, 0, 1)
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
