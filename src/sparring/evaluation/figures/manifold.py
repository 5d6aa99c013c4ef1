"""Figures of how real samples are apart from how varied they are, from balls around feature vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sparring.errors import DataError
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import SUBSAMPLE, Comparison, Real
from sparring.evaluation.distances import COLUMNS, ROWS, as_column, blocks, nearest, squared_distances
from sparring.evaluation.figures.measurement import Measurement
from sparring.randomness import Randomness

NEIGHBOURS = 5
"""How many a ball around an example reaches."""
WORK = 3e11
"""Multiplications that comparing all pairs may take: 10 000 vectors of 3000 features."""


class Manifold(NamedTuple):
    """What `precision_recall` found of every sample; the figures are the means."""

    precision: Tensor
    """Whether each fake sample is inside any real ball, bool (M,)."""
    recall: Tensor
    """Whether each real sample is inside any fake ball, bool (N,)."""
    density: Tensor
    """Number of real balls that each fake sample is inside, divided by k, float32 (M,)."""
    coverage: Tensor
    """Whether there is a fake sample inside the ball of each real one, bool (N,)."""

    def estimates(self, randomness: Randomness) -> dict[str, Estimate]:
        """The four means with their intervals."""
        return {name: of_mean(per_sample, randomness) for name, per_sample in self._asdict().items()}


def precision_recall(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Manifold:
    """Improved precision and recall, density and coverage.

    The ball of a sample reaches to its k-th nearest neighbour in its own set. Kynkaanniemi et al. 2019,
    arXiv:1904.06991, equation 1; Naeem et al. 2020, arXiv:2002.09797, equations 4 and 5. Precision, recall
    and coverage are in 0 ... 1, density may exceed 1; higher is better.

    Args:
        real: features (N, D).
        fake: features (M, D).
        k: size of the neighbourhoods.
    """
    if min(len(real), len(fake)) <= k:
        raise DataError(f"Precision and recall need more than {k} samples, not {len(real)} and {len(fake)}.")
    real_radii = _squared_radii(real, k)
    fake_radii = _squared_radii(fake, k)
    balls = torch.zeros(len(fake))
    recalled = torch.zeros(len(real), dtype=torch.bool)
    covered = torch.zeros(len(real), dtype=torch.bool)
    for rows in blocks(len(fake), ROWS):
        for columns in blocks(len(real), COLUMNS):
            distances = squared_distances(fake[rows], real[columns])
            in_real_ball = distances < real_radii[columns]
            balls[rows] += in_real_ball.sum(1)
            covered[columns] |= in_real_ball.any(0)
            recalled[columns] |= (distances < fake_radii[rows, None]).any(0)
    return Manifold(balls > 0, recalled, balls / k, covered)


def _squared_radii(features: Tensor, k: int) -> Tensor:
    """Squared distance of each sample to its k-th nearest neighbour, float32 (N,)."""
    column = as_column(features)
    return nearest(column, column, k, same=True)[0][:, -1].square()


def _manifold(comparison: Comparison) -> Manifold:
    real, fake = comparison.real.held_out, comparison.sample
    count = min(SUBSAMPLE, math.isqrt(int(WORK / fake.features.shape[1])))
    chance = comparison.real.randomness
    return precision_recall(real.subsample(count, chance).features, fake.subsample(count, chance).features)


def _differ(comparison: Comparison) -> bool:
    """Whether most real examples have balls that are more than a point, in which nothing else could be."""
    return not comparison.real.once(_mostly_twins)


def _mostly_twins(real: Real) -> bool:
    return real.held_out.values.mostly_twins(NEIGHBOURS)


def _mean_of(figure: Callable[[Manifold], Tensor], about: str) -> Measurement:
    """The mean of what is known of each sample, or real example."""
    return Measurement(
        lambda comparison, randomness: of_mean(figure(comparison.once(_manifold)), randomness),
        about,
        applies=_differ,
    )


PRECISION = _mean_of(lambda found: found.precision, "share of samples that look real; higher is better")
RECALL = _mean_of(lambda found: found.recall, "share of real examples within reach; higher is better")
DENSITY = _mean_of(lambda found: found.density, "how densely real the samples are; about 1")
COVERAGE = _mean_of(
    lambda found: found.coverage, "share of real examples with a sample near; higher is better"
)
