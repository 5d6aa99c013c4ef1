"""Real digits for the tests of the figures."""

from __future__ import annotations

import pytest

from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.evaluation.features import ClassifierFeatures, load_extractor


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def small_mnist(mnist: Dataset) -> Dataset:
    """The first 10 000 training digits and 2000 test digits: what takes a minute takes seconds."""
    assert mnist.labels is not None
    assert mnist.test is not None
    assert mnist.test.labels is not None
    test = Dataset("mnist", mnist.test.examples[:2000], mnist.test.labels[:2000], mnist.class_names)
    return Dataset("mnist", mnist.examples[:10_000], mnist.labels[:10_000], mnist.class_names, test=test)


@pytest.fixture(scope="session")
def digits() -> ClassifierFeatures:
    extractor = load_extractor("digits")
    assert isinstance(extractor, ClassifierFeatures)
    return extractor
