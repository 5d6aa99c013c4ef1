"""PacGAN's figures on true samples, and on samples that deserve nothing."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sparring.data import Dataset, Mixture, load_dataset
from sparring.evaluation.features import ClassifierFeatures, StackedFeatures
from sparring.evaluation.figures.classes import class_balance
from sparring.evaluation.figures.modes import (
    confident_modes,
    high_quality_share,
    histogram,
    modes_found,
    reverse_kl,
)
from sparring.randomness import Randomness


@pytest.mark.parametrize(("name", "count", "floor"), [("ring", 8, 0.0014), ("grid", 25, 0.0048)])
def test_true_samples_of_the_plane(name: str, count: int, floor: float) -> None:
    dataset = load_dataset(name)
    modes = dataset.truth.mode_of(dataset.examples.values)
    assert high_quality_share(modes, Randomness(0)).value == pytest.approx(0.9889, abs=0.001)
    few = histogram(modes[:2500], count)
    assert modes_found(few, Randomness(0)).value == count
    assert reverse_kl(few, Randomness(0)).value == pytest.approx(floor, rel=1.0)
    floors = [reverse_kl(histogram(part, count), Randomness(0)).value for part in modes.split(2500)]
    assert sum(floors) / len(floors) == pytest.approx((count - 1) / 5000, rel=0.15)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 20, 50])
def test_as_many_true_samples_are_good_in_every_dimension(dimensions: int) -> None:
    mixture = Mixture(torch.tensor([[0.0] * dimensions, [9.0] * dimensions]), 0.1)
    true = mixture.means.repeat(20_000, 1) + 0.1 * Randomness(0).normal(40_000, dimensions)
    assert (mixture.mode_of(true) >= 0).double().mean() == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert Mixture(torch.zeros(1, 2), 1.0).reach == pytest.approx(3.0, rel=1e-12)


def test_points_between_the_modes_earn_nothing() -> None:
    mixture = Mixture(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), 0.01)
    points = torch.tensor([[0.5, 0.0], [0.029, 0.0], [0.0, 0.031], [1.0, -0.02]])
    assert mixture.mode_of(points).tolist() == [-1, 0, -1, 1]


def test_collapse_to_one_mode_costs_log_k() -> None:
    counts = torch.tensor([100, 0, 0, 0])
    assert modes_found(counts, Randomness(0)).value == 1
    assert reverse_kl(counts, Randomness(0)).value == pytest.approx(math.log(4))
    assert reverse_kl(torch.zeros(4, dtype=torch.int64), Randomness(0)).value == pytest.approx(math.log(4))
    assert reverse_kl(torch.tensor([5, 5, 5, 5]), Randomness(0)).value == pytest.approx(0, abs=1e-12)


def test_class_balance_is_one_minus_total_variation() -> None:
    balance = class_balance(torch.tensor([50, 50, 0]), torch.tensor([200, 100, 100]), Randomness(0))
    assert balance.value == pytest.approx(0.75)
    assert balance.low < 0.75 < balance.high


def stacks(dataset: Dataset, count: int) -> tuple[Tensor, Tensor]:
    chosen = Randomness(0).integers(3 * count, len(dataset))
    labels = dataset.condition.values[chosen].view(count, 3) @ torch.tensor([100, 10, 1])
    return dataset.examples.values[chosen].view(count, 3, 28, 28), labels


def stacked_modes(extractor: StackedFeatures, images: Tensor) -> Tensor:
    return confident_modes(*extractor.guesses(extractor.features(images)))


def test_good_stacks_are_told_from_garbage(small_mnist: Dataset, digits: ClassifierFeatures) -> None:
    extractor = StackedFeatures(digits)
    images, labels = stacks(small_mnist, 1000)
    modes = stacked_modes(extractor, images)
    assert high_quality_share(modes, Randomness(0)).value > 0.95
    assert (modes == labels)[modes >= 0].double().mean() > 0.985
    ruined = images.clone()
    ruined[:, 1] = Randomness(0).integers(1000 * 784, 256).view(1000, 28, 28).to(torch.uint8)
    assert high_quality_share(stacked_modes(extractor, ruined), Randomness(0)).value < 0.01


@pytest.mark.slow
def test_real_stacked_digits_have_a_thousand_modes(mnist: Dataset, digits: ClassifierFeatures) -> None:
    """999 / 52 000 from sampling, and three times 0.00143 from the digits' own frequencies."""
    images, _ = stacks(mnist, 26_000)
    counts = histogram(stacked_modes(StackedFeatures(digits), images), 1000)
    assert modes_found(counts, Randomness(0)).value == 1000
    assert reverse_kl(counts, Randomness(0)).value == pytest.approx(0.0235, abs=0.0025)
