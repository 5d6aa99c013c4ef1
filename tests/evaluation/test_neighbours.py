"""Figures from neighbours and bins, on samples of which the answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sparring.data import Dataset
from sparring.data.dataset import Column
from sparring.data.kinds import Images
from sparring.errors import DataError
from sparring.evaluation.distances import as_column
from sparring.evaluation.figures import ndb
from sparring.evaluation.figures.copies import copy_limit, copy_ratios, memorised
from sparring.evaluation.figures.neighbours import duplicate_radius, one_nn_error, support
from sparring.randomness import Randomness


def labelled(dataset: Dataset | None) -> tuple[Column, Tensor]:
    assert dataset is not None
    return dataset.examples, dataset.condition.values


def digits(images: Tensor) -> Column:
    """Grey values from 0 to 255, of any type, as images."""
    return Column(Images((1, 28, 28)), images.clamp(0, 255).to(torch.uint8))


def test_one_nn_error_of_real_digits(small_mnist: Dataset) -> None:
    """With a sixth of the training digits: above the 3.1 % of all of them, below a tenth."""
    error = one_nn_error(*labelled(small_mnist), *labelled(small_mnist.held_out), Randomness(0))
    assert 0.03 < error.low < error.value < error.high < 0.1


@pytest.mark.slow
def test_one_nn_error_of_all_real_digits(mnist: Dataset) -> None:
    """The row "real data" of Radford et al. 2016, table 3; known elsewhere as 3.09 %."""
    error = one_nn_error(*labelled(mnist), *labelled(mnist.held_out), Randomness(0))
    assert error.value == pytest.approx(0.031, abs=0.0005)


def test_copies_are_told_from_real_and_from_blurred_examples(small_mnist: Dataset) -> None:
    assert small_mnist.held_out is not None
    training, others = small_mnist.examples, small_mnist.held_out.examples
    limit = copy_limit(training[:2000], training)
    fresh = copy_ratios(others, training)
    nearly = training.values[:300] + Randomness(0).normal(300, 1, 28, 28) * 8
    blurred = torch.nn.functional.avg_pool2d(others.values[1000:].float(), 3, 1, 1)

    def share(ratios: Tensor) -> float:
        return memorised(ratios, limit, Randomness(0)).value

    assert share(copy_ratios(training[:2000], training, own=True)) == pytest.approx(0.01, abs=0.002)
    assert share(fresh) == pytest.approx(0.01, abs=0.007)
    assert share(copy_ratios(digits(blurred), training)) < 0.03
    assert share(copy_ratios(training[:300], training)) == 1
    assert share(copy_ratios(digits(nearly), training)) > 0.95


def test_a_copy_is_at_no_distance_whatever_is_rounded() -> None:
    """Among images far from the origin, where |x|^2 + |y|^2 - 2xy of a copy is not 0."""
    images = Randomness(0).integers(100 * 784, 6).view(100, 1, 28, 28) + 250
    training = digits(images)
    assert (copy_ratios(training[:50], training) == 0).all()
    assert (copy_ratios(training[:50], training, own=True) > 0.5).all()


def test_the_own_neighbour_is_left_out() -> None:
    training = as_column(torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]))
    assert copy_ratios(training, training, own=True).tolist() == pytest.approx([1 / 3, 1 / 2, 2 / 3])
    assert copy_limit(training, training) == pytest.approx(1 / 3, abs=0.01)
    with pytest.raises(DataError, match="at least 3 distinct"):
        copy_ratios(training[:2], training[:2], own=True)


@pytest.mark.parametrize("distinct", [200, 2000])
def test_the_birthday_paradox_finds_the_support(small_mnist: Dataset, distinct: int) -> None:
    """Of M equally likely images, s^2 = 2 log(2) M."""
    radius = duplicate_radius(small_mnist.examples[:2000])
    chosen = Randomness(0).integers(3000, distinct)
    found = support(small_mnist.examples[5000:][chosen], radius, Randomness(0))
    assert found.low < found.value < found.high
    assert not found.at_least
    assert found.value == pytest.approx(1.386 * distinct, rel=0.2)


def test_support_without_duplicates_is_a_finite_bound() -> None:
    points = as_column(torch.arange(100.0).unsqueeze(1))
    found = support(points, 0.5, Randomness(0))
    assert found.value == pytest.approx(1.386 * 4950, rel=1e-3)
    assert found.at_least
    with pytest.raises(DataError, match="two examples"):
        support(points[:1], 0.5, Randomness(0))


def test_clusters_are_where_the_points_are() -> None:
    means = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = means[Randomness(0).integers(600, 3)] + Randomness(1).normal(600, 2) * 0.1
    centres = ndb.cluster(as_column(points), Randomness(3), bins=3)
    assert torch.cdist(means, centres).min(1).values.max() < 0.05


def test_the_z_test_is_right_about_95_times_in_100() -> None:
    shares = torch.full((2000,), 0.01)
    training = torch.distributions.Binomial(60_000, shares)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first = training.sample().double()
        second = torch.distributions.Binomial(10_000, shares).sample().double()
    first, second = first.view(20, 100), second.view(20, 100)
    assert ndb.different(first, second).double().mean() == pytest.approx(0.05, abs=0.02)


def test_ndb_counts_the_bins_that_are_missed() -> None:
    training = torch.full((10,), 1000)
    missed = torch.tensor([100] * 9 + [0])
    found = ndb.ndb(training, missed, Randomness(0))
    assert found.value == pytest.approx(0.1)
    assert ndb.ndb(training, torch.full((10,), 100), Randomness(0)).value == 0
