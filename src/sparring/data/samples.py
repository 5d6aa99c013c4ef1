"""Generated samples as .npz files."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from sparring.data.arrays import LABELS, Array, Arrays, examples_in, labels_in, only_key
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Classes, Kind, kind_of
from sparring.errors import DataError
from sparring.runs.files import writing_atomically
from sparring.shown import counted


def save_samples(path: Path, examples: Column, condition: Column) -> None:
    """Write samples to a .npz file that `read_samples`, `npz:FILE` and NumPy read; atomically.

    Args:
        path: the file, replaced if it exists.
        examples: stored under the name that their kind has for arrays: `images` (uint8, N x H x W x C),
            `points` (float32, N x D), `tokens` (int64, N x length).
        condition: what each was told to be, stored under `labels` where they are classes: the data's own
            labels, int64 or texts. Nothing is stored of no condition.

    Raises:
        DataError: the values are not of their kind.
        RunError: the file cannot be written.
    """
    save_parts(path, [(examples, condition)], len(examples))


def save_parts(path: Path, parts: Iterable[tuple[Column, Column]], count: int) -> None:
    """The same of samples that come a few at a time: they are written as they come.

    Args:
        path: the file, replaced if it exists.
        parts: examples, and what each was told to be.
        count: how many examples they are in all, at least one.
    """
    with (
        writing_atomically(path) as file,
        tempfile.TemporaryFile() as aside,
        zipfile.ZipFile(file, "w") as archive,
    ):
        parts = iter(parts)
        examples, condition = next(parts)
        first = _arrays_of(examples, condition)
        # An archive takes one array after the other, so that what comes with the examples has to wait.
        name, *others = first
        with _begin(archive, name, first[name], count) as member:
            for part in itertools.chain([(examples, condition)], parts):
                arrays = _arrays_of(*part)
                member.write(arrays[name].tobytes())
                for other in others:
                    aside.write(arrays[other].tobytes())
        aside.seek(0)
        for other in others:
            with _begin(archive, other, first[other], count) as member:
                shutil.copyfileobj(aside, member)


def _arrays_of(examples: Column, condition: Column) -> dict[str, Array]:
    """The arrays of some samples, by the name under which a file holds them; those of the examples first."""
    arrays: dict[str, Array] = {}
    for name, column in ((examples.kind.arrays, examples), (condition.kind.as_condition, condition)):
        misfit = column.kind.misfit(column.values.cpu())
        if misfit:
            raise DataError(f"Samples cannot be saved: these are {misfit}.")
        if len(column) != len(examples):
            raise DataError(
                f"{counted(len(examples), 'sample')} cannot go with {counted(len(column), 'condition')}: "
                "give one for each."
            )
        if name:
            arrays[name] = np.ascontiguousarray(column.kind.to_arrays(column.values))
    return arrays


def _begin(archive: zipfile.ZipFile, name: str, like: Array, count: int) -> IO[bytes]:
    """Begin an array of so many values in an archive."""
    member = archive.open(f"{name}.npy", "w", force_zip64=True)
    header = {
        "descr": np.lib.format.dtype_to_descr(like.dtype),
        "fortran_order": False,
        "shape": (count, *like.shape[1:]),
    }
    np.lib.format.write_array_header_1_0(member, header)
    return member


def read_samples(path: Path, condition: Kind) -> Dataset:
    """Read samples back: those of `save_samples`, or anyone's `images` or `points` with optional `labels`.

    Args:
        path: the file.
        condition: what the data says of its examples. Labels are those that the data has for its classes;
            of data without classes they are nothing.

    Raises:
        DataError: the file cannot be read, or its arrays are missing, of the wrong kind or do not match; or
            the data has no such labels.
    """
    arrays = Arrays(path)
    key = only_key(arrays, ("images", "points"), path)
    examples = examples_in(arrays, key, path)
    labels = labels_in(arrays, LABELS[key], len(examples), path)
    samples = Dataset(path.name, Column(kind_of(examples), examples))
    if labels is None or condition.as_condition != Classes.as_condition:
        return samples
    try:
        return replace(samples, condition=Column(condition, condition.from_arrays(labels)))
    except DataError as error:
        raise DataError(f"The labels in {path} are not those of the data. {error}") from error
