"""Keeping some examples aside, so that what is made can be compared with real ones that were never seen."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from sparring.data.dataset import Dataset
from sparring.data.unlabelled import UNLABELLED
from sparring.errors import DataError
from sparring.randomness import Randomness

FEWEST = 20
"""Fewer examples than this are not worth a figure, neither of those kept aside nor of the others."""


def hold_out(dataset: Dataset, share: float, seed: int = 0) -> Dataset:
    """The same data with a random share of its examples held out.

    Where some are without a label, only others are kept aside.

    An example that is there several times is kept aside with all its copies, or not at all, so that none
    which is held out is trained on.

    Args:
        dataset: examples of which none is held out yet.
        share: how many of the distinct ones to keep aside, above 0 and below 1.
        seed: decides which. The same examples in the same order are parted in the same way.

    Raises:
        DataError: the data holds some out by itself, has parts that belong together, or is too small.
    """
    if not 0 < share < 1:
        raise DataError(f"--hold-out is {share:g}; give a share above 0 and below 1, such as 0.1.")
    if dataset.held_out is not None:
        raise DataError(
            f"'{dataset.name}' has {len(dataset.held_out):,} held-out examples of its own; leave --hold-out "
            "away."
        )
    if dataset.parts.keys() - {UNLABELLED}:
        raise DataError(
            f"'{dataset.name}' has parts that belong together ({', '.join(dataset.parts)}), of which none "
            "can be held out by chance; leave --hold-out away, and give the data a `held_out` of its own."
        )
    distinct, place = dataset.examples.values.unique(dim=0, return_inverse=True)
    order = torch.randperm(len(distinct), generator=Randomness(seed).child("hold out").generator)
    aside = torch.isin(place, order[: round(share * len(distinct))])
    kept = int(aside.sum())
    if min(kept, len(dataset) - kept) < FEWEST:
        raise DataError(
            f"--hold-out {share:g} keeps {kept} of the {len(dataset)} examples of '{dataset.name}' aside; an "
            f"evaluation needs {FEWEST} of them and as many of the others. {_enough(len(distinct))}"
        )
    return replace(dataset[~aside], held_out=dataset[aside])


def _enough(count: int) -> str:
    """What to do where the share of so many examples is too few or too many."""
    if count < 2 * FEWEST:
        return "Leave it away: this data is too small."
    least = math.ceil(100 * FEWEST / count) / 100
    return f"Give from {least:g} to {1 - least:g}."
