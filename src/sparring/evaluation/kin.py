"""A picture of samples, each beside the training examples that are nearest to it."""

from __future__ import annotations

import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.unlabelled import with_unlabelled
from sparring.evaluation.distances import nearest

SAMPLES = 6
"""How many are shown, in a row each."""
NEIGHBOURS = 5
"""Training examples beside each."""


def kin_picture(samples: Column, dataset: Dataset) -> bytes | None:
    """The first samples, each with its nearest training examples: a PNG.

    What is near is what `memorised` calls so: the distance of the kind's vectors, of images of their pixels.

    Args:
        samples: stored values, on the CPU.
        dataset: what was trained on.

    Returns:
        None where the kind draws no value by itself.
    """
    kind = dataset.examples.kind
    if not kind.drawn_apart:
        return None
    shown = samples[torch.arange(min(SAMPLES, len(samples)))]
    examples = with_unlabelled(dataset).examples
    _, found = nearest(shown, examples, min(NEIGHBOURS, len(examples)))
    kin = examples.values[found]
    titles = ("sample",), ("nearest", *(f"{place}." for place in range(2, kin.shape[1] + 1)))
    return kind.picture([shown.values[:, None], kin], dataset, titles)
