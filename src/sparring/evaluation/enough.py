"""Whether there are examples enough for figures, asked before anything is computed."""

from __future__ import annotations

from sparring.data.dataset import Dataset
from sparring.data.holding_out import FEWEST
from sparring.errors import DataError
from sparring.shown import counted

MINIMUM = FEWEST
"""Fewer examples than this are not worth a figure."""


def check_enough_real(dataset: Dataset) -> None:
    """Raise DataError unless a data set has examples enough to compare with."""
    count, held_out = len(dataset), dataset.held_out
    other = "or compare with other data (`sparring evaluate --data`)"
    if held_out is None and count < 2 * MINIMUM:
        raise DataError(
            f"'{dataset.name}' has {counted(count, 'example')}, with none held out; an evaluation needs "
            f"{2 * MINIMUM}, half of them to compare the others with: add examples to the data, {other}."
        )
    if held_out is not None and min(count, len(held_out)) < MINIMUM:
        raise DataError(
            f"'{dataset.name}' has {counted(count, 'example')} to train on and {len(held_out)} held out; an "
            f"evaluation needs {MINIMUM} of each: add examples to the data, train with another --hold-out, "
            f"{other}."
        )


def check_enough_samples(count: int) -> None:
    """Raise DataError unless there are samples enough to be judged."""
    if count < MINIMUM:
        raise DataError(f"An evaluation needs at least {MINIMUM} samples, not {count}: give it more.")
