"""95 % intervals: of shares in closed form, of all else by resampling (Efron & Tibshirani, An Introduction to
the Bootstrap, 1993)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sparring.randomness import Randomness

MEAN_RESAMPLES = 200
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float
    at_least: bool = False
    """Whether the value is a lower bound, of which there is no interval."""
    share: bool = False
    """Whether it is a share, which never leaves 0 to 1."""

    @property
    def is_finite(self) -> bool:
        """Whether all of it is finite."""
        return all(map(math.isfinite, (self.value, self.low, self.high)))


def of_mean(per_sample: Tensor, randomness: Randomness) -> Estimate:
    """The mean of numbers (N,), with the percentiles of the means of resampled numbers; of truths, bool (N,),
    the share with its own interval."""
    if per_sample.dtype == torch.bool:
        return of_share(per_sample)
    numbers = per_sample.double()
    means = torch.stack(
        [numbers[randomness.integers(len(numbers), len(numbers))].mean() for _ in range(MEAN_RESAMPLES)]
    )
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(numbers.mean().item(), low, high)


def of_share(truths: Tensor) -> Estimate:
    """The share of what is true, of bool (N,), with the score interval of Wilson 1927 (Journal of the
    American Statistical Association 22): of none or all of a few it leaves room for others."""
    count, share, squared = len(truths), truths.double().mean().item(), NORMAL_95**2
    centre = share + squared / (2 * count)
    margin = NORMAL_95 * math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    low, high = ((centre + side) / (1 + squared / count) for side in (-margin, margin))
    # Rounding must not leave out the share itself.
    return Estimate(share, min(share, max(0.0, low)), max(share, min(1.0, high)), share=True)


def of_statistic(
    statistic: Callable[[Tensor], float], count: int, randomness: Randomness, resamples: int
) -> Estimate:
    """Any figure of a sample, with an interval of its standard deviation over a few resamples.

    The interval is centred on the value itself: figures such as FID grow under resampling, so that their
    percentiles need not even contain the value.

    Args:
        statistic: the figure of the samples at given positions (N,), int64.
        count: number N of samples.
        randomness: source of the resamples.
        resamples: how many; fewer than 2 leave the interval empty, low = high = value.
    """
    value = statistic(torch.arange(count))
    resampled = [statistic(randomness.integers(count, count)) for _ in range(resamples)]
    return around(value, torch.tensor(resampled, dtype=torch.float64))


def of_counts(statistic: Callable[[Tensor], Tensor], counts: Tensor, randomness: Randomness) -> Estimate:
    """A figure of a histogram, with an interval of its standard deviation over resampled histograms.

    Args:
        statistic: gives figures (...) of histograms (..., K), float64.
        counts: the histogram (K,).
        randomness: source of the resamples.
    """
    value = statistic(counts.double()).item()
    total = int(counts.sum())
    if total == 0:
        return Estimate(value, value, value)
    shares = counts.double()
    resampled = torch.stack(
        [
            torch.multinomial(shares, total, replacement=True, generator=randomness.generator).bincount(
                minlength=len(counts)
            )
            for _ in range(MEAN_RESAMPLES)
        ]
    )
    return around(value, statistic(resampled.double()))


def around(value: float, resampled: Tensor, scale: float = 1.0) -> Estimate:
    """A value with 1.96 standard deviations of resampled values (R,), times `scale`, on either side."""
    margin = NORMAL_95 * scale * resampled.double().std().item() if len(resampled) > 1 else 0.0
    return Estimate(value, value - margin, value + margin)
