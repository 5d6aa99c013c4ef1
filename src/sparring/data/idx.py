"""The IDX format of MNIST, also of its likes.

A file is four bytes of magic (two zeros, the type of a number, the count of dimensions), each dimension as a
big-endian 32-bit integer, then the numbers in row-major order; see http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparring.data.dataset import Dataset, dataset_of
from sparring.data.numbering import numbered
from sparring.data.provenance import provenance_of
from sparring.data.resizing import Frame, prepared, whitest_of
from sparring.errors import DataError
from sparring.memory import require_memory
from sparring.opening import plain
from sparring.shown import counted

UNSIGNED_BYTES = 0x08
MOST_DIMENSIONS = 4
READ_AT_ONCE = 2**20


def read_idx_folder(path: Path, frame: Frame | None = None, stretch: bool = False) -> Dataset:
    """Read a folder laid out as MNIST is.

    The folder holds `train-images-idx3-ubyte` and optionally `train-labels-idx1-ubyte`, and a test split
    `t10k-images-idx3-ubyte` with labels where the training split has them. Each may end in `.gz`, and have
    a dot before `idx`. Images become uint8 (count, 1, height, width), cropped and resized if `size` is given
    and not their own; classes are named `0` ... the greatest label. With `stretch`, values are scaled so
    that the brightest becomes 255.

    Raises:
        DataError: a file is missing, unreadable, damaged or of other dimensions than it should have.
    """
    return read_idx(f"idx:{path}", path, frame, stretch)


def parse_idx(file: IO[bytes], origin: str) -> Tensor:
    """The unsigned bytes in an IDX file, plain or gzipped, as a uint8 tensor of 1 to 4 dimensions.

    No more is read than the header promises, however much a gzipped file would become.

    Args:
        file: at its beginning.
        origin: the file's name, for error messages.

    Raises:
        DataError: it is not an IDX file of unsigned bytes, is empty, is shorter or longer than it says, or
            promises more than fits in memory.
    """
    try:
        return _parsed(_unzipping(file), origin)
    except EOFError as error:
        raise DataError(f"{origin} is truncated: its gzip data ends too soon.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{origin} is damaged: its gzip data cannot be unpacked ({error}).") from error


def _parsed(file: IO[bytes], origin: str) -> Tensor:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(f"{origin} is not an IDX file: it does not begin with the format's magic number.")
    kind, dimensions = magic[2], magic[3]
    if kind != UNSIGNED_BYTES:
        raise DataError(f"{origin} holds numbers of type 0x{kind:02x}; only unsigned bytes (0x08) are read.")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise DataError(f"{origin} says it has {dimensions} dimensions; an IDX file here has 1 to 4.")
    lengths = file.read(4 * dimensions)
    if len(lengths) < 4 * dimensions:
        raise DataError(f"{origin} is truncated: it ends within its header.")
    shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
    said = math.prod(shape)
    require_memory(said, f"{origin}, whose header promises {_times(shape)} bytes,")
    # Memory that nothing is read into is never really taken.
    content = np.empty(said, np.uint8)
    found = _read_into(file, content)
    more = file.read(1)
    if found != said or more:
        fault, follow = ("damaged", "more") if more else ("truncated", str(found))
        raise DataError(f"{origin} is {fault}: its header promises {said} bytes of data and {follow} follow.")
    if said == 0:
        raise DataError(f"{origin} is empty: its header gives the dimensions {shape}.")
    return torch.from_numpy(content.reshape(shape))


def _unzipping(file: IO[bytes]) -> IO[bytes]:
    """The file, unzipped while it is read if it is gzipped."""
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if zipped else file


def _read_into(file: IO[bytes], content: NDArray[np.uint8]) -> int:
    """Fill an array from a file as far as that goes, and say how far."""
    found = 0
    while found < len(content) and (part := file.read(min(READ_AT_ONCE, len(content) - found))):
        content[found : found + len(part)] = np.frombuffer(part, np.uint8)
        found += len(part)
    return found


def read_idx(name: str, folder: Traversable, frame: Frame | None, stretch: bool = False) -> Dataset:
    """The data set in a folder of IDX files, which may be in a package; see `read_idx_folder`."""
    files = _files(folder)
    training = _split(files, folder, "train")
    if training is None:
        raise DataError(f"{folder} holds no train-images-idx3-ubyte, plain or .gz, so it is no IDX data set.")
    images, labels = training
    test_images, test_labels = _split(files, folder, "t10k") or (None, None)
    if test_images is not None and (labels is None) != (test_labels is None):
        raise DataError(f"{folder} has labels for only one of train and t10k; give both, or neither.")
    white = whitest_of(images, test_images) if stretch else 1.0
    provenance = provenance_of(images, white, frame)
    images, test_images = prepared(frame, white, images, test_images)
    if test_images is not None and images.shape[1:] != test_images.shape[1:]:
        raise DataError(
            f"{folder} has training images of {_measures(images)} but t10k images of "
            f"{_measures(test_images)}; both must be the same, or a size be given to bring them to."
        )
    (numbers, test_numbers), classes = numbered(labels, test_labels)
    held_out = None if test_images is None else dataset_of(name, test_images, test_numbers, classes)
    return replace(dataset_of(name, images, numbers, classes, held_out), provenance=provenance)


def _files(folder: Traversable) -> dict[str, Traversable]:
    try:
        return {entry.name: entry for entry in folder.iterdir()}
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def _split(
    files: dict[str, Traversable], folder: Traversable, split: str
) -> tuple[Tensor, NDArray[Any] | None] | None:
    """Images and labels of one split, or None where it has no images."""
    images = _array(files, f"{split}-images", 3)
    labels = _array(files, f"{split}-labels", 1)
    if images is None:
        if labels is not None:
            raise DataError(f"{folder} has {split}-labels but no {split}-images-idx3-ubyte.")
        return None
    if labels is not None and len(labels) != len(images):
        raise DataError(f"{folder} has {len(images)} {split}-images but {len(labels)} {split}-labels.")
    return images.unsqueeze(1), None if labels is None else labels.numpy()


def _array(files: dict[str, Traversable], stem: str, dimensions: int) -> Tensor | None:
    """The tensor in the first file that has one of the stem's usual spellings, or None."""
    spellings = [f"{stem}{dot}idx{dimensions}-ubyte{zipped}" for dot in "-." for zipped in ("", ".gz")]
    for file in (files[spelling] for spelling in spellings if spelling in files):
        try:
            with open(file, "rb", opener=plain) if isinstance(file, Path) else file.open("rb") as opened:
                array = parse_idx(opened, str(file))
        except OSError as error:
            raise DataError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from error
        if array.ndim != dimensions:
            raise DataError(f"{file} has {counted(array.ndim, 'dimension')} where {stem} need {dimensions}.")
        return array
    return None


def _measures(images: Tensor) -> str:
    height, width = images.shape[2:]
    return f"{width} x {height} pixels"


def _times(shape: Sequence[int]) -> str:
    return " x ".join(f"{length:,}" for length in shape)
