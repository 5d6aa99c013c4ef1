"""Figures that are a distance between two distributions of features, float32 (N, D): real ones come first."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from sparring.errors import DataError
from sparring.evaluation.bootstrap import NORMAL_95, Estimate, around
from sparring.evaluation.comparison import Examples, Real
from sparring.evaluation.distances import ROWS, blocks
from sparring.evaluation.features import FeatureExtractor
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.evaluation.figures.ngrams import is_sequential
from sparring.randomness import Randomness

KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
"""As in Binkowski et al. 2018."""
KID_WORK, FEWEST_SUBSETS = 7.5e11, 10
"""Multiplications that KID may take, 100 subsets of 2500 features or 20 of colour images of 64 pixels; and
the subsets that it takes whatever the work."""
DECOMPOSED = 2048
"""Samples that the interval of FID is made of, at the most, where there are more features than that."""
PRECISE_WORK = 1e11
"""Multiplications up to which products of features are taken in float64. Beyond, they are in float32, as
features are: their errors, of 1e-7 and of either sign, are lost in sums of as many as there are then."""


def fid(real: Tensor, fake: Tensor, *, interval: bool = True) -> Estimate:
    """Frechet distance of the Gaussians fitted to two feature sets, at least 0; lower is better.

    Heusel et al. 2017, arXiv:1706.08500, equation 6. Biased upwards on small samples: compare equal counts
    only.

    The trace of the root of a product of covariances is the nuclear norm of X Y^T, products of all centred
    features: so what is decomposed has as many rows as there are samples or features, whichever are fewer.

    Args:
        real: features (N, D).
        fake: features (M, D).
        interval: whether to make the interval, of `fid_influences`; without it low = high = value. Where both
            samples and features are many, the influences are those among a part of the samples, which makes
            it wider rather than narrower.
    """
    if min(len(real), len(fake)) < 2:
        raise DataError(f"FID needs at least two samples of each kind, not {len(real)} and {len(fake)}.")
    of_means = (_mean(real) - _mean(fake)).square().sum()
    kind = _precision(real, fake)
    (x, of_real), (y, of_fake) = _coordinates(real.to(kind)), _coordinates(fake.to(kind))
    value = (of_means + of_real + of_fake - 2 * _nuclear_norm(x, y)).clamp(min=0).item()
    if not interval:
        return Estimate(value, value, value)
    margin = NORMAL_95 * fid_influences(_some(real), _some(fake)).std().item() / len(fake) ** 0.5
    return Estimate(value, max(value - margin, 0.0), value + margin)


def fid_influences(real: Tensor, fake: Tensor) -> Tensor:
    """M times the change of the distance if one of the M fake samples weighed more, float64 (M,).

    Their standard deviation over the root of M is that of the distance, without a resample (Efron &
    Tibshirani 1993, chapter 21).

    Args:
        real: features (N, D).
        fake: features (M, D).
    """
    real, fake = real.double(), fake.double()
    y, gap = _centred(fake), _mean(real) - _mean(fake)
    basis, coordinates = _factored(y)
    products = _factored(_centred(real))[1] @ coordinates.T
    squares, directions = torch.linalg.eigh(products.T @ products)
    roots = squares.clamp(min=0).sqrt() / ((len(real) - 1) * (len(y) - 1)) ** 0.5
    share: Tensor = (directions if basis is None else basis @ directions).square() @ roots
    return len(y) * (y.square().sum(1) / (len(y) - 1) - share) - 2 * y @ gap


def _mean(features: Tensor) -> Tensor:
    """The mean (D,) of features (N, D), float64."""
    return features.mean(0, dtype=torch.float64)


def _centred(features: Tensor) -> Tensor:
    """Features (N, D), less their mean."""
    return features - _mean(features).to(features.dtype)


def _coordinates(features: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors whose Gram matrix is the covariance of features (N, D), at most D of them, and its trace."""
    centred = _centred(features).div_((len(features) - 1) ** 0.5)
    return _factored(centred)[1], centred.square().sum(dtype=torch.float64)


def _precision(real: Tensor, fake: Tensor) -> torch.dtype:
    """In which numbers the products of two sets of features are taken."""
    size = real.shape[1]
    work = min(len(real), size) * min(len(fake), size) * size
    return torch.float64 if work <= PRECISE_WORK else torch.float32


def _factored(features: Tensor) -> tuple[Tensor | None, Tensor]:
    """Orthonormal columns (N, D), and what they are to be multiplied by (D, D) to make features (N, D).

    Where there are no more samples than features nothing is gained: None, for the identity, and the features.
    """
    if len(features) <= features.shape[1]:
        return None, features
    basis, coordinates = torch.linalg.qr(features)
    return basis, coordinates


