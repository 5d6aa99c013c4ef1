"""Examples that are there more than once."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Dataset


def in_several_classes(dataset: Dataset) -> Tensor:
    """Places of the examples that equal one of another class, int64 (count,), in their order.

    Args:
        dataset: has classes.
    """
    # A hash of each is looked at and not its values: data of gigabytes takes a second or two.
    keys = torch.tensor([hash(row.tobytes()) for row in dataset.examples.values.numpy()])
    distinct, place = keys.unique(return_inverse=True)
    classes = dataset.condition.values
    lowest, highest = (
        torch.zeros_like(distinct).scatter_reduce(0, place, classes, way, include_self=False)
        for way in ("amin", "amax")
    )
    return (lowest != highest)[place].nonzero()[:, 0]
