"""The mean of a few independent numbers, with an interval that says how far off it may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A number with its 95 % interval, if there is one."""

    value: float
    low: float | None = None
    high: float | None = None
    at_least: bool = False
    """Whether the number is a lower bound, of which there is no interval."""

    def reaches(self, other: Spread) -> bool:
        """Whether the interval, or the number where there is none, overlaps another."""
        low, high = (
            (self.value, self.value) if self.low is None or self.high is None else (self.low, self.high)
        )
        others = (
            (other.value, other.value) if other.low is None or other.high is None else (other.low, other.high)
        )
        return low <= others[1] and others[0] <= high


def mean_over_seeds(numbers: Sequence[float]) -> Spread:
    """The mean with Student's 95 % interval; of one number, the number alone."""
    count = len(numbers)
    mean = math.fsum(numbers) / count
    if count == 1:
        return Spread(mean)
    variance = math.fsum((number - mean) ** 2 for number in numbers) / (count - 1)
    margin = t_quantile(count - 1) * math.sqrt(variance / count)
    return Spread(mean, mean - margin, mean + margin)


def share_over_seeds(shares: Sequence[float], own: Sequence[tuple[float, float]] = ()) -> Spread:
    """The mean of shares, from 0 to 1, with Student's 95 % interval of its log-odds, which never leaves them.

    The standard error is brought to log-odds by their slope at the mean (the delta method). Shares that are
    all 0, or all 1, have no log-odds: their interval contains the own one of each.

    Args:
        shares: one of each seed.
        own: the interval of each by itself, where there are such; else shares that are all 0, or all 1, have
            the interval of equal numbers.
    """
    plain = mean_over_seeds(shares)
    mean = plain.value
    if plain.low is None:
        return plain
    if not 0 < mean < 1:
        return Spread(mean, min([mean, *(low for low, _ in own)]), max([mean, *(high for _, high in own)]))
    centre, margin = math.log(mean / (1 - mean)), (mean - plain.low) / (mean * (1 - mean))
    low, high = ((1 + math.tanh(each / 2)) / 2 for each in (centre - margin, centre + margin))
    return Spread(mean, low, high)


def geometric_mean_over_seeds(numbers: Sequence[float]) -> Spread:
    """The geometric mean of numbers from 0 on, such as ratios, with Student's 95 % interval of their
    logarithms; of one number, or where one of them is 0, that alone."""
    if not all(numbers):
        return Spread(0.0)
    spread = mean_over_seeds([math.log(number) for number in numbers])
    if spread.low is None or spread.high is None:
        return Spread(math.exp(spread.value))
    return Spread(math.exp(spread.value), math.exp(spread.low), math.exp(spread.high))


def t_quantile(degrees: int, confidence: float = 0.95) -> float:
    """How many standard errors contain a share of Student's distribution, by bisection of its angle."""
    low, high = 0.0, math.pi / 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < confidence else (low, middle)
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def _within(angle: float, degrees: int) -> float:
    """P(|t| < sqrt(degrees) tan(angle)) (Abramowitz & Stegun, 26.7.3 and 26.7.4)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term, total = (cosine if odd else 1.0), 0.0
    for power in range(2 + odd, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (power - 1) / power
    return (angle + sine * total) * 2 / math.pi if odd else sine * total
