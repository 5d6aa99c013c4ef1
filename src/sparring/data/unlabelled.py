"""Examples without a label beside others that have one: a part of the data of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from sparring.data.dataset import Column, Dataset, DataSpec
from sparring.data.kinds import Classes
from sparring.errors import DataError
from sparring.shown import counted

UNLABELLED = "unlabelled"
"""Name of the part."""
FOLDERS = {UNLABELLED, "unlabeled"}
"""Folders, in any case of letters, that are no class where two classes or more lie beside them."""
NO_LABEL = "-1"
"""The label, among integers, of what has none, where there are two others or more and none is negative."""


def folder_without_label(names: Sequence[str]) -> str | None:
    """The name of the folder of images without a label among those of classes; None where there is none."""
    found = [name for name in names if name.lower() in FOLDERS]
    return found[0] if len(found) == 1 and len(names) > 2 else None


def label_of_none(names: Sequence[str]) -> str | None:
    """The label that stands for none among those of an array; None where all are classes."""
    others = [name for name in names if name != NO_LABEL]
    meant = len(others) == len(names) - 1 > 1 and all(name.isdecimal() for name in others)
    return NO_LABEL if meant else None


def unlabelled_apart(dataset: Dataset, called: str | None) -> Dataset:
    """The data without the examples of a class that is none, which become its part `unlabelled`.

    Args:
        dataset: has classes.
        called: the class that is none; where it is None, the data stays as it is.

    Raises:
        DataError: no example that is trained on is of another class.
    """
    if called is None:
        return dataset
    names = dataset.class_names
    number, kind = names.index(called), Classes(tuple(name for name in names if name != called))

    def apart(whole: Dataset) -> Dataset:
        numbers = whole.condition.values
        without = numbers == number
        rest = numbers[~without]
        return replace(
            whole,
            examples=whole.examples[~without],
            condition=Column(kind, rest - (rest > number).long()),
            parts={UNLABELLED: Dataset(whole.name, whole.examples[without])} if without.any() else {},
        )

    labelled = apart(dataset)
    if not len(labelled):
        raise DataError(
            f"Of {counted(len(dataset), 'training example')} of {dataset.name} none has a label, as "
            f"'{called}' says: leave all labels out, or call it otherwise if it is a class."
        )
    held_out = None if dataset.held_out is None else apart(dataset.held_out)
    count = len(labelled.parts.get(UNLABELLED, ()))
    hint = (
        f"{counted(count, 'example')} without a label, as '{called}' says: systems that learn from few "
        "labels see such, others leave them out. If it is a class, call it otherwise."
    )
    if held_out is not None and not len(held_out):
        held_out = None
        hint += " Of those held out none has a label: they are left out."
    provenance = replace(dataset.provenance, hints=(*dataset.provenance.hints, hint))
    return replace(labelled, held_out=held_out, provenance=provenance)


def count_with_unlabelled(data: DataSpec) -> int:
    """How many examples those are that `with_unlabelled` gives."""
    return data.count + sum(part.count for name, part in data.parts.items() if name == UNLABELLED)


def with_unlabelled(dataset: Dataset) -> Dataset:
    """All examples that may be trained on, those without a label too; nothing is said of any."""
    columns = [dataset.examples, *(part.examples for part in [dataset.parts.get(UNLABELLED)] if part)]
    if len(columns) == 1:
        return dataset
    return Dataset(dataset.name, Column(columns[0].kind, torch.cat([column.values for column in columns])))
