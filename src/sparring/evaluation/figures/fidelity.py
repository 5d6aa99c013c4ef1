"""Figures that are a distance between two distributions of features, float32 (N, D): real ones come first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sparring.errors import DataError
from sparring.evaluation.bootstrap import Estimate, around, of_statistic
from sparring.evaluation.figures.measurement import Measurement
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


FID = Measurement(
    lambda comparison, randomness: fid(
        comparison.real.held_out.features, comparison.sample.features, randomness, comparison.resamples
    ),
    "distance of feature Gaussians; lower is better",
)
KID = Measurement(
    lambda comparison, randomness: kid(
        comparison.real.held_out.features, comparison.sample.features, randomness
    ),
    "kernel distance of features; lower is better",
)
