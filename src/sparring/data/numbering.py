"""Classes numbered from 0, by the labels that occur."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def numbered(*splits: NDArray[Any] | None) -> tuple[list[Tensor | None], tuple[str, ...]]:
    """Labels numbered from 0 across all splits, int64 (count,) each, and the class names in their order.

    Args:
        splits: the labels of each split, integers or texts; None where it has none.
    """
    given = [split for split in splits if split is not None]
    if not given:
        return [None for _ in splits], ()
    values = np.unique(np.concatenate(given))
    numbers = [None if split is None else np.searchsorted(values, split) for split in splits]
    labels = [None if split is None else torch.from_numpy(split) for split in numbers]
    return labels, tuple(str(value) for value in values)
