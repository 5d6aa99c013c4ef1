"""Vital signs: closed forms of what is measured of samples, of their way, and of their features."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from sparring.data import load_dataset
from sparring.data.dataset import Column, Dataset, dataset_of
from sparring.data.kinds import Images, Tokens
from sparring.data.mixtures import ring
from sparring.data.truth import Truth
from sparring.health.vitals import (
    FOLLOWED,
    MOST_SEARCHED,
    SAMPLES,
    FeatureVitals,
    SampleVitals,
    effective_number,
)
from sparring.randomness import Randomness
from sparring.training.engine import Engine

Make = Callable[..., Engine]


@pytest.fixture
def vitals_of(make_engine: Make) -> Callable[..., SampleVitals]:
    """The vital signs of a game on a data set: `vitals_of(dataset, "gan")`."""

    def make(dataset: Dataset | None = None, system: str = "gan", **settings: Any) -> SampleVitals:
        engine = make_engine(system, dataset, **settings)
        return SampleVitals(engine.game, engine.dataset, Randomness(0))

    return make


def points(*groups: Tensor) -> Dataset:
    return dataset_of("points", torch.cat(groups))


def encoded(images: Tensor) -> Tensor:
    """Bytes as `gan` sees and makes them: from 0 to 1."""
    return Images(tuple(images.shape[1:]), (0.0, 1.0)).encode(images)


def many_points(seed: int, count: int = 20_000) -> Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def of_points(vitals_of: Callable[..., SampleVitals]) -> SampleVitals:
    """Vital signs over 20 000 normal points, of which hardly any two are drawn twice."""
    return vitals_of(points(many_points(0)), "wgan-gp")


# -- samples -------------------------------------------------------------------------------------------------


def test_samples_that_are_all_alike(of_points: SampleVitals) -> None:
    measured = of_points.measure(torch.full((SAMPLES, 2), 0.7))
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
    draws = [of_points.measure(many_points(seed, SAMPLES)) for seed in range(1, 21)]
    means = {name: sum(draw[name] for draw in draws) / len(draws) for name in ("diversity", "distance")}
    assert means["diversity"] == pytest.approx(1, abs=0.08)
    # The real examples are the same in all of them, so the mean over draws is theirs, not 0.
    assert means["distance"] == pytest.approx(0, abs=0.02)
    assert all(draw["distance"] < 0.08 for draw in draws)
    moved = of_points.measure(many_points(1, SAMPLES) + 2)
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
    measured = vitals.measure(torch.zeros(SAMPLES, 2))
    assert measured["diversity"] == 0
    assert measured["distance"] == pytest.approx(2 * 3 * far / count / spread - 1, rel=1e-3)


def test_duplicates_are_counted(of_points: SampleVitals) -> None:
    samples = 100 * many_points(3, SAMPLES)
    samples[:32] = samples[0]
    measured = of_points.measure(samples)
    assert measured["duplicates"] == 32 / SAMPLES


def test_all_is_relative_to_the_data(vitals_of: Callable[..., SampleVitals]) -> None:
    samples, real = many_points(4, SAMPLES), many_points(0)
    small, large = (vitals_of(points(real * scale), "wgan-gp") for scale in (1.0, 50.0))
    assert large.measure(samples * 50) == pytest.approx(small.measure(samples), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("count", [10, 60])
def test_few_real_examples_are_compared_with_each_once(
    count: int, vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    """One that was drawn twice would be its own nearest neighbour."""
    dataset = make_dataset(count)
    vitals = vitals_of(dataset)
    flat = dataset.examples.values.flatten(1).float() / 255
    distances = torch.cdist(flat, flat).fill_diagonal_(math.inf).min(1).values
    assert vitals.usual_nearest == pytest.approx(distances.median().item(), rel=0.05)
    assert vitals.spread == pytest.approx(vitals.usual_nearest, rel=0.2), "noise is evenly far from noise"
    assert vitals.generate().shape == (SAMPLES, 1, 20, 20)


@pytest.mark.parametrize("level", [0, 77])
def test_data_all_alike_is_measured_in_units_of_its_own(
    level: int, vitals_of: Callable[..., SampleVitals]
) -> None:
    """Grey levels from 0 to 1, of which a distance is the root mean square."""
    vitals = vitals_of(dataset_of("even", torch.full((30, 1, 20, 20), level, dtype=torch.uint8)))
    same = torch.full((SAMPLES, 1, 20, 20), level / 255)
    measured = vitals.measure(same) | FeatureVitals(vitals).measure(same)
    assert measured == pytest.approx({"distance": 0}, abs=1e-3), "neither diversity nor copies mean anything"
    measured = vitals.measure(same + 0.25)
    assert measured == pytest.approx({"distance": 2 * 0.25, "movement": 0.25}, abs=1e-3)


def test_samples_are_not_rounded(
    vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    """A change of less than a grey level is movement, and is as long as it is."""
    vitals = vitals_of(make_dataset(60))
    still = torch.full((SAMPLES, 1, 20, 20), 0.5)
    vitals.measure(still)
    assert vitals.measure(still)["movement"] == 0
    # 400 pixels, each by 1e-4.
    assert vitals.measure(still + 1e-4)["movement"] == pytest.approx(20 * 1e-4 / vitals.spread, rel=1e-3)


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_the_range_of_a_system_changes_nothing(
    low: float, make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    """Real images as samples are measured alike, whichever range they are encoded in."""
    engine = make_engine("gan", make_dataset(60))
    dataset = engine.dataset.in_range(low, 1.0)
    vitals = SampleVitals(engine.game, dataset, Randomness(0))
    measured = vitals.measure(vitals.real_examples.encoded())
    assert measured["diversity"] == pytest.approx(1, rel=1e-5)
    assert measured["nearest"] == pytest.approx(1, rel=1e-4)
    assert measured["distance"] == pytest.approx(-2 / len(vitals.real), abs=1e-4)


# -- tokens --------------------------------------------------------------------------------------------------


class Writer(torch.nn.Module):
    """As much of a game as its vital signs look at: it says what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.random = Randomness(0)

    def condition(self, data: Dataset) -> Column:
        return data.condition

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.integers(count, 10)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return latent[:, None].expand(-1, 8)


