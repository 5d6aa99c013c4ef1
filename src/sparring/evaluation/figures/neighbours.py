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
from sparring.evaluation.figures.measurement import Measurement
from sparring.randomness import Randomness

SAME_QUANTILE = 0.01
"""Share of distinct examples that pass for the same as another."""
PAIRS_WORK = 8e10
"""Multiplications that comparing all pairs of two sets may take: 10 000 digits by their pixels."""


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


def duplicate_radius(distinct: Column) -> float:
    """How near two examples must be to pass for the same one.

    The 1 % quantile of the distances from real examples to the nearest other.

    Args:
        distinct: real examples, each once; at least two.
    """
    return nearest(distinct, distinct, same=True)[0][:, 0].quantile(SAME_QUANTILE).item()


def support(examples: Column, radius: float, randomness: Randomness) -> Estimate:
    """Number of distinct examples that the source can make, by the birthday paradox; higher is better.

    Arora & Zhang 2017, arXiv:1706.08224: if a batch of s holds a duplicate with probability 1/2, the support
    is about s^2. The chance p that two examples are duplicates, which is the share of such pairs among all
    pairs, gives s^2 = 2 log(2) / p. Where there is no such pair it is at least what it were if there was one.

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
    value, least, most = (_birthday(max(each, one_pair)) for each in (chance, high, low))
    return Estimate(value, least, most, at_least=chance == 0)


def _birthday(chance: float) -> float:
    return 2 * math.log(2) / chance


def _comparable(real: Real) -> int:
    """How many examples can be compared with as many others."""
    return min(SUBSAMPLE, math.isqrt(int(PAIRS_WORK / real.dataset.examples.kind.vector_size)))


def _pairwise(examples: Examples, real: Real) -> Examples:
    return examples.subsample(_comparable(real), real.randomness)


def _one_nn_error(comparison: Comparison, randomness: Randomness) -> Estimate:
    real = comparison.real
    sample, held_out = _pairwise(comparison.sample, real), _pairwise(real.held_out, real)
    return one_nn_error(sample.values, sample.labels, held_out.values, held_out.labels, randomness)


def _radius(real: Real) -> float:
    order = torch.randperm(len(real.distinct), generator=real.randomness.child("radius").generator)
    return duplicate_radius(real.distinct[order[: _comparable(real)]])


ONE_NN_ERROR = Measurement(
    _one_nn_error,
    "real examples misjudged by nearest sample; lower is better",
    lambda comparison: comparison.classes > 0,
)
SUPPORT = Measurement(
    lambda comparison, randomness: support(
        _pairwise(comparison.sample, comparison.real).values, comparison.real.once(_radius), randomness
    ),
    "distinct samples it can make; higher is better",
    lambda comparison: (
        comparison.real.dataset.examples.kind.has_near_duplicates and len(comparison.real.distinct) > 1
    ),
)
