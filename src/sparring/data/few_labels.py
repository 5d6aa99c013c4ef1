"""Which of the examples are those whose label may be seen."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from sparring.data.dataset import Dataset
from sparring.errors import DataError, SettingError
from sparring.randomness import Randomness, derived_seed

FEWEST_CLASSES = 2


def chosen_evenly(data: Dataset, count: int, seed: int, setting: str = "labelled") -> Tensor:
    """Places of so many examples, as evenly by class as the count allows, int64 (count,).

    Where a class has fewer, all of it is taken, and a warning says so. The setting is called so in an error.

    Raises:
        SettingError: there are more classes than that.
        DataError: there are not two classes to tell apart.
    """
    labels, classes = data.condition.values, data.condition.kind.classes
    if classes < FEWEST_CLASSES:
        raise DataError(
            f"All labels of {data.name} are '{data.class_names[0]}': a classifier needs two classes or more "
            "to tell apart."
        )
    if count < classes:
        raise SettingError(f"{setting} is {count}: with {classes} classes it must be at least {classes}.")
    order = Randomness(derived_seed(seed, "labelled")).permutation(len(data))
    wanted = [count // classes + (label < count % classes) for label in range(classes)]
    places = [order[labels[order] == label][:few] for label, few in enumerate(wanted)]
    chosen = torch.cat(places)
    if len(chosen) < count:
        smallest = min(range(classes), key=lambda label: len(places[label]))
        warnings.warn(
            f"{len(chosen)} labels are used and not {count}: the smallest class, "
            f"'{data.class_names[smallest]}', has {len(places[smallest])}.",
            stacklevel=2,
        )
    return chosen


def parted(data: Dataset, labelled: int, validation: int, seed: int) -> tuple[Tensor, Tensor]:
    """Places of the examples whose label is trained on, and of those for validation, both evenly by class.

    Args:
        data: has classes.
        labelled: how many labels may be seen in all.
        validation: how many of these are for validation, or 0.
        seed: decides which.

    Raises:
        SettingError: there are too few labels for the classes, or for both.
    """
    few = chosen_evenly(data, labelled, seed)
    if validation == 0:
        return few, few[:0]
    count = f"validation is {validation} of {len(few)} labels"
    if validation > len(few):
        raise SettingError(f"{count}: give fewer, or more of labelled.")
    aside = chosen_evenly(data[few], validation, seed, "validation")
    kept = torch.ones(len(few), dtype=torch.bool)
    kept[aside] = False
    classes = data.condition.kind.classes
    if torch.bincount(data.condition.values[few[kept]], minlength=classes).min() == 0:
        raise SettingError(
            f"{count}, which leaves none of some class to train on: give fewer, or more of labelled."
        )
    return few[kept], few[aside]


def repeated(data: Dataset, few: Tensor, batch_size: int) -> Dataset:
    """A few of the examples, each so often that all are a batch or more, which an epoch deals in turn."""
    return data[few.repeat(-(-batch_size // len(few)))]
