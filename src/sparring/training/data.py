"""The data of a run: read, and said in a line before anything else is done."""

from __future__ import annotations

from sparring.console import Console
from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.data.summary import hints, summary
from sparring.training.describing import how_to_read
from sparring.training.settings import RunSettings


def read_data(asked: RunSettings, console: Console) -> Dataset:
    """Read the data of a run, and say what was read, and what looks as if something else had been meant.

    Raises:
        DataError: there is no such data, or it cannot be read.
    """
    with console.reading() as watch:
        dataset = load_dataset(asked.data, **how_to_read(asked), watch=watch)
    console.line(summary(dataset))
    for hint in hints(dataset):
        console.line(f"Hint: {hint}")
    return dataset
