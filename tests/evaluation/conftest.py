"""Real digits for the tests of the figures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.evaluation.features import ClassifierFeatures, load_extractor
from sparring.randomness import Randomness


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def small_mnist(mnist: Dataset) -> Dataset:
    """10 000 digits to train on and 2000 held out: what takes a minute takes seconds.

    Both are of MNIST's training digits, at random: its own splits are of different writers, and it shows.
    """
    (examples, labels), (held_out, held_out_labels), _ = _parts(mnist)
    test = Dataset("mnist", held_out, held_out_labels, mnist.class_names)
    return Dataset("mnist", examples, labels, mnist.class_names, test=test)


@pytest.fixture(scope="session")
def fresh_digits(mnist: Dataset) -> tuple[Tensor, Tensor]:
    """2000 real digits that are not in `small_mnist`, and their labels."""
    return _parts(mnist)[2]


def _parts(mnist: Dataset) -> list[tuple[Tensor, Tensor]]:
    assert mnist.labels is not None
    order = torch.randperm(len(mnist), generator=Randomness(0).generator)[:14_000]
    return [(mnist.examples[part], mnist.labels[part]) for part in order.split([10_000, 2000, 2000])]


@pytest.fixture(scope="session")
def digits() -> ClassifierFeatures:
    extractor = load_extractor("digits")
    assert isinstance(extractor, ClassifierFeatures)
    return extractor
