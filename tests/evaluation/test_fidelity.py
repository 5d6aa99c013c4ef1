"""Figures of feature vectors against published values and against independent implementations."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh, eigvalsh
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from sparring.data import Dataset
from sparring.errors import DataError
from sparring.evaluation.features import ClassifierFeatures
from sparring.evaluation.figures import fidelity, manifold
from sparring.evaluation.figures.classes import inception_score
from sparring.evaluation.figures.fidelity import fid, kid
from sparring.evaluation.figures.manifold import precision_recall
from sparring.randomness import Randomness


@pytest.fixture(scope="module")
def real_and_fake(small_mnist: Dataset, digits: ClassifierFeatures) -> tuple[Tensor, Tensor]:
    noise = Randomness(0).normal(1500, 1, 28, 28) * 40
    images = small_mnist.examples.values
    noisy = (images[:1500] + noise).clamp(0, 255).to(torch.uint8)
    return digits.features(images[2000:4000]), digits.features(noisy)


def independent_fid(real: Tensor, fake: Tensor) -> float:
    x, y = real.double().numpy(), fake.double().numpy()
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    # Some features are 0 for all digits, so the product is singular and scipy's sqrtm is not exact; the
    # symmetric form of Heusel's trace, of the root of S1^(1/2) S2 S1^(1/2), is.
    values, directions = eigh(first)
    root = directions * np.sqrt(values.clip(0)) @ directions.T
    trace = np.trace(first) + np.trace(second) - 2 * np.sqrt(eigvalsh(root @ second @ root).clip(0)).sum()
    return float(np.square(x.mean(0) - y.mean(0)).sum() + trace)


def independent_kid(real: Tensor, fake: Tensor) -> float:
    x, y = real.double().numpy(), fake.double().numpy()

    def kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = (a @ b.T / a.shape[1] + 1) ** 3
        return result

    within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (kernel(x, x), kernel(y, y))]
    return float(sum(within) - 2 * kernel(x, y).mean())


def test_fid_equals_an_independent_one_to_six_digits(real_and_fake: tuple[Tensor, Tensor]) -> None:
    assert fid(*real_and_fake).value == pytest.approx(independent_fid(*real_and_fake), rel=1e-6)


def test_fid_of_known_gaussians() -> None:
    points = Randomness(0).normal(200_000, 3)
    moved = 2 * Randomness(1).normal(200_000, 3) + torch.tensor([1.0, 0.0, 0.0])
    assert fid(points, moved).value == pytest.approx(1 + 3 * (2 - 1) ** 2, rel=0.02)
    assert fid(points, points).value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("real_count", "fake_count", "size"), [(90, 70, 20), (30, 40, 80), (60, 90, 75)])
def test_fid_is_the_old_definition_whichever_are_fewer(real_count: int, fake_count: int, size: int) -> None:
    """Eigenvalues of the product of the covariances, as torchmetrics takes them."""
    from torchmetrics.image.fid import _compute_fid

    scales = torch.linspace(0.5, 1.5, size)
    real = Randomness(0).normal(real_count, size) * scales
    fake = Randomness(1).normal(fake_count, size) + 0.1
    moments = [part for each in (real, fake) for part in (each.double().mean(0), each.double().T.cov())]
    expected = _compute_fid(*moments).item()
    for interval in (True, False):
        assert fid(real, fake, interval=interval).value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("count", "size", "shift"), [(400, 10, 0.3), (100, 150, 0.1)])
def test_the_interval_of_fid_is_how_it_varies_from_draw_to_draw(count: int, size: int, shift: float) -> None:
    real, chance = Randomness(0).normal(count, size), Randomness(1)
    draws = [fid(real, chance.normal(count, size) * 1.2 + shift) for _ in range(100)]
    varies = torch.tensor([draw.value for draw in draws], dtype=torch.float64).std().item()
    said = sum(draw.high - draw.value for draw in draws) / len(draws) / 1.96
    assert said == pytest.approx(varies, rel=0.25)


def test_nothing_larger_than_the_samples_is_decomposed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for name in ("eigh", "eigvalsh"):
        real_one = getattr(torch.linalg, name)

        def watched(matrix: Tensor, *args: Any, _one: Any = real_one, **more: Any) -> Any:
            seen.append(tuple(matrix.shape))
            return _one(matrix, *args, **more)

        monkeypatch.setattr(torch.linalg, name, watched)
    many, few = Randomness(0).normal(30, 4000), Randomness(1).normal(40, 4000)
    fid(many, few)
    fid(many, few, interval=False)
    fid(many.T, many.T[:3000], interval=False)
    assert seen == [(30, 30), (40, 40), (30, 30), (30, 30)]


def test_fid_of_many_samples_with_many_features_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Products in float32, of the lower blocks alone; an interval of a part of the samples."""
    scales = torch.linspace(1.5, 0.01, 300) ** 2
    real = Randomness(0).normal(400, 300) * scales
    fake = Randomness(1).normal(350, 300) * scales * 1.1 + 0.05
    whole = fid(real, fake)
    monkeypatch.setattr(fidelity, "ROWS", 64)
    assert fid(real, fake).value == pytest.approx(whole.value, rel=1e-9)
    monkeypatch.setattr(fidelity, "PRECISE_WORK", 0)
    monkeypatch.setattr(fidelity, "DECOMPOSED", 200)
    many = fid(real, fake)
    assert many.value == pytest.approx(whole.value, rel=1e-6)
    assert many.value != whole.value
    assert 1 < (many.high - many.value) / (whole.high - whole.value) < 1.5


