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


def test_shares_of_none_and_of_all_leave_room_for_others() -> None:
    """Wilson's interval of none of n is from 0 to z² / (n + z²)."""
    none, all_of_them = (of_mean(torch.full((20,), truth), Randomness(0)) for truth in (False, True))
    assert (none.low, none.value, none.high) == pytest.approx((0, 0, 1.959964**2 / (20 + 1.959964**2)))
    assert (all_of_them.low, all_of_them.high) == pytest.approx((1 - none.high, 1))
    # (0.3 + z² / 800 ± z sqrt(0.21 / 400 + z² / 640 000)) / (1 + z² / 400)
    some = of_mean(torch.arange(400) < 120, Randomness(0))
    assert (some.low, some.value, some.high) == pytest.approx((0.2572, 0.3, 0.3467), abs=1e-4)


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
