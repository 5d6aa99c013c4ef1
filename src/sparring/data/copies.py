"""Examples that are there more than once."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset


def in_several_classes(dataset: Dataset) -> Tensor:
    """Places of the examples that equal one of another class, int64 (count,), in their order.

    Args:
        dataset: has classes.
    """
    distinct, place = _keys(dataset.examples).unique(return_inverse=True)
    classes = dataset.condition.values
    lowest, highest = (
        torch.zeros_like(distinct).scatter_reduce(0, place, classes, way, include_self=False)
        for way in ("amin", "amax")
    )
    return (lowest != highest)[place].nonzero()[:, 0]


def distinct_count(column: Column) -> int:
    """How many values there are, each counted once."""
    return len(_keys(column).unique())


def count_among(column: Column, others: Column) -> int:
    """How many values of a column are among those of another."""
    return int(torch.isin(_keys(column), _keys(others)).sum())


def _keys(column: Column) -> Tensor:
    """A hash of each value, by which data of gigabytes is compared in a second or two."""
    return torch.tensor([hash(row.tobytes()) for row in column.values.numpy()])
