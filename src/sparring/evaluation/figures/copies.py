"""The share of samples that are near-copies of training examples."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.data.holding_out import belong_together
from sparring.errors import DataError
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import Comparison, Examples, Real
from sparring.evaluation.distances import ROWS, blocks, nearest
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.evaluation.figures.ngrams import is_sequential
from sparring.randomness import Randomness

COPY_QUANTILE = 0.01
"""Training examples below this quantile pass for copies of others, though they are none: the base rate."""
FEWEST = 3
"""Distinct training examples that a search for copies needs: one, its nearest, and its second nearest."""
SOUGHT = 200, 2000
"""Samples that are looked for among all training examples, at least and at most."""
WORK = 9.5e10
"""Multiplications that this may take: 2000 digits among 60 000."""


def copy_ratios(examples: Column, training: Column, *, own: bool = False) -> Tensor:
    """Distance of each example to the nearest training example, divided by that to the second nearest.

    In 0 ... 1, float32 (N,); 0 for an exact copy. The quotient, from Yoon et al. 2023 ("Diffusion
    probabilistic models generalize when they fail to memorize"), tells a copy from an example that is merely
    simple or blurred, which is near to many training examples at once.

    Args:
        examples: the examples in question.
        training: the training examples, each once; at least two beside the one in question.
        own: the examples are some of the training examples, and none counts as its own neighbour.

    Raises:
        DataError: there are too few training examples.
    """
    neighbours = 3 if own else 2
    if len(training) < neighbours:
        raise DataError(f"Looking for copies needs at least {neighbours} distinct training examples.")
    _, found = nearest(examples, training, neighbours)
    distances = _exact_distances(examples, training, found)[:, -2:]
    return distances[:, 0] / distances[:, 1].clamp(min=torch.finfo(torch.float32).tiny)


def copy_limit(examples: Column, training: Column) -> float:
    """The ratio below which an example is a near-copy: the 1 % quantile of that of training examples.

    Each is compared with all others. As none is there twice, none is a copy, and the limit is above 0.

    Args:
        examples: some of the training examples.
        training: all of them, each once.
    """
    return _limit_of(copy_ratios(examples, training, own=True))


def _limit_of(own_ratios: Tensor) -> float:
    return own_ratios.quantile(COPY_QUANTILE).item()


def memorised(ratios: Tensor, limit: float, randomness: Randomness) -> Estimate:
    """Share (0 ... 1) of near-copies of training examples; about 0.01 where nothing is copied.

    Args:
        ratios: the `copy_ratios` of the examples in question (N,).
        limit: see `copy_limit`.
        randomness: source of the resamples.
    """
    return of_mean(ratios < limit, randomness)


def _exact_distances(examples: Column, training: Column, found: Tensor) -> Tensor:
    """Distances (N, k), ascending, to the training examples at some positions (N, k).

    Those of `nearest` are rounded so that copies need not be at 0.
    """
    parts = []
    for rows in blocks(len(examples), ROWS):
        block = examples[rows].vectors()
        each = [(block - training[place].vectors()).norm(dim=1) for place in found[rows].unbind(1)]
        parts.append(torch.stack(each, 1))
    return torch.cat(parts).sort(1).values


def _sought(real: Real) -> int:
    """How many examples can be looked for."""
    least, most = SOUGHT
    work = real.dataset.examples.kind.vector_size * len(real.distinct)
    return min(most, max(least, int(WORK / work)))


def _own_ratios(real: Real) -> Tensor:
    order = torch.randperm(len(real.distinct), generator=real.randomness.child("copies").generator)
    return copy_ratios(real.distinct[order[: _sought(real)]], real.distinct, own=True)


def _evenly_spaced(real: Real) -> bool:
    """Whether most training examples have two others at the same distance, as whole numbers do: whatever lies
    between is nearer to one of them than they are to each other, and no copy."""
    return bool((real.once(_own_ratios) == 1).double().mean() > 0.5)


def _memorised(comparison: Comparison, randomness: Randomness) -> Estimate:
    real = comparison.real
    examples: Examples = comparison.sample.subsample(_sought(real), real.randomness)
    return memorised(
        copy_ratios(examples.values, real.distinct), _limit_of(real.once(_own_ratios)), randomness
    )


def _are_answers(comparison: Comparison) -> bool:
    """Whether samples are made of examples that were trained on, of which others are the right answers."""
    real = comparison.real
    unpaired = belong_together(real.dataset) and not real.dataset.condition.kind.from_data
    return comparison.sample.condition.kind.from_data and not real.unseen and not unpaired


MEMORISED = Measurement(
    _memorised,
    "share of near-copies of training examples; about 0.01",
    # Texts that many write alike are no copies; of the others `copied` tells.
    lambda comparison: (
        comparison.real.trained_on
        and not is_sequential(comparison)
        and not _are_answers(comparison)
        and len(comparison.real.distinct) >= FEWEST
        and not _evenly_spaced(comparison.real)
    ),
    Reference.UNSEEN,
)
