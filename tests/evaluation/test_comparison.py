"""What is compared is looked at once, and in parts that only the seed decides."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sparring.data import dataset_of
from sparring.data.dataset import no_condition
from sparring.data.kinds import Points
from sparring.evaluation.comparison import Comparison, Examples, Real
from sparring.evaluation.distances import as_column
from sparring.evaluation.features import FeatureExtractor, VectorFeatures
from sparring.evaluation.figures import manifold
from sparring.randomness import Randomness


class Counting(FeatureExtractor):
    """Doubles numbers, and counts the examples it has looked at."""

    name = "counting"

    def __init__(self) -> None:
        self.seen = 0

    def features(self, examples: Tensor) -> Tensor:
        self.seen += len(examples)
        return 2 * examples


def examples(count: int, extractor: FeatureExtractor) -> Examples:
    return Examples(as_column(torch.arange(float(count)).unsqueeze(1)), no_condition(count), extractor)


def test_features_are_made_when_asked_for_and_only_once() -> None:
    extractor = Counting()
    whole = examples(100, extractor)
    assert extractor.seen == 0
    assert torch.equal(whole.features, whole.features)
    part = whole.subsample(30, Randomness(0))
    assert torch.equal(part.features, 2 * part.values.values)
    assert extractor.seen == 100


def test_a_subsample_is_a_part_that_the_seed_decides() -> None:
    whole = examples(100, Counting())
    first, again, other = (whole.subsample(30, Randomness(seed)).values.values[:, 0] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.unique().numel() == 30
    assert torch.equal(first, first.sort().values)
    assert whole.subsample(100, Randomness(0)) is whole


def test_what_is_shared_is_computed_once_for_each() -> None:
    calls = []

    def count(real: Real) -> int:
        calls.append(real)
        return len(real.training)

    first, second = (
        Real(dataset_of("points", torch.zeros(size, 2)), Counting(), 50, Randomness(0)) for size in (60, 80)
    )
    assert [first.once(count), first.once(count), second.once(count)] == [30, 30, 40]
    assert calls == [first, second]


def test_without_held_out_examples_the_halves_share_none() -> None:
    points = torch.arange(101.0).unsqueeze(1)
    real = Real(dataset_of("points", points), Counting(), 50, Randomness(0))
    both = torch.cat([real.training.values.values, real.held_out.values.values])
    assert torch.equal(both[:, 0].sort().values, points[:, 0])
    assert len(real.training) == 51


def test_classes_count_only_where_all_have_them() -> None:
    labels = torch.arange(60) % 3
    labelled = dataset_of("points", torch.zeros(60, 2), labels, ("a", "b", "c"))
    real = Real(labelled, Counting(), 20, Randomness(0))
    assert Comparison(real.training, real, 0).classes == 3
    assert Comparison(examples(20, Counting()), real, 0).classes == 0


def test_where_features_are_many_costly_figures_look_at_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifold, "WORK", 20 * 20 * 3)
    extractor, data = VectorFeatures("own", Points((3,))), Randomness(0).normal(100, 3)
    real = Real(dataset_of("points", data), extractor, 50, Randomness(0))
    sample = Examples(as_column(data[:40] + 0.1), no_condition(40), extractor)
    found = manifold._manifold(Comparison(sample, real, resamples=0))
    assert [len(each) for each in found] == [20] * 4
