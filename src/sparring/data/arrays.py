"""NumPy .npz files as data sets of one's own."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparring.data.dataset import Dataset, dataset_of
from sparring.data.kinds import Images, Kind, Points, kind_of
from sparring.data.limits import check_array
from sparring.data.numbering import numbered
from sparring.data.provenance import Provenance, provenance_of
from sparring.data.resizing import Frame, prepared, whitest_of
from sparring.data.unlabelled import label_of_none, unlabelled_apart
from sparring.errors import DataError
from sparring.opening import plain
from sparring.shown import counted

Array = NDArray[Any]

SUFFIX = ".npy"
"""How the names of arrays end within a .npz file."""
CHANNELS = (1, 3)
EXAMPLES = ("images", "x_train", "points")
"""The names that arrays of examples have."""
NOTABLE_ROUNDING = 0.01
"""The share of a standard deviation that points may be off without a word."""
POSITIONAL = ("arr_0", "arr_1")
"""What `numpy.savez` calls arrays that are given without a name: examples, then perhaps labels."""
LABELS = {"images": "labels", "points": "labels", "x_train": "y_train", POSITIONAL[0]: POSITIONAL[1]}
"""The labels of each array of examples."""
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
    MemoryError,
    tokenize.TokenError,
)
"""What NumPy and zipfile raise on damaged files; a RuntimeError is an unknown compression, or encryption,
a TokenError a header that breaks off."""


def read_npz(path: Path, frame: Frame | None = None, stretch: bool = False) -> Dataset:
    """Read a data set from a .npz file; nothing in it is unpickled.

    The file holds one of

    - `images`: uint8, N x H x W, N x H x W x C or N x C x H x W with C = 1 or 3 (where both readings fit,
      the channels are taken to be last);
    - `x_train`: images likewise, as Keras calls them;
    - `points`: floats, N x D;
    - `arr_0`, as `numpy.savez` calls what it is given without a name: images or points likewise.

    Beside all but the last, `x_test` of the same kind is held out. `labels` (or `y_train`, or `arr_1`;
    `y_test` of what is held out) are optional, N or N x 1. Any integers or texts will do: they are numbered
    from 0 in their own order, and each class is named by its label. Beside two classes or more, from 0
    upwards, -1 stands for no label: such examples become the part `unlabelled`.

    Args:
        path: the file.
        frame: size that images are brought to, and how; None keeps them as they are.
        stretch: scale all values so that the brightest becomes 255.

    Raises:
        DataError: the file cannot be read, or its arrays are missing, of the wrong kind or do not match.
    """
    arrays = Arrays(path)
    key = only_key(arrays, EXAMPLES, path)
    array = arrays[key]
    as_points = _are_points(key, array.ndim)
    examples = _examples(array, key, path, as_points)
    given = labels_in(arrays, LABELS[key], len(examples), path)
    test = _examples(arrays["x_test"], "x_test", path, as_points) if "x_test" in arrays else None
    test_given = None if test is None else labels_in(arrays, "y_test", len(test), path)
    if test is not None and (given is None) != (test_given is None):
        raise DataError(f"{path} has only one of {LABELS[key]} and y_test; give both, or neither.")
    unread = sorted(arrays.keys() - {key, LABELS[key], "x_test", "y_test"})
    provenance = Provenance(hints=_rounded(array))
    if kind_of(examples).has_size:
        white = whitest_of(examples, test) if stretch else 1.0
        provenance = provenance_of(examples, white, frame)
        examples, test = prepared(frame, white, examples, test)
    if test is not None and test.shape[1:] != examples.shape[1:]:
        raise DataError(
            f"{path} has {key} of {_measures(examples)} but x_test of {_measures(test)}; "
            "both must be the same."
        )
    (labels, test_labels), classes = _numbered(path, given, test_given)
    name = f"npz:{path}"
    held_out = None if test is None else dataset_of(name, test, test_labels, classes)
    if unread:
        hint = (
            f"Not read from {path.name}: {', '.join(unread)}. Labels of '{key}' are called '{LABELS[key]}', "
            "what is held out 'x_test', and its labels 'y_test'."
        )
        provenance = replace(provenance, hints=(*provenance.hints, hint))
    dataset = replace(dataset_of(name, examples, labels, classes, held_out), provenance=provenance)
    return unlabelled_apart(dataset, label_of_none(classes))


def kind_in_npz(path: Path) -> type[Kind]:
    """The kind of the examples in a .npz file, of which no array is read.

    Raises:
        DataError: the file cannot be read, or has no examples.
    """
    arrays = Arrays(path)
    key = only_key(arrays, EXAMPLES, path)
    return Points if _are_points(key, arrays.dimensions(key)) else Images


class Arrays(Mapping[str, Array]):
    """The arrays of a .npz file by name, each read when it is asked for: no other costs time or memory.

    Args:
        path: the file.

    Raises:
        DataError: it cannot be read, also where an array is asked for; or an array is not as large as it
            promises, or does not fit in memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opened(path) as zipped:
            members = [member for member in zipped.namelist() if member.endswith(SUFFIX)]
        self._members = {member.removesuffix(SUFFIX): member for member in members}

    def __getitem__(self, name: str) -> Array:
        with _opened(self.path) as zipped:
            member = zipped.getinfo(self._members[name])
            check_array(zipped, member, self.path)
            with zipped.open(member) as content:
                array: Array = np.lib.format.read_array(content, allow_pickle=False)
        return array

    def __contains__(self, name: object) -> bool:
        # A mapping would read the array to find out.
        return name in self._members

    def dimensions(self, name: str) -> int:
        """How many dimensions an array has, from its header alone."""
        with _opened(self.path) as zipped, zipped.open(self._members[name]) as content:
            read: Callable[[Any], Any] = np.lib.format.read_array_header_1_0
            if np.lib.format.read_magic(content) != (1, 0):
                read = np.lib.format.read_array_header_2_0
            return len(read(content)[0])

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A .npz file; whatever is wrong with it is a DataError."""
    try:
        with open(path, "rb", opener=plain) as file:
            if not zipfile.is_zipfile(file):
                raise DataError(f"{path} is not a .npz file; write one with numpy.savez(file, images=...).")
            with zipfile.ZipFile(file) as zipped:
                yield zipped
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except DAMAGED as error:
        if "Object arrays" in str(error):
            raise DataError(f"{path} holds Python objects, which are not read; store numbers.") from error
        raise DataError(f"{path} is damaged, or zipped as NumPy cannot read ({error}).") from error


def only_key(arrays: Mapping[str, Array], keys: tuple[str, ...], path: Path) -> str:
    """The one of the keys that a file has."""
    present = [key for key in keys if key in arrays]
    if POSITIONAL[0] in arrays and arrays.keys() <= set(POSITIONAL):
        return POSITIONAL[0]
    wanted = ", ".join(f"'{key}'" for key in keys)
    if len(present) > 1:
        raise DataError(f"{path} holds {' and '.join(present)} at once; keep one of {wanted}.")
    if not present:
        raise DataError(f"{path} holds {_listed(arrays)}; it must hold one of {wanted}.")
    return present[0]


def examples_in(arrays: Mapping[str, Array], key: str, path: Path) -> Tensor:
    """The array of a key as examples, images or points."""
    array = arrays[key]
    return _examples(array, key, path, _are_points(key, array.ndim))


def _examples(array: Array, key: str, path: Path, as_points: bool) -> Tensor:
    if array.ndim == 0 or array.size == 0:
        raise DataError(f"'{key}' in {path} is empty, of shape {array.shape}.")
    return _points(array, key, path) if as_points else _images(array, key, path)


def _are_points(key: str, dimensions: int) -> bool:
    return dimensions == 2 if key == POSITIONAL[0] else key == "points"


def _images(array: Array, key: str, path: Path) -> Tensor:
    """An array of images as uint8 (N, C, H, W)."""
    if array.dtype != np.uint8:
        raise DataError(
            f"'{key}' in {path} is of type {array.dtype}; convert it to uint8 with values from 0 to 255."
        )
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[3] in CHANNELS:
        array = array.transpose(0, 3, 1, 2)
    elif array.ndim != 4 or array.shape[1] not in CHANNELS:
        raise DataError(
            f"'{key}' in {path} has the shape {array.shape}; images are N x height x width, "
            "or N x height x width x channels with 1 or 3 channels."
        )
    return torch.from_numpy(np.ascontiguousarray(array))


def _points(array: Array, key: str, path: Path) -> Tensor:
    """An array of points as float32 (N, D)."""
    if array.ndim != 2 or array.dtype.kind != "f":
        raise DataError(
            f"'{key}' in {path} is of type {array.dtype} and shape {array.shape}; "
            "points are floats of shape N x dimensions."
        )
    with np.errstate(over="ignore"):  # What float32 cannot hold becomes infinite and is refused below.
        points = array.astype(np.float32)
    if not np.isfinite(points).all():
        raise DataError(f"'{key}' in {path} holds infinite numbers, NaN, or numbers beyond float32.")
    return torch.from_numpy(points)


def _rounded(array: Array) -> tuple[str, ...]:
    """That points of 64 bits lie so close together, for their size, that 32 bits cannot tell them apart."""
    if array.dtype != np.float64:
        return ()
    spread, lost = array.std(0), np.abs(array - array.astype(np.float32)).max(0)
    # Of equal numbers the deviation is not quite 0.
    coarse = np.flatnonzero((array.max(0) > array.min(0)) & (lost > NOTABLE_ROUNDING * spread))
    if not len(coarse):
        return ()
    column = int(coarse[0])
    mean = array[:, column].mean()
    return (
        f"Column {column} of the points has a mean of {mean:,.6g} and a standard deviation of "
        f"{spread[column]:.3g}: as numbers of 32 bits they are off by up to {lost[column]:.2g}. Subtract "
        "the mean of each column first.",
    )


def labels_in(arrays: Mapping[str, Array], key: str, count: int, path: Path) -> Array | None:
    """Labels as they are stored, int64 or texts, one for each example; None where there are none."""
    if key not in arrays:
        return None
    array = arrays[key]
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iuU":
        raise DataError(
            f"'{key}' in {path} is of type {array.dtype} and shape {array.shape}; "
            "labels are integers or texts, one for each example."
        )
    if len(array) != count:
        raise DataError(
            f"{path} holds {counted(count, 'example')} but {len(array)} in '{key}'; each example needs one."
        )
    if array.dtype.kind == "u" and array.max() > np.iinfo(np.int64).max:
        raise DataError(f"'{key}' in {path} holds {array.max()}; labels must fit 64 bits with a sign.")
    return array if array.dtype.kind == "U" else array.astype(np.int64)


def _numbered(path: Path, *splits: Array | None) -> tuple[list[Tensor | None], tuple[str, ...]]:
    """Labels numbered from 0 across all splits, and the class names."""
    if len({split.dtype.kind for split in splits if split is not None}) > 1:
        raise DataError(f"{path} has integers for labels in one split and texts in the other; give one kind.")
    return numbered(*splits)


def _measures(examples: Tensor) -> str:
    return " x ".join(str(length) for length in examples.shape[1:])


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys) or "no arrays"
