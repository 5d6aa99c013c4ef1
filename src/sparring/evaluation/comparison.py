"""Examples in question beside real ones, each of which is looked at only once for all figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self, TypeVar

import torch
from torch import Tensor

from sparring.data.dataset import Column, Dataset
from sparring.data.unlabelled import with_unlabelled
from sparring.evaluation.enough import check_enough_real
from sparring.evaluation.features import FeatureExtractor
from sparring.randomness import Randomness

HELD_OUT = 10_000
"""Held-out real examples that are compared with, or more where more are generated."""
SUBSAMPLE = 10_000
"""Examples that costly figures look at, at the most."""

T = TypeVar("T")


class Shared:
    """Something of which several figures need the same numbers."""

    def __init__(self) -> None:
        self._known: dict[Callable[..., Any], Any] = {}

    def once(self, compute: Callable[[Self], T]) -> T:
        """What a function makes of this, computed when it is first asked for; the function is its name."""
        if compute not in self._known:
            self._known[compute] = compute(self)
        result: T = self._known[compute]
        return result


class Examples:
    """Examples of one origin, with what the extractor makes of them when it is first asked for.

    Args:
        values: the examples.
        condition: what is said of each, such as its class.
        extractor: what figures look through.
        features: what the extractor makes of them, where it is known.
    """

    def __init__(
        self, values: Column, condition: Column, extractor: FeatureExtractor, features: Tensor | None = None
    ) -> None:
        self.values = values
        self.condition = condition
        self.extractor = extractor
        self._features = features

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labels(self) -> Tensor:
        """The class of each, int64 (N,), where there are classes."""
        return self.condition.values

    @property
    def features(self) -> Tensor:
        """Feature vectors (N, D)."""
        if self._features is None:
            self._features = self.extractor.features(self.values.values)
        return self._features

    @cached_property
    def guesses(self) -> tuple[Tensor, Tensor]:
        """The classifier's classes (N,) and their probabilities (N,)."""
        return self.extractor.guesses(self.features)

    def __getitem__(self, chosen: Tensor) -> Examples:
        """The examples at some positions."""
        features = None if self._features is None else self._features[chosen]
        return Examples(self.values[chosen], self.condition[chosen], self.extractor, features)

    def subsample(self, count: int, randomness: Randomness) -> Examples:
        """A random part of `count` examples, or these very ones where there are no more."""
        if count >= len(self):
            return self
        # The noise keeps the name it has always had: by another, every figure would be of another part.
        generator = randomness.child("few").generator
        return self[torch.randperm(len(self), generator=generator)[:count].sort().values]


class Real(Shared):
    """The real examples: those that were trained on, beside others of the same distribution.

    Where nothing is held out these are two random halves of all examples, so that real examples can be
    compared with real ones at all. The generator has seen both, if it is what it was trained on.

    Args:
        dataset: the data.
        extractor: what figures look through.
        count: number of examples in question.
        randomness: source of all parts that are chosen at random.
        trained_on: whether it is what the generator was trained on: of other data it has seen none.

    Raises:
        DataError: there are too few.
    """

    def __init__(
        self,
        dataset: Dataset,
        extractor: FeatureExtractor,
        count: int,
        randomness: Randomness,
        trained_on: bool = True,
    ) -> None:
        super().__init__()
        check_enough_real(dataset)
        self.dataset = dataset
        self.trained_on = trained_on
        self.randomness = randomness.child("real")
        self.training, held_out = _training_and_held_out(dataset, extractor, self.randomness)
        self.held_out = held_out.subsample(max(count, HELD_OUT), self.randomness)

    @property
    def unseen(self) -> bool:
        """Whether `held_out` was never trained on."""
        return self.dataset.held_out is not None or not self.trained_on

    @cached_property
    def distinct(self) -> Column:
        """All that may have been trained on, each example once."""
        return with_unlabelled(self.dataset).examples.distinct()


class Comparison(Shared):
    """Examples in question, generated or real, against real ones.

    Args:
        sample: the examples in question.
        real: what they are compared with.
        resamples: how often costly figures are computed anew for their interval.
    """

    def __init__(self, sample: Examples, real: Real, resamples: int) -> None:
        super().__init__()
        self.sample = sample
        self.real = real
        self.resamples = resamples

    @property
    def classes(self) -> int:
        """Number of classes, where all that is compared belongs to some; else 0."""
        parts = (self.sample, self.real.training, self.real.held_out)
        return min(part.condition.kind.classes for part in parts)

    @property
    def knows_classes(self) -> bool:
        """Whether the extractor is a classifier of the very classes of the data."""
        names = self.sample.extractor.class_names
        return bool(names) and names == self.real.dataset.class_names


def _training_and_held_out(
    dataset: Dataset, extractor: FeatureExtractor, randomness: Randomness
) -> tuple[Examples, Examples]:
    whole = Examples(dataset.examples, dataset.condition, extractor)
    if dataset.held_out is not None:
        return whole, Examples(dataset.held_out.examples, dataset.held_out.condition, extractor)
    order = torch.randperm(len(dataset), generator=randomness.child("halves").generator)
    first, second = order.chunk(2)
    return whole[first], whole[second]
