from __future__ import annotations

import pytest
import torch

from sparring.evaluation.bootstrap import of_counts, of_mean, of_statistic
from sparring.randomness import Randomness


def test_intervals_of_means_hold_the_truth_about_95_times_in_100() -> None:
    held = 0
    for seed in range(200):
        randomness = Randomness(seed)
        estimate = of_mean(randomness.bernoulli(0.3, 400), randomness)
        held += estimate.low <= 0.3 <= estimate.high
    assert 180 <= held <= 199


def test_statistics_get_the_interval_of_their_mean() -> None:
    numbers = Randomness(0).normal(2000).double()
    estimate = of_statistic(lambda at: numbers[at].mean().item(), 2000, Randomness(1), resamples=200)
    assert estimate.value == numbers.mean().item()
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 / 2000**0.5, rel=0.2)


def test_without_resamples_the_interval_is_the_value() -> None:
    estimate = of_statistic(lambda at: 3.0, 10, Randomness(0), resamples=0)
    assert (estimate.low, estimate.value, estimate.high) == (3.0, 3.0, 3.0)


def test_histograms_get_the_interval_of_their_share() -> None:
    estimate = of_counts(
        lambda counts: counts[..., 0] / counts.sum(-1), torch.tensor([300, 700]), Randomness(0)
    )
    assert estimate.value == pytest.approx(0.3)
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * (0.21 / 1000) ** 0.5, rel=0.2)


def test_an_empty_histogram_is_no_accident() -> None:
    estimate = of_counts(lambda counts: counts.sum(-1), torch.zeros(4, dtype=torch.int64), Randomness(0))
    assert estimate.value == estimate.low == estimate.high == 0