VOCABULARY = tuple("abcdefghij")


def texts(count: int, seed: int = 0, tokens: int = 10) -> Tensor:
    return torch.randint(tokens, (count, 8), generator=torch.Generator().manual_seed(seed))


def of_texts(stored: Tensor, truth: Truth | None = None) -> SampleVitals:
    column = Column(Tokens((8,), VOCABULARY), stored)
    dataset = Dataset("texts", column, truth=truth or Truth())
    return SampleVitals(Writer(), dataset, Randomness(0))  # type: ignore[arg-type]


def test_texts_like_the_real_ones() -> None:
    vitals = of_texts(texts(5000))
    measured = vitals.measure(texts(SAMPLES, seed=1))
    assert measured["diversity"] == pytest.approx(1, abs=0.05)
    assert measured["nearest"] == pytest.approx(1, abs=0.1)
    assert measured["duplicates"] == 0
    assert measured["distance"] == pytest.approx(0, abs=0.05)
    assert vitals.generate().shape == (SAMPLES, 8)


def test_one_text_for_all_noise() -> None:
    vitals = of_texts(texts(5000))
    measured = vitals.measure(texts(1).repeat(SAMPLES, 1))
    assert measured["diversity"] == pytest.approx(0, abs=1e-3)
    assert measured["nearest"] == pytest.approx(0, abs=1e-3)
    assert measured["duplicates"] == 1
    assert measured["distance"] > 0.5