def _nuclear_norm(x: Tensor, y: Tensor) -> Tensor:
    """The sum of the singular values of X Y^T, for X (n, D) and Y (m, D); float64.

    Their squares are the eigenvalues of its smaller Gram matrix, which takes a fourth of the time.
    """
    products = (x @ y.T).double()
    products = products.T if len(x) < len(y) else products
    squares: Tensor = torch.linalg.eigvalsh(_lower_gram(products))
    return squares.clamp(min=0).sqrt().sum()


def _lower_gram(columns: Tensor) -> Tensor:
    """Products of all columns (n, m) with each other (m, m): those on the diagonal and below it."""
    gram = columns.new_zeros(columns.shape[1], columns.shape[1])
    for rows in blocks(columns.shape[1], ROWS):
        torch.mm(columns[:, rows].T, columns[:, : rows.stop], out=gram[rows, : rows.stop])
    return gram


def _some(features: Tensor) -> Tensor:
    """Features (N, D), or an even part of them where samples and features are many."""
    count = len(features)
    if min(features.shape) <= DECOMPOSED:
        return features
    return features[torch.arange(DECOMPOSED) * count // DECOMPOSED]


def kid(
    real: Tensor,
    fake: Tensor,
    randomness: Randomness,
    *,
    subsets: int | None = None,
    subset_size: int = KID_SUBSET_SIZE,
) -> Estimate:
    """Kernel distance: unbiased squared MMD under k(x, y) = (xy / D + 1)^3, mean over random subsets.

    Binkowski et al. 2018, arXiv:1801.01401, section 4; about 0 for equal distributions, may be negative;
    lower is better.

    Args:
        real: features (N, D).
        fake: features (M, D).
        randomness: source of the subsets.
        subsets: how many pairs of subsets are averaged; None for 100, or fewer where features are many.
        subset_size: samples in each, or half of those there are where these are fewer: subsets must differ.

    Raises:
        DataError: there are not four samples of each kind.
    """
    from torchmetrics.image.kid import maximum_mean_discrepancy

    available = min(len(real), len(fake))
    if available < 4:
        raise DataError(f"KID needs at least four samples of each kind, not {len(real)} and {len(fake)}.")
    size = min(subset_size, available // 2)
    subsets = subsets or _affordable_subsets(size, real.shape[1])

    def distance() -> Tensor:
        x, y = (
            features[torch.randperm(len(features), generator=randomness.generator)[:size]]
            for features in (real, fake)
        )
        squared: Tensor = maximum_mean_discrepancy(_kernel(x, x), _kernel(x, y), _kernel(y, y))
        return squared

    distances = torch.stack([distance() for _ in range(subsets)])
    # The variance falls with the number of samples, whichever subsets they are dealt into, not with the
    # number of subsets. Those of a share f of the samples vary by 1 - f of what as many new ones would.
    return around(distances.mean().item(), distances, (size / (available - size)) ** 0.5)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """(xy / D + 1)^3 of features (N, D) and (N, D), float64 (N, N).

    Sums of a million of them cancel to the third digit or beyond; the rounding of products does not add up.
    """
    return ((x @ y.T).double() / x.shape[1] + 1) ** 3


def _affordable_subsets(size: int, features: int) -> int:
    """How many pairs of subsets of a size, of so many features, KID can take."""
    three_kernels = 3 * size**2 * features
    return min(KID_SUBSETS, max(FEWEST_SUBSETS, int(KID_WORK / three_kernels)))


def _reader(real: Real) -> FeatureExtractor:
    return real.dataset.examples.kind.reader(real.dataset)


def _read_held_out(real: Real) -> Tensor:
    return real.once(_reader).features(real.held_out.values.values)


def inputs_of(sample: Examples, most: int | None = None) -> Tensor | None:
    """What samples, or the first of them, were made of, as values of their own kind; None where that is
    something else."""
    return sample.values.kind.as_own(sample.condition[:most])


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
FID_OF_INPUT = Measurement(
    lambda comparison, randomness: fid(
        comparison.real.held_out.features,
        comparison.sample.extractor.features(cast(Tensor, inputs_of(comparison.sample))),
        interval=comparison.resamples > 0,
    ),
    "the same of what samples were made of, as it is",
    applies=lambda comparison: inputs_of(comparison.sample, 1) is not None,
    reference=Reference.NONE,
)
KID = Measurement(
    lambda comparison, randomness: kid(
        comparison.real.held_out.features, comparison.sample.features, randomness
    ),
    "kernel distance of features; lower is better",
)
