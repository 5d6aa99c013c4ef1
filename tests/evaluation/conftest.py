"""Real digits for the tests of the figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sparring.data import Dataset, load_dataset
from sparring.evaluation.features import ClassifierFeatures, shipped_digits
from sparring.randomness import Randomness


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def small_mnist(mnist: Dataset) -> Dataset:
    """10 000 digits to train on and 2000 held out: what takes a minute takes seconds.

    Both are of MNIST's training digits, at random: its own splits are of different writers, and it shows.
    """
    training, held_out, _ = _parts(mnist)
    return replace(training, held_out=held_out)


@pytest.fixture(scope="session")
def fresh_digits(mnist: Dataset) -> Dataset:
    """2000 real digits that are not in `small_mnist`."""
    return _parts(mnist)[2]


def _parts(mnist: Dataset) -> list[Dataset]:
    order = torch.randperm(len(mnist), generator=Randomness(0).generator)[:14_000]
    return [replace(mnist, held_out=None)[part] for part in order.split([10_000, 2000, 2000])]


@pytest.fixture(scope="session")
def digits() -> ClassifierFeatures:
    return shipped_digits()