def test_few_distinct_texts_are_found_by_their_twins() -> None:
    """Four texts differ as much as real ones do, but each has its like."""
    vitals = of_texts(texts(5000))
    measured = vitals.measure(texts(4).repeat(SAMPLES // 4, 1))
    assert measured["diversity"] == pytest.approx(0.75, abs=0.1)
    assert measured["duplicates"] == 1
    some = texts(SAMPLES, seed=1)
    some[:32] = some[0]
    assert vitals.measure(some)["duplicates"] == 32 / SAMPLES


def test_different_texts_are_counted_beside_those_of_the_data() -> None:
    vitals = of_texts(texts(5000))
    assert vitals.measure(texts(SAMPLES, seed=1))["distinct"] == 1
    four = vitals.measure(texts(4).repeat(SAMPLES // 4, 1))
    assert four["distinct"] == pytest.approx(4 / SAMPLES, rel=0.05)
    # Where the data has only four texts, four are all.
    few = texts(4).repeat(1000, 1)
    assert of_texts(few).measure(few[:SAMPLES])["distinct"] == pytest.approx(1, abs=0.1)
    # So they are where the data has fewer texts than are looked at, ten of them twice.
    twenty = texts(10).repeat(2, 1)
    assert of_texts(twenty).measure(twenty.repeat(7, 1)[:SAMPLES])["distinct"] == pytest.approx(1, abs=0.1)


def test_copies_are_texts_that_the_data_has_once() -> None:
    stored = texts(500)
    stored[250:] = stored[:1]
    features = FeatureVitals(of_texts(stored))
    samples = texts(SAMPLES, seed=1)
    assert features.measure(samples)["copies"] == 0
    samples[:32] = stored[1:33]
    samples[32:64] = stored[0]
    assert features.measure(samples)["copies"] == 32 / SAMPLES


def test_texts_move_where_tokens_change() -> None:
    vitals = of_texts(texts(5000))
    samples = texts(SAMPLES)
    vitals.measure(samples)
    assert vitals.measure(samples.clone())["movement"] == 0
    changed = samples.clone()
    changed[:, 0] = (changed[:, 0] + 1) % 10
    little = vitals.measure(changed)["movement"]
    assert 0 < little < vitals.measure(texts(SAMPLES, seed=1))["movement"]


def test_data_of_twins_says_nothing_of_twins() -> None:
    """Of 2^2 texts each occurs again and again: that samples do is no collapse."""
    stored = texts(5000, tokens=2)[:, :2].repeat(1, 4)
    vitals = of_texts(stored)
    measured = vitals.measure(stored[:SAMPLES])
    assert "duplicates" not in measured
    assert "nearest" not in measured
    assert measured["diversity"] == pytest.approx(1, abs=0.1)


def test_features_of_texts() -> None:
    vitals = of_texts(texts(2000))
    features = FeatureVitals(vitals)
    assert features.measure(texts(SAMPLES, seed=1)).keys() == {"feature_diversity", "copies"}
    assert features.measure(texts(SAMPLES, seed=1))["feature_diversity"] == pytest.approx(1, abs=0.05)
    assert features.measure(texts(1).repeat(SAMPLES, 1))["feature_diversity"] == pytest.approx(0, abs=1e-3)


class Beginnings(Truth):
    """Texts are of the mode of their first token, but for those that begin with the last."""

    modes = 9

    def mode_of(self, samples: Tensor) -> Tensor:
        return torch.where(samples[:, 0] < 9, samples[:, 0], -1)


def test_known_modes_of_any_kind_of_data() -> None:
    features = FeatureVitals(of_texts(texts(5000), Beginnings()))
    three = torch.arange(SAMPLES)[:, None].expand(-1, 8)[:120] % 3
    assert features.measure(three)["classes"] == pytest.approx(3)
    assert 7.5 < features.measure(three)["real_classes"] <= 9


def test_twins() -> None:
    kind = Tokens((8,), VOCABULARY)
    distinct = texts(10)
    assert not Column(kind, distinct).mostly_twins()
    assert not Column(kind, torch.cat([distinct, distinct[:3]])[:13]).mostly_twins(), "6 of 13"
    assert Column(kind, torch.cat([distinct, distinct[:4]])).mostly_twins(), "8 of 14"
    assert Column(kind, distinct[:1].repeat(5, 1)).mostly_twins()


def test_the_effective_number_of_classes() -> None:
    assert effective_number(torch.tensor([2, 2, 2]), 5) == 1
    assert effective_number(torch.tensor([0, 1, 2, 3]), 5) == pytest.approx(4)
    assert effective_number(torch.tensor([0, 1, -1, -1]), 5) == pytest.approx(2), "those of none do not count"


# -- state ---------------------------------------------------------------------------------------------------


def test_what_is_followed_goes_on_from_its_state() -> None:
    places = [texts(SAMPLES, seed) for seed in range(6)]
    whole, first, second = (of_texts(texts(5000)) for _ in range(3))
    assert first.state().keys() == {"path", "previous", "anchor"}
    assert len(first.state()["previous"]) == len(first.state()["anchor"]) == 0
    for vitals, own in ((whole, places), (first, places[:4])):
        vitals.measure(own[0])
        vitals.net_displacement()
        for place in own[1:]:
            vitals.measure(place)
    second.restore(first.state())
    for place in places[4:]:
        second.measure(place)
    assert second.net_displacement() == whole.net_displacement()
    assert second.path == whole.path == 0


# -- displacement --------------------------------------------------------------------------------------------


def go(vitals: SampleVitals, places: list[float]) -> list[float | None]:
    """Move all samples along an axis, place by place; the movements."""
    return [
        vitals.measure(torch.full((SAMPLES, 2), 0.0) + torch.tensor([place, 0.0])).get("movement")
        for place in places
    ]


def test_a_straight_way(of_points: SampleVitals) -> None:
    assert of_points.net_displacement() == {}, "there is no way yet"
    first, *steps = go(of_points, [0, 1, 2, 3])
    assert first is None, "nothing came before"
    assert steps == pytest.approx([1 / of_points.spread] * 3)
    assert of_points.net_displacement() == {}, "the way begins here"
    go(of_points, [4, 6, 9])
    assert of_points.net_displacement()["return"] == pytest.approx(1)
    go(of_points, [8, 7])
    assert of_points.net_displacement()["return"] == pytest.approx(1), "the way is measured anew"


def test_there_and_back(of_points: SampleVitals) -> None:
    go(of_points, [0])
    of_points.net_displacement()
    go(of_points, [1, 2, 1, 0])
    assert of_points.net_displacement()["return"] == pytest.approx(0, abs=1e-6)
    go(of_points, [1, 2, 1])
    assert of_points.net_displacement()["return"] == pytest.approx(1 / 3)


def test_samples_that_stay_where_they_are(of_points: SampleVitals) -> None:
    assert go(of_points, [5, 5, 5]) == [None, 0, 0]
    of_points.net_displacement()
    assert go(of_points, [5, 5]) == [0, 0]
    assert of_points.net_displacement() == {}, "there is no share of no way"


def test_only_some_samples_are_followed(of_points: SampleVitals) -> None:
    samples = torch.zeros(SAMPLES, 2)
    of_points.measure(samples)
    samples[FOLLOWED:] = 1.0
    assert of_points.measure(samples)["movement"] == 0


# -- features ------------------------------------------------------------------------------------------------


def test_modes_of_a_mixture(vitals_of: Callable[..., SampleVitals]) -> None:
    dataset = ring()
    features = FeatureVitals(vitals_of(dataset, "wgan-gp"))
    means = dataset.truth.centres
    assert means is not None
    for shares in ([1.0], [0.5, 0.5], [0.75, 0.25], [1 / 8] * 8, [0.5, 0.25, 0.125, 0.125]):
        samples = torch.cat([means[[mode]].repeat(int(SAMPLES * s), 1) for mode, s in enumerate(shares)])
        measured = features.measure(samples)
        effective = math.exp(-sum(share * math.log(share) for share in shares))
        assert measured["classes"] == pytest.approx(effective)
        assert 7 < measured["real_classes"] <= 8
    assert features.measure(means[[3]].repeat(SAMPLES, 1))["feature_diversity"] == pytest.approx(0, abs=1e-6)


def test_digits_are_told_apart_by_the_shipped_features(vitals_of: Callable[..., SampleVitals]) -> None:
    mnist = load_dataset("mnist")
    images, labels = mnist.examples.values, mnist.condition.values
    vitals = vitals_of(mnist)
    features = FeatureVitals(vitals)
    ones = encoded(images[labels == 1][:SAMPLES])
    measured = features.measure(ones)
    assert measured["classes"] < 1.2
    assert measured["real_classes"] > 9
    assert 0 < measured["feature_diversity"] < 0.6
    assert "copies" not in measured, "60 000 images are not learnt by heart"
    balanced = torch.cat([images[labels == digit][:12] for digit in range(10)])
    measured = features.measure(encoded(balanced))
    assert measured["classes"] == pytest.approx(10, abs=0.2)
    assert measured["feature_diversity"] == pytest.approx(1, abs=0.1)


def test_data_without_known_classes_has_no_number_of_them(vitals_of: Callable[..., SampleVitals]) -> None:
    vitals = vitals_of()
    assert FeatureVitals(vitals).measure(vitals.generate()).keys() == {
        "feature_diversity",
        "coverage",
        "copies",
    }


def test_coverage_of_real_examples_by_samples(vitals_of: Callable[..., SampleVitals]) -> None:
    """Others that are real reach nearly all; of half of the classes about half; noise hardly any."""
    mnist = load_dataset("mnist")
    features = FeatureVitals(vitals_of(mnist))

    def covered(digits: Tensor) -> float:
        return features.measure(encoded(digits[-SAMPLES:]))["coverage"]

    images, labels = mnist.examples.values, mnist.condition.values
    assert covered(images) > 0.9
    assert 0.35 < covered(images[labels < 5]) < 0.65
    assert covered(torch.randint(0, 256, (SAMPLES, 1, 28, 28), dtype=torch.uint8)) < 0.05


def test_copies_of_a_small_data_set(vitals_of: Callable[..., SampleVitals]) -> None:
    mnist = load_dataset("mnist")
    small = dataset_of("a thousand digits", mnist.examples.values[:1000])
    features = FeatureVitals(vitals_of(small))
    copies = encoded(small.examples.values[:SAMPLES])
    assert features.measure(copies)["copies"] == 1.0
    assert features.measure((copies + 0.02 * torch.rand_like(copies)).clamp(0, 1))["copies"] > 0.9
    others = encoded(mnist.examples.values[1000:3000])
    assert features.measure(others)["copies"] == pytest.approx(0.01, abs=0.01)


def test_copies_are_looked_for_in_small_sets_of_what_has_near_duplicates(
    vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    def searched(vitals: SampleVitals) -> Column | None:
        return FeatureVitals(vitals).searched

    assert searched(vitals_of(make_dataset(10))) is not None
    assert searched(vitals_of(make_dataset(SAMPLES + 1))) is not None
    assert searched(vitals_of(make_dataset(MOST_SEARCHED + 1))) is None
    assert searched(vitals_of(points(many_points(0, 500)), "wgan-gp")) is None
    assert searched(of_texts(texts(500))) is None


@pytest.mark.parametrize("twice", [0, 12, 100])
def test_copies_of_data_that_has_some_twice(
    twice: int, vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    """Of 100 images, fewer than there are samples."""
    images = make_dataset(100).examples.values
    vitals = vitals_of(dataset_of("images", torch.cat([images, images[:twice]])))
    features, copies = FeatureVitals(vitals), encoded(images)
    assert features.measure(copies)["copies"] == 1
    assert features.measure(torch.rand_like(copies))["copies"] < 0.1


# -- what is watched is left alone ---------------------------------------------------------------------------


def test_a_system_that_is_told_classes_gets_those_of_real_examples(
    vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset], monkeypatch: Any
) -> None:
    dataset = make_dataset(600)
    vitals = vitals_of(dataset, "acgan")
    told = torch.bincount(vitals.condition, minlength=3) / SAMPLES
    assert told.tolist() == pytest.approx([1 / 3] * 3, abs=0.12)
    seen = []
    real = type(vitals.game).generate

    def generate(game: Any, latent: Tensor, condition: Tensor) -> Tensor:
        seen.append(condition)
        return real(game, latent, condition)

    monkeypatch.setattr(type(vitals.game), "generate", generate)
    vitals.generate()
    assert len(seen) == 1
    assert torch.equal(seen[0], vitals.condition)
    assert vitals_of(dataset, "gan").condition.shape == (SAMPLES, 0), "nothing is told where nothing is to be"


def test_conditions_may_be_fewer_than_examples(
    make_engine: Make, make_dataset: Callable[..., Dataset]
) -> None:
    """As where a system is told images of another domain, which has fewer."""
    dataset, other = make_dataset(90), make_dataset(7, classes=0)
    game = make_engine("gan", dataset).game
    game.condition = lambda data: other.examples
    condition = SampleVitals(game, dataset, Randomness(0)).condition
    assert condition.shape == (SAMPLES, 1, 20, 20)
    shown = {tuple(each.flatten().tolist()) for each in condition}
    assert shown == {tuple(each.flatten().tolist()) for each in other.examples.encoded()}


@pytest.mark.parametrize("training", [True, False])
def test_generating_leaves_no_trace(
    training: bool, vitals_of: Callable[..., SampleVitals], make_dataset: Callable[..., Dataset]
) -> None:
    """Not in running statistics, in the noise still to come, nor in the mode; and always the same."""
    vitals = vitals_of(make_dataset(60, size=28), "dcgan")
    game = vitals.game.train(training)
    before = {name: tensor.clone() for name, tensor in game.state_dict().items()}
    chance = game.random.generator.get_state()
    samples = vitals.generate()
    assert torch.equal(vitals.generate(), samples)
    assert not samples.requires_grad
    assert all(torch.equal(tensor, before[name]) for name, tensor in game.state_dict().items())
    assert torch.equal(game.random.generator.get_state(), chance)
    assert {module.training for module in game.modules()} == {training}
    vitals.measure(samples)
    assert torch.equal(game.random.generator.get_state(), chance)


def test_a_generator_that_draws_noise_by_itself_leaves_no_trace_either(make_engine: Make) -> None:
    """As one does that draws tokens: its noise is the same at every check, and the run's stays."""
    engine = make_engine("gan")
    game, branch = engine.game, engine.game.random.branch("of a trick")
    real = game.generate

    def generate(latent: Tensor, condition: Tensor) -> Tensor:
        return real(latent + game.random.normal(*latent.shape) + branch.normal(*latent.shape), condition)

    game.generate = generate
    vitals = SampleVitals(game, engine.dataset, Randomness(0))
    game.random.begin("step 3")
    first = vitals.generate()
    drawn = game.random.normal(2), branch.normal(2)
    game.random.begin("step 3")
    assert all(map(torch.equal, drawn, (game.random.normal(2), branch.normal(2))))
    assert torch.equal(vitals.generate(), first)


def test_latents_depend_on_their_own_noise_alone(make_engine: Make) -> None:
    def latent(seed: int, drawn: int) -> Tensor:
        engine = make_engine("gan")
        engine.game.random.normal(drawn)
        return SampleVitals(engine.game, engine.dataset, Randomness(seed)).latent

    assert torch.equal(latent(0, 1), latent(0, 7))
    assert not torch.equal(latent(0, 1), latent(1, 1))


# -- images made of images -----------------------------------------------------------------------------------


class Copier(Writer):
    """A game that is given images, and makes these."""

    shows_real = True

    def condition(self, data: Dataset) -> Column:
        return data.examples

    def latent(self, count: int, random: Randomness) -> Tensor:
        return torch.zeros(count, 0)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return condition


@pytest.fixture
def of_few_sources(make_dataset: Callable[..., Dataset]) -> SampleVitals:
    """Of a game whose samples are made of images, of which there are only twenty."""
    return SampleVitals(Copier(), make_dataset(20), Randomness(0))  # type: ignore[arg-type]


def test_the_right_answers_are_no_copies(of_few_sources: SampleVitals) -> None:
    made = of_few_sources.generate()
    assert "copies" not in FeatureVitals(of_few_sources).measure(made)
    # Where it is not known what is to be made of a source, images of the other domain are copies.
    of_few_sources.answers_known = False
    assert FeatureVitals(of_few_sources).measure(made)["copies"] == 1


def test_different_things_left_of_one_image_are_one_source(make_dataset: Callable[..., Dataset]) -> None:
    class Restorer(Copier):
        def condition(self, data: Dataset) -> Column:
            values = data.examples.values.clone()
            values[:, :, 0] = torch.arange(len(values))[:, None, None].to(torch.uint8)
            return Column(data.examples.kind, values)

    vitals = SampleVitals(Restorer(), make_dataset(20), Randomness(0))  # type: ignore[arg-type]
    made = vitals.generate()
    assert len(made.flatten(1).unique(dim=0)) > 100
    assert vitals.measure(made)["duplicates"] == 0


def test_samples_of_one_source_are_no_duplicates(of_few_sources: SampleVitals) -> None:
    made = of_few_sources.generate()
    assert len(made.flatten(1).unique(dim=0)) <= 20
    measured = of_few_sources.measure(made)
    assert measured["duplicates"] == 0
    assert measured["nearest"] == pytest.approx(1, rel=0.01)
    assert of_few_sources.measure(torch.zeros_like(made))["duplicates"] == 1
