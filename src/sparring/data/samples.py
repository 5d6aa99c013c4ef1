"""Generated samples as .npz files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sparring.data.arrays import LABELS, Array, examples_in, labels_in, load_arrays, only_key
from sparring.data.dataset import Column
from sparring.errors import DataError
from sparring.runs.files import write_atomically


def save_samples(path: Path, examples: Column, condition: Column) -> None:
    """Write samples to a .npz file that `read_samples`, `npz:FILE` and NumPy read; atomically.

    Args:
        path: the file, replaced if it exists.
        examples: stored under the name that their kind has for arrays: `images` (uint8, N x H x W x C),
            `points` (float32, N x D), `tokens` (int64, N x length).
        condition: what each was told to be, stored under `labels` (int64) where they are classes; nothing is
            stored of no condition.

    Raises:
        DataError: the values are not of their kind.
        RunError: the file cannot be written.
    """
    arrays: dict[str, Array] = {}
    for name, column in ((examples.kind.arrays, examples), (condition.kind.as_condition, condition)):
        misfit = column.kind.misfit(column.values.cpu())
        if misfit:
            raise DataError(f"Samples cannot be saved: these are {misfit}.")
        if len(column) != len(examples):
            raise DataError(
                f"There are {len(examples)} samples but {len(column)} conditions; give one for each."
            )
        if name:
            arrays[name] = column.kind.to_arrays(column.values)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomically(path, content.getvalue())


def read_samples(path: Path) -> tuple[Tensor, Tensor | None]:
    """Read samples back: those of `save_samples`, or anyone's `images` or `points` with optional `labels`.

    Returns:
        The examples as in a data set, uint8 (N, C, H, W) or float32 (N, D), and their labels, int64 (N,)
        just as they were stored, or None.

    Raises:
        DataError: the file cannot be read, or its arrays are missing, of the wrong kind or do not match.
    """
    arrays = load_arrays(path)
    key = only_key(arrays, ("images", "points"), path)
    examples = examples_in(arrays, key, path)
    labels = labels_in(arrays, LABELS[key], len(examples), path)
    return examples, None if labels is None else torch.from_numpy(labels)
