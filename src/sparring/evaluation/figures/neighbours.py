"""Figures from nearest neighbours among the examples themselves, by their own vectors such as pixels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sparring.data.dataset import Column
from sparring.errors import DataError
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import SUBSAMPLE, Comparison, Examples, Real
from sparring.evaluation.distances import near_counts, nearest
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.randomness import Randomness

COPY_QUANTILE = 0.01
"""Held-out examples below this quantile are called copies, though they are none: the base rate."""
PAIRS_WORK = 8e10
"""Multiplications that comparing all pairs of two sets may take: 10 000 digits by their pixels."""
COPIES_SOUGHT = 200, 2000
"""Samples that are looked for among all training examples, at least and at most."""
COPIES_WORK = 9.5e10
"""Multiplications that this may take: 2000 digits among 60 000."""


def one_nn_error(
    examples: Column, labels: Tensor, held_out: Column, held_out_labels: Tensor, randomness: Randomness
) -> Estimate:
    """Error (0 ... 1) of a 1-nearest-neighbour classifier that knows only the given examples.

    Lower is better. With generated examples it is the protocol of Radford et al. 2016, arXiv:1511.06434,
    table 3. It falls as there are more examples: compare equal counts.

    Args:
        examples: what the classifier knows, with `labels` (N,).
        labels: their classes.
        held_out: what it is tested on, with `held_out_labels` (M,).
        held_out_labels: their classes.
        randomness: source of the resamples, of the held-out examples.
    """
    _, found = nearest(held_out, examples)
    return of_mean(labels[found[:, 0]] != held_out_labels, randomness)


def copy_ratios(examples: Column, training: Column, *, same: bool = False) -> Tensor:
    """Distance of each example to the nearest training example, divided by that to the second nearest.

    In 0 ... 1, float32 (N,); 0 for an exact copy. The quotient, from Yoon et al. 2023 ("Diffusion
    probabilistic models generalize when they fail to memorize"), tells a copy from an example that is merely
    simple or blurred, which is near to many training examples at once.

    Args:
        examples: the examples in question.
        training: the training examples, at least two of them.
        same: both are the same set, and nothing counts as its own neighbour.
    """
    if len(training) < 2:
        raise DataError("Looking for copies needs at least two training examples.")
    distances, _ = nearest(examples, training, 2, same=same)
    return distances[:, 0] / distances[:, 1].clamp(min=torch.finfo(torch.float32).tiny)


def memorised(ratios: Tensor, held_out_ratios: Tensor, randomness: Randomness) -> Estimate:
    """Share (0 ... 1) of near-copies of training examples; about 0.01 where nothing is copied.

    A near-copy is an example whose `copy_ratios` is below the 1 % quantile of held-out real examples, which
    cannot be copies.

    Args:
        ratios: of the examples in question (N,).
        held_out_ratios: of held-out real examples (M,).
        randomness: source of the resamples.
    """
    return of_mean(ratios < held_out_ratios.quantile(COPY_QUANTILE), randomness)


def duplicate_radius(held_out: Column, others: Column) -> float:
    """How near two examples must be to pass for the same one.

    The 1 % quantile of the distances from held-out real examples to the nearest among other real ones.
    """
    return nearest(held_out, others)[0][:, 0].quantile(COPY_QUANTILE).item()


def support(examples: Column, radius: float, randomness: Randomness) -> Estimate:
    """Number of distinct examples that the source can make, by the birthday paradox; higher is better.

    Arora & Zhang 2017, arXiv:1706.08224: if a batch of s holds a duplicate with probability 1/2, the support
    is about s^2. The chance p that two examples are duplicates, which is the share of such pairs among all
    pairs, gives s^2 = 2 log(2) / p. Where there is no such pair it is a lower bound, as if there were one.

    Args:
        examples: N of them.
        radius: distance within which two are duplicates.
        randomness: source of the resamples.
    """
    count = len(examples)
    if count < 2:
        raise DataError("A support estimate needs at least two examples.")
    one_pair = 2 / (count * (count - 1))
    partners = of_mean(near_counts(examples, radius).double() / (count - 1), randomness)
    chance = partners.value
    # Each pair counts at both of its examples, so its chance varies twice as much as a mean over examples.
    low, high = chance - 2 * (chance - partners.low), chance + 2 * (partners.high - chance)
    return Estimate(
        _birthday(max(chance, one_pair)), _birthday(max(high, one_pair)), _birthday(max(low, one_pair))
    )


def _birthday(chance: float) -> float:
    return 2 * math.log(2) / chance


def _pairwise(examples: Examples, real: Real) -> Examples:
    """As many examples as can be compared with as many others."""
    size = real.dataset.examples.kind.vector_size
    return examples.subsample(min(SUBSAMPLE, math.isqrt(int(PAIRS_WORK / size))), real.randomness)


def _one_nn_error(comparison: Comparison, randomness: Randomness) -> Estimate:
    real = comparison.real
    sample, held_out = _pairwise(comparison.sample, real), _pairwise(real.held_out, real)
    return one_nn_error(sample.values, sample.labels, held_out.values, held_out.labels, randomness)


def _ratios(examples: Examples, real: Real) -> Tensor:
    """How much examples look like copies of training examples."""
    work = real.dataset.examples.kind.vector_size * len(real.training)
    least, most = COPIES_SOUGHT
    sought = examples.subsample(min(most, max(least, int(COPIES_WORK / work))), real.randomness)
    return copy_ratios(sought.values, real.training.values)


def _held_out_ratios(real: Real) -> Tensor:
    return _ratios(real.held_out, real)


def _memorised(comparison: Comparison, randomness: Randomness) -> Estimate:
    real = comparison.real
    held_out = real.once(_held_out_ratios)
    ratios = held_out if comparison.sample is real.held_out else _ratios(comparison.sample, real)
    return memorised(ratios, held_out, randomness)


def _radius(real: Real) -> float:
    return duplicate_radius(_pairwise(real.held_out, real).values, _pairwise(real.training, real).values)


ONE_NN_ERROR = Measurement(
    _one_nn_error,
    "real examples misjudged by nearest sample; lower is better",
    lambda comparison: comparison.classes > 0,
)
MEMORISED = Measurement(
    _memorised, "share of near-copies of training examples; about 0.01", reference=Reference.HELD_OUT
)
SUPPORT = Measurement(
    lambda comparison, randomness: support(
        _pairwise(comparison.sample, comparison.real).values, comparison.real.once(_radius), randomness
    ),
    "distinct samples it can make; higher is better",
    lambda comparison: comparison.real.dataset.examples.kind.has_near_duplicates,
)
