"""Figures that compare two sets of feature vectors: how real, and how varied, samples are.

Every function takes features as float32 (N, D), real ones first.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sparring.errors import DataError
from sparring.evaluation.bootstrap import Estimate, around, of_mean, of_statistic
from sparring.evaluation.distances import COLUMNS, ROWS, blocks, nearest, squared_distances
from sparring.randomness import Randomness

KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
"""As in Binkowski et al. 2018."""


class _Given(nn.Identity):
    """Tells torchmetrics, which expects a network, that it is given features."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size


def fid(real: Tensor, fake: Tensor, randomness: Randomness | None = None, resamples: int = 0) -> Estimate:
    """Frechet distance of the Gaussians fitted to two feature sets, at least 0; lower is better.

    Heusel et al. 2017, arXiv:1706.08500, equation 6; computed in float64 by torchmetrics. Biased upwards on
    small samples: compare equal counts only.

    Args:
        real: features (N, D).
        fake: features (M, D).
        randomness: source of the resamples; needed only where there are some.
        resamples: how often the fake samples are drawn anew for the interval.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    if min(len(real), len(fake)) < 2:
        raise DataError(f"FID needs at least two samples of each kind, not {len(real)} and {len(fake)}.")
    metric = FrechetInceptionDistance(feature=_Given(real.shape[1]), reset_real_features=False)
    metric.update(real.double(), real=True)
    doubled = fake.double()

    def distance(positions: Tensor) -> float:
        metric.reset()
        metric.update(doubled[positions], real=False)
        value: float = metric.compute().item()
        return max(value, 0.0)

    estimate = of_statistic(distance, len(fake), randomness or Randomness(0), resamples)
    return Estimate(estimate.value, max(estimate.low, 0.0), estimate.high)


def kid(
    real: Tensor,
    fake: Tensor,
    randomness: Randomness,
    *,
    subsets: int = KID_SUBSETS,
    subset_size: int = KID_SUBSET_SIZE,
) -> Estimate:
    """Kernel distance: unbiased squared MMD under k(x, y) = (xy / D + 1)^3, mean over random subsets.

    Binkowski et al. 2018, arXiv:1801.01401, section 4; about 0 for equal distributions, may be negative;
    lower is better.

    Args:
        real: features (N, D).
        fake: features (M, D).
        randomness: source of the subsets.
        subsets: how many pairs of subsets are averaged.
        subset_size: samples in each, or fewer where there are fewer.
    """
    from torchmetrics.image.kid import poly_mmd

    size = min(subset_size, len(real), len(fake))

    def subset(features: Tensor) -> Tensor:
        chosen = torch.randperm(len(features), generator=randomness.generator)[:size]
        return features[chosen].double()  # sums of a million terms cancel to the third digit or beyond

    distances = torch.stack([poly_mmd(subset(real), subset(fake)) for _ in range(subsets)])
    # The variance falls with the number of samples, whichever subsets they are dealt into, not with the
    # number of subsets.
    return around(distances.mean().item(), distances, (size / min(len(real), len(fake))) ** 0.5)


def inception_score(scores: Tensor, randomness: Randomness | None = None, resamples: int = 0) -> Estimate:
    """exp(E KL(p(y|x) || p(y))) of a classifier's opinion; from 1 to the number of classes; higher is better.

    Salimans et al. 2016, arXiv:1606.03498, section 4, with a single split: splitting only adds bias, and the
    interval comes from resampling.

    Args:
        scores: class scores before the softmax, float32 (N, classes).
        randomness: source of the resamples; needed only where there are some.
        resamples: how often the samples are drawn anew for the interval.
    """
    probabilities = scores.double().softmax(1)
    entropies = -torch.xlogy(probabilities, probabilities).sum(1)

    def score(positions: Tensor) -> float:
        marginal = probabilities[positions].mean(0)
        information = -torch.xlogy(marginal, marginal).sum() - entropies[positions].mean()
        return information.exp().item()

    return of_statistic(score, len(scores), randomness or Randomness(0), resamples)


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


def precision_recall(real: Tensor, fake: Tensor, k: int = 5) -> Manifold:
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
    # Distances survive a shift, and float32 keeps more of their digits near the origin.
    centre = real.mean(0)
    real, fake = real - centre, fake - centre
    real_radii = nearest(real, real, k, same=True)[0][:, -1].square()
    fake_radii = nearest(fake, fake, k, same=True)[0][:, -1].square()
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
