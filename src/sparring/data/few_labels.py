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
        DataError: there are not two classes to tell apart, or one has no example.
    """
    labels, classes = data.condition.values, data.condition.kind.classes
    if classes < FEWEST_CLASSES:
        raise DataError(
            f"All labels of {data.name} are '{data.class_names[0]}': a classifier needs two classes or more "
            "to tell apart."
        )
    if count < classes:
        raise SettingError(f"{setting} is {count}: with {classes} classes it must be at least {classes}.")
    empty = torch.bincount(labels, minlength=classes).eq(0).nonzero().flatten().tolist()
    if empty:
        names = ", ".join(f"'{data.class_names[label]}'" for label in empty)
        raise DataError(
            f"{data.name} has no example of {names} to train on, but some to test with: leave these out, or "
            "hold out others."
        )
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
    # A copy of an image that is for validation would teach its class.
    _, image = data.examples.values[few].unique(dim=0, return_inverse=True)
    kept = few[~torch.isin(image, image[aside])]
    classes = data.condition.values
    left = torch.bincount(classes[kept], minlength=data.condition.kind.classes)
    if left.min() == 0:
        missing = int(left.argmin())
        has = int((classes[few] == missing).sum())
        raise SettingError(
            f"{count}, which takes all {has} of class '{data.class_names[missing]}': give fewer, or more of "
            "labelled, or label more of that class; it needs two different ones or more."
        )
    return kept, few[aside]


def repeated(data: Dataset, few: Tensor, batch_size: int) -> Dataset:
    """A few of the examples, each so often that all are a batch or more, which an epoch deals in turn."""
    return data[few.repeat(-(-batch_size // len(few)))]