def test_kid_takes_fewer_subsets_where_features_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fidelity, "KID_WORK", 3 * 20 * 20 * 8 * 25)
    for features, expected in ((2, 100), (8, 25), (16, 12), (64, 10)):
        images = Randomness(0).normal(40, features)
        assert kid(images, -images, Randomness(0)) == kid(images, -images, Randomness(0), subsets=expected)


def test_kid_equals_an_independent_one_to_six_digits(real_and_fake: tuple[Tensor, Tensor]) -> None:
    found = kid(*real_and_fake, Randomness(0), subsets=1, subset_size=500)
    generator = Randomness(0).generator
    parts = [each[torch.randperm(len(each), generator=generator)[:500]] for each in real_and_fake]
    assert found.value == pytest.approx(independent_kid(*parts), rel=1e-6)


@pytest.mark.parametrize(("count", "subset_size"), [(60, 1000), (60, 20)])
def test_the_interval_of_kid_is_how_it_varies_from_draw_to_draw(count: int, subset_size: int) -> None:
    chance = Randomness(0)
    draws = [
        kid(chance.normal(count, 5), chance.normal(count, 5) + 1, chance, subset_size=subset_size)
        for _ in range(60)
    ]
    varies = torch.tensor([draw.value for draw in draws], dtype=torch.float64).std().item()
    said = sum(draw.high - draw.value for draw in draws) / len(draws) / 1.96
    assert said == pytest.approx(varies, rel=0.3)


def test_kid_needs_two_subsets_that_differ() -> None:
    with pytest.raises(DataError, match="at least four samples of each kind, not 3 and 9"):
        kid(torch.zeros(3, 2), torch.zeros(9, 2), Randomness(0))


def test_kid_of_equal_distributions_is_about_zero(real_and_fake: tuple[Tensor, Tensor]) -> None:
    real, _ = real_and_fake
    same = kid(real[:1000], real[1000:], Randomness(0), subsets=20, subset_size=500)
    assert same.low < 0.003
    assert abs(same.value) < 0.1 * kid(*real_and_fake, Randomness(0), subsets=20, subset_size=500).value


def test_inception_score_equals_torchmetrics(small_mnist: Dataset, digits: ClassifierFeatures) -> None:
    from torchmetrics.image.inception import InceptionScore

    scores = digits.logits(small_mnist.examples.values[:1000]).double()
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        theirs = InceptionScore(nn.Identity(), splits=1)
        theirs.update(scores)
        expected = theirs.compute()[0].item()
    assert inception_score(scores).value == pytest.approx(expected, rel=1e-9)


def test_inception_score_of_sure_and_of_clueless_classifiers() -> None:
    sure = torch.eye(10).repeat(50, 1) * 100
    assert inception_score(sure).value == pytest.approx(10, rel=1e-6)
    assert inception_score(torch.zeros(500, 10)).value == pytest.approx(1)


def brute_force(real: Tensor, fake: Tensor, k: int) -> tuple[list[float], ...]:
    x, y = real.double().numpy(), fake.double().numpy()
    between = cdist(x, y)
    real_radii, fake_radii = (np.sort(cdist(a, a), axis=1)[:, k] for a in (x, y))
    inside = between < real_radii[:, None]
    recalled = (between < fake_radii[None]).any(1)
    return inside.any(0).tolist(), recalled.tolist(), (inside.sum(0) / k).tolist(), inside.any(1).tolist()


@pytest.mark.parametrize("dimensions", [2, 30])
def test_precision_recall_equal_brute_force(dimensions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifold, "ROWS", 64)
    monkeypatch.setattr(manifold, "COLUMNS", 100)
    real = Randomness(0).normal(330, dimensions)
    fake = Randomness(1).normal(270, dimensions) * 0.8 + 0.3
    found = precision_recall(real, fake, k=5)
    for ours, theirs in zip(found, brute_force(real, fake, 5), strict=True):
        np.testing.assert_allclose(ours.float(), np.asarray(theirs, dtype=float), rtol=1e-6)


def test_published_precision_recall_density_coverage() -> None:
    """The example of the authors' README (clovaai/generative-evaluation-prdc), which "may fluctuate".

    The tolerances are three standard deviations over draws (0.0074, 0.0100, 0.068, 0.0061 over eight). The
    density of a draw has the expectation 1, since a new point is among the k nearest of N with chance k / N.
    """
    real, fake = Randomness(0).normal(10_000, 1000), Randomness(1).normal(10_000, 1000)
    precision, recall, density, coverage = (
        figure.float().mean().item() for figure in precision_recall(real, fake, k=5)
    )
    assert precision == pytest.approx(0.4772, abs=0.022)
    assert recall == pytest.approx(0.4705, abs=0.03)
    assert density == pytest.approx(1.0555, abs=0.2)
    assert coverage == pytest.approx(0.9735, abs=0.018)


def test_intervals_hold_their_values(real_and_fake: tuple[Tensor, Tensor]) -> None:
    distance = fid(*real_and_fake)
    assert 0 <= distance.low < distance.value < distance.high
    for estimate in precision_recall(*real_and_fake).estimates(Randomness(0)).values():
        assert estimate.low < estimate.value < estimate.high


def test_too_few_samples_are_refused() -> None:
    few = torch.zeros(5, 3)
    with pytest.raises(DataError, match="more than 5"):
        precision_recall(few, torch.zeros(50, 3))
    with pytest.raises(DataError, match="two samples"):
        fid(few[:1], few)
