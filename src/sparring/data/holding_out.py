"""Keeping some examples aside, so that what is made can be compared with real ones that were never seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.listing import COPIES
from sparring.data.unlabelled import UNLABELLED
from sparring.errors import DataError
from sparring.randomness import Randomness
from sparring.shown import counted

FEWEST = 20
"""Fewer examples than this are not worth a figure, neither of those kept aside nor of the others."""
USUAL = 0.1
"""The share that is advised where it keeps that many aside."""
OWN_HELD_OUT = "give the data a `held_out` of its own"
"""What is advised where none can be held out by chance."""
Aside = Callable[[Dataset], Dataset]
"""Holds out some examples of data, or none."""


def aside(share: float | None, seed: int = 0) -> Aside:
    """What holds out a share of data: None leaves what it holds out by itself, and 0 holds out nothing.

    Raises:
        DataError: it is no share.
    """
    if share is None:
        return lambda dataset: dataset
    if not 0 <= share < 1:
        raise DataError(
            f"--hold-out is {share:g}; give a share below 1, such as 0.1, or 0 to hold out nothing."
        )
    return (lambda dataset: hold_out(dataset, share, seed)) if share else none_held_out


def share_for(count: int) -> float | None:
    """The share of so many examples that is advised to be held out; None where they are too few for any."""
    least = _least(count)
    return None if least is None else max(USUAL, least)


def belong_together(dataset: Dataset) -> bool:
    """Whether the data has parts of which none can be held out by chance."""
    return bool(dataset.parts.keys() - {UNLABELLED})


def none_held_out(dataset: Dataset) -> Dataset:
    """The same data with nothing held out: what it holds out by itself is among what is trained on."""
    held_out = dataset.held_out
    return dataset if held_out is None else replace(_joined(dataset, held_out), held_out=None)


def _joined(one: Dataset, other: Dataset) -> Dataset:
    """The first, and the examples of another behind its own; so of each part that both have."""
    examples, condition = (
        Column(first.kind, torch.cat([first.values, second.values]))
        for first, second in ((one.examples, other.examples), (one.condition, other.condition))
    )
    parts = {**other.parts, **one.parts}
    parts |= {
        name: _joined(one.parts[name], other.parts[name]) for name in one.parts.keys() & other.parts.keys()
    }
    return replace(one, examples=examples, condition=condition, parts=parts)


def hold_out(dataset: Dataset, share: float, seed: int = 0) -> Dataset:
    """The same data with a random share of its examples held out.

    Where some are without a label, only others are kept aside; of those without one, all that equal one which
    is held out are left out.

    An example that is there several times is kept aside with all its copies, or not at all, so that none
    which is held out is trained on.

    Args:
        dataset: examples of which none is held out yet.
        share: how many of the distinct ones to keep aside, above 0 and below 1.
        seed: decides which. The same examples in the same order are parted in the same way.

    Raises:
        DataError: the data holds some out by itself, has parts that belong together, or is too small.
    """
    if dataset.held_out is not None:
        raise DataError(
            f"'{dataset.name}' has {counted(len(dataset.held_out), 'held-out example')} of its own; leave "
            "--hold-out away, or give 0 to train on all."
        )
    if belong_together(dataset):
        raise DataError(
            f"'{dataset.name}' has parts that belong together ({', '.join(dataset.parts)}), of which none "
            f"can be held out by chance; leave --hold-out away, and {OWN_HELD_OUT}."
        )
    distinct, place = dataset.examples.values.unique(dim=0, return_inverse=True)
    order = torch.randperm(len(distinct), generator=Randomness(seed).child("hold out").generator)
    aside = torch.isin(place, order[: round(share * len(distinct))])
    kept = int(aside.sum())
    if min(kept, len(dataset) - kept) < FEWEST:
        raise DataError(
            f"--hold-out {share:g} keeps {kept} of {counted(len(dataset), 'example')} of '{dataset.name}' "
            f"aside; an evaluation needs {FEWEST} of them and as many of the others. {_enough(len(distinct))}"
        )
    return _without_copies(replace(dataset[~aside], held_out=dataset[aside]))


def _without_copies(dataset: Dataset) -> Dataset:
    """The data without those examples without a label that equal a held-out one."""
    part, held_out = dataset.parts.get(UNLABELLED), dataset.held_out
    if part is None or held_out is None:
        return dataset
    _, place = torch.cat([held_out.examples.values, part.examples.values]).unique(dim=0, return_inverse=True)
    copies = torch.isin(place[len(held_out) :], place[: len(held_out)])
    count = int(copies.sum())
    if not count:
        return dataset
    found = dataset.provenance
    provenance = replace(found, left_out={**found.left_out, COPIES: count})
    return replace(
        dataset, parts={} if count == len(part) else {UNLABELLED: part[~copies]}, provenance=provenance
    )


def _enough(count: int) -> str:
    """What to do where the share of so many examples is too few or too many."""
    least = _least(count)
    return f"Give from {least:g} to {1 - least:g}." if least else "Leave it away: this data is too small."


def _least(count: int) -> float | None:
    """The least share of so many examples that is worth a figure; None where they are too few for any."""
    return None if count < 2 * FEWEST else math.ceil(100 * FEWEST / count) / 100
