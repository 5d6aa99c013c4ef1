"""Vital signs: closed forms of what is measured of samples, of their way, and of their features."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.data import load_dataset
from sparring.data.dataset import Dataset, to_range
from sparring.data.mixtures import ring
from sparring.engine import Engine
from sparring.health.vitals import COUNT, FOLLOWED, FeatureVitals, SampleVitals

Make = Callable[..., Engine]


@pytest.fixture
def vitals_of(make_engine: Make) -> Callable[..., SampleVitals]:
    """The vital signs of a game on a data set: `vitals_of(dataset, "gan")`."""

    def make(dataset: Dataset | None = None, system: str = "gan", **settings: Any) -> SampleVitals:
        engine = make_engine(system, dataset, **settings)
        return SampleVitals(engine.game, engine.dataset, engine.game.random.child("health"))

    return make


def points(*groups: Tensor) -> Dataset:
    return Dataset("points", torch.cat(groups))


def many_points(seed: int, count: int = 20_000) -> Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def of_points(vitals_of: Callable[..., SampleVitals]) -> SampleVitals:
    """Vital signs over 20 000 normal points, of which hardly any two are drawn twice."""
    return vitals_of(points(many_points(0)), "wgan-gp")


# -- samples -------------------------------------------------------------------------------------------------


def test_samples_that_are_all_alike(of_points: SampleVitals) -> None:
    measured = of_points.measure(torch.full((COUNT, 2), 0.7))
    assert measured["diversity"] == 0
    assert measured["nearest"] == 0
    assert measured["duplicates"] == 1


def test_real_examples_as_samples(of_points: SampleVitals) -> None:
    measured = of_points.measure(of_points.real)
    assert measured["diversity"] == pytest.approx(1, rel=1e-5)
    assert measured["nearest"] == pytest.approx(1, rel=1e-5)
    # Each example is at distance 0 from itself: a mean over N² pairs is (N - 1) / N of one over the others.
    assert measured["distance"] == pytest.approx(-2 / len(of_points.real), abs=1e-5)


def test_another_draw_of_the_same_points(of_points: SampleVitals) -> None:
    draws = [of_points.measure(many_points(seed, COUNT)) for seed in range(1, 21)]
    means = {name: sum(draw[name] for draw in draws) / len(draws) for name in ("diversity", "distance")}
    assert means["diversity"] == pytest.approx(1, abs=0.08)
    # The real examples are the same in all of them, so the mean over draws is theirs, not 0.
    assert means["distance"] == pytest.approx(0, abs=0.02)
    assert all(draw["distance"] < 0.08 for draw in draws)
    moved = of_points.measure(many_points(1, COUNT) + 2)
    assert moved["distance"] > 0.5


def test_the_distance_of_point_masses(vitals_of: Callable[..., SampleVitals]) -> None:
    """Real examples half at 0 and half at 3 along an axis; all samples at 0, or at both."""
    near = torch.arange(10_000.0)[:, None] * torch.tensor([0.0, 1e-7])
    vitals = vitals_of(points(near, near + torch.tensor([3.0, 0.0])), "wgan-gp")
    count = len(vitals.real)
    far = int((vitals.real[:, 0] > 1).sum())
    # A pair differs by 3 if one is of either kind.
    spread = 3 * 2 * far * (count - far) / (count * (count - 1))
    assert vitals.spread == pytest.approx(spread, rel=1e-3)
    measured = vitals.measure(torch.zeros(COUNT, 2))
    assert measured["diversity"] == 0
    assert measured["distance"] == pytest.approx(2 * 3 * far / count / spread - 1, rel=1e-3)


def test_duplicates_are_counted(of_points: SampleVitals) -> None:
    samples = 100 * many_points(3, COUNT)
    samples[:32] = samples[0]
    measured = of_points.measure(samples)
    assert measured["duplicates"] == 32 / COUNT


def test_all_is_relative_to_the_data(vitals_of: Callable[..., SampleVitals]) -> None:
    samples, real = many_points(4, COUNT), many_points(0)
    small, large = (vitals_of(points(real * scale), "wgan-gp") for scale in (1.0, 50.0))
    assert large.measure(samples * 50) == pytest.approx(small.measure(samples), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("count", [10, 60])
def test_few_real_examples_are_compared_with_each_once(
    count: int, vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    """One that was drawn twice would be its own nearest neighbour."""
    dataset = make_dataset(count)
    vitals = vitals_of(dataset)
    flat = to_range(dataset.examples, (0.0, 1.0)).flatten(1)
    distances = torch.cdist(flat, flat).fill_diagonal_(math.inf).min(1).values
    assert vitals.usual_nearest == pytest.approx(distances.median().item(), rel=0.05)
    assert vitals.spread == pytest.approx(vitals.usual_nearest, rel=0.2), "noise is evenly far from noise"
    assert vitals.generate().shape == (COUNT, 1, 20, 20)


def test_data_all_alike_can_be_watched(vitals_of: Callable[..., SampleVitals]) -> None:
    vitals = vitals_of(Dataset("black", torch.zeros(30, 1, 20, 20, dtype=torch.uint8)))
    samples = vitals.generate()
    measured = vitals.measure(samples) | FeatureVitals(vitals).measure(samples)
    assert all(math.isfinite(value) for value in measured.values())


# -- the way -------------------------------------------------------------------------------------------------


def go(vitals: SampleVitals, places: list[float]) -> list[float | None]:
    """Move all samples along an axis, place by place; the movements."""
    return [
        vitals.measure(torch.full((COUNT, 2), 0.0) + torch.tensor([place, 0.0])).get("movement")
        for place in places
    ]


def test_a_straight_way(of_points: SampleVitals) -> None:
    assert of_points.measure_way() == {}, "there is no way yet"
    first, *steps = go(of_points, [0, 1, 2, 3])
    assert first is None, "nothing came before"
    assert steps == pytest.approx([1 / of_points.spread] * 3)
    assert of_points.measure_way() == {}, "the way begins here"
    go(of_points, [4, 6, 9])
    assert of_points.measure_way()["return"] == pytest.approx(1)
    go(of_points, [8, 7])
    assert of_points.measure_way()["return"] == pytest.approx(1), "the way is measured anew"


def test_there_and_back(of_points: SampleVitals) -> None:
    go(of_points, [0])
    of_points.measure_way()
    go(of_points, [1, 2, 1, 0])
    assert of_points.measure_way()["return"] == pytest.approx(0, abs=1e-6)
    go(of_points, [1, 2, 1])
    assert of_points.measure_way()["return"] == pytest.approx(1 / 3)


def test_samples_that_stay_where_they_are(of_points: SampleVitals) -> None:
    assert go(of_points, [5, 5, 5]) == [None, 0, 0]
    of_points.measure_way()
    assert go(of_points, [5, 5]) == [0, 0]
    assert of_points.measure_way() == {}, "there is no share of no way"


def test_only_some_samples_are_followed(of_points: SampleVitals) -> None:
    samples = torch.zeros(COUNT, 2)
    of_points.measure(samples)
    samples[FOLLOWED:] = 1.0
    assert of_points.measure(samples)["movement"] == 0


# -- features ------------------------------------------------------------------------------------------------


def test_modes_of_a_mixture(vitals_of: Callable[..., SampleVitals]) -> None:
    dataset = ring()
    assert dataset.mixture is not None
    features = FeatureVitals(vitals_of(dataset, "wgan-gp"))
    means = dataset.mixture.means
    for shares in ([1.0], [0.5, 0.5], [0.75, 0.25], [1 / 8] * 8, [0.5, 0.25, 0.125, 0.125]):
        samples = torch.cat([means[[mode]].repeat(int(COUNT * s), 1) for mode, s in enumerate(shares)])
        measured = features.measure(samples)
        effective = math.exp(-sum(share * math.log(share) for share in shares))
        assert measured["classes"] == pytest.approx(effective)
        assert 7 < measured["real_classes"] <= 8
    assert features.measure(means[[3]].repeat(COUNT, 1))["feature_diversity"] == pytest.approx(0, abs=1e-6)


def test_digits_are_told_apart_by_the_shipped_features(vitals_of: Callable[..., SampleVitals]) -> None:
    mnist = load_dataset("mnist")
    assert mnist.labels is not None
    vitals = vitals_of(mnist)
    features = FeatureVitals(vitals)
    ones = mnist.examples[mnist.labels == 1][:COUNT]
    measured = features.measure(to_range(ones, (0.0, 1.0)))
    assert measured["classes"] < 1.2
    assert measured["real_classes"] > 9
    assert 0 < measured["feature_diversity"] < 0.6
    assert "copies" not in measured, "60 000 images are not learnt by heart"
    balanced = torch.cat([mnist.examples[mnist.labels == digit][:12] for digit in range(10)])
    measured = features.measure(to_range(balanced, (0.0, 1.0)))
    assert measured["classes"] == pytest.approx(10, abs=0.2)
    assert measured["feature_diversity"] == pytest.approx(1, abs=0.1)


def test_data_without_known_classes_has_no_number_of_them(vitals_of: Callable[..., SampleVitals]) -> None:
    vitals = vitals_of()
    assert FeatureVitals(vitals).measure(vitals.generate()).keys() == {"feature_diversity"}


def test_copies_of_a_small_data_set(vitals_of: Callable[..., SampleVitals]) -> None:
    mnist = load_dataset("mnist")
    few = dataclasses.replace(mnist, examples=mnist.examples[:1000], labels=None, class_names=(), test=None)
    features = FeatureVitals(vitals_of(few))
    copies = to_range(few.examples[:COUNT], (0.0, 1.0))
    assert features.measure(copies)["copies"] == 1.0
    assert features.measure((copies + 0.02 * torch.rand_like(copies)).clamp(0, 1))["copies"] > 0.9
    others = to_range(mnist.examples[1000:3000], (0.0, 1.0))
    assert features.measure(others)["copies"] == pytest.approx(0.01, abs=0.01)


# -- what is watched is left alone ---------------------------------------------------------------------------


def test_a_system_that_is_told_classes_gets_those_of_real_examples(
    vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset], monkeypatch: Any
) -> None:
    dataset = make_dataset(600)
    assert dataset.labels is not None
    vitals = vitals_of(dataset, "acgan")
    assert vitals.labels is not None
    told = torch.bincount(vitals.labels, minlength=3) / COUNT
    assert told.tolist() == pytest.approx([1 / 3] * 3, abs=0.12)
    seen = []
    real = type(vitals.game).generate

    def generate(game: Any, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        seen.append(labels)
        return real(game, latent, labels)

    monkeypatch.setattr(type(vitals.game), "generate", generate)
    vitals.generate()
    assert len(seen) == 1
    assert torch.equal(seen[0], vitals.labels)
    assert vitals_of(dataset, "gan").labels is None


@pytest.mark.parametrize("training", [True, False])
def test_generating_leaves_no_trace(
    training: bool, vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    """Not in running statistics, in the noise still to come, nor in the mode; and always the same."""
    vitals = vitals_of(make_dataset(60, size=28), "dcgan")
    game = vitals.game.train(training)
    before = {name: tensor.clone() for name, tensor in game.state_dict().items()}
    chance = game.random.state()
    samples = vitals.generate()
    assert torch.equal(vitals.generate(), samples)
    assert not samples.requires_grad
    assert all(torch.equal(tensor, before[name]) for name, tensor in game.state_dict().items())
    assert torch.equal(game.random.state(), chance)
    assert {module.training for module in game.modules()} == {training}
    vitals.measure(samples)
    assert torch.equal(game.random.state(), chance)


def test_latents_depend_on_the_seed_alone(make_engine: Make) -> None:
    def latent(seed: int, drawn: int) -> Tensor:
        game = make_engine("gan", seed=seed).game
        game.random.normal(drawn)
        dataset = make_engine("gan").dataset
        return SampleVitals(game, dataset, game.random.child("health")).latent

    assert torch.equal(latent(0, 1), latent(0, 7))
    assert not torch.equal(latent(0, 1), latent(1, 1))
