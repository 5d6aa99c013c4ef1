"""Figures that are a distance between two distributions of features, float32 (N, D): real ones come first."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.errors import DataError
from sparring.evaluation.bootstrap import NORMAL_95, Estimate, around
from sparring.evaluation.comparison import Real
from sparring.evaluation.features import FeatureExtractor
from sparring.evaluation.figures.measurement import Measurement
from sparring.evaluation.figures.ngrams import is_sequential
from sparring.randomness import Randomness

KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
"""As in Binkowski et al. 2018."""


def fid(real: Tensor, fake: Tensor, *, interval: bool = True) -> Estimate:
    """Frechet distance of the Gaussians fitted to two feature sets, at least 0; lower is better.

    Heusel et al. 2017, arXiv:1706.08500, equation 6, in float64. Biased upwards on small samples: compare
    equal counts only.

    The trace of the root of a product of covariances is the nuclear norm of X Y^T, products of all centred
    features: so what is decomposed has as many rows as there are samples or features, whichever are fewer.
    Its singular vectors also say how much the distance would change if one sample weighed more, and the
    interval is made of these influences (Efron & Tibshirani 1993, chapter 21), without a resample.

    Args:
        real: features (N, D).
        fake: features (M, D).
        interval: whether to make the interval; without it low = high = value, in a quarter of the time.
    """
    if min(len(real), len(fake)) < 2:
        raise DataError(f"FID needs at least two samples of each kind, not {len(real)} and {len(fake)}.")
    gap = real.double().mean(0) - fake.double().mean(0)
    x, y = _centred(real), _centred(fake)
    (_, x_coordinates), (basis, y_coordinates) = _factored(x), _factored(y)
    products = x_coordinates @ y_coordinates.T
    products /= ((len(x) - 1) * (len(y) - 1)) ** 0.5
    of_means = gap.square().sum()
    traces = x.square().sum() / (len(x) - 1) + y.square().sum() / (len(y) - 1)
    if not interval:
        value = (of_means + traces - 2 * torch.linalg.svdvals(products).sum()).clamp(min=0).item()
        return Estimate(value, value, value)
    _, singular, directions = torch.linalg.svd(products, full_matrices=False)
    value = (of_means + traces - 2 * singular.sum()).clamp(min=0).item()
    share = (directions @ basis.T if basis is not None else directions).square().T @ singular
    influence = len(y) * (y.square().sum(1) / (len(y) - 1) - share) - 2 * y @ gap
    margin = NORMAL_95 * influence.std().item() / len(y) ** 0.5
    return Estimate(value, max(value - margin, 0.0), value + margin)


def _centred(features: Tensor) -> Tensor:
    """Features (N, D) in float64, less their mean."""
    doubled = features.double()
    return doubled - doubled.mean(0)


def _factored(features: Tensor) -> tuple[Tensor | None, Tensor]:
    """Orthonormal columns (N, D), and what they are to be multiplied by (D, D) to make features (N, D).

    Where there are no more samples than features nothing is gained: None, for the identity, and the features.
    """
    if len(features) <= features.shape[1]:
        return None, features
    basis, coordinates = torch.linalg.qr(features)
    return basis, coordinates


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


def _reader(real: Real) -> FeatureExtractor:
    return real.dataset.examples.kind.reader(real.dataset)


def _read_held_out(real: Real) -> Tensor:
    return real.once(_reader).features(real.held_out.values.values)


FID = Measurement(
    lambda comparison, randomness: fid(
        comparison.real.held_out.features, comparison.sample.features, interval=comparison.resamples > 0
    ),
    "distance of feature Gaussians; lower is better",
)
FED = Measurement(
    lambda comparison, randomness: fid(
        comparison.real.once(_read_held_out),
        comparison.real.once(_reader).features(comparison.sample.values.values),
        interval=comparison.resamples > 0,
    ),
    "distance of what a network remembers that has read the data; lower is better",
    is_sequential,
)
KID = Measurement(
    lambda comparison, randomness: kid(
        comparison.real.held_out.features, comparison.sample.features, randomness
    ),
    "kernel distance of features; lower is better",
)
