from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from sparring.data.dataset import Column
from sparring.data.kinds import Images
from sparring.evaluation import distances
from sparring.evaluation.distances import as_column, near_counts, nearest
from sparring.randomness import Randomness


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "ROWS", 7)
    monkeypatch.setattr(distances, "COLUMNS", 11)


def vectors(dimensions: int, count: int) -> Tensor:
    return Randomness(dimensions).normal(count, dimensions)


@pytest.mark.parametrize("dimensions", [2, 40])
def test_neighbours_equal_those_of_the_whole_matrix(dimensions: int) -> None:
    queries, references = vectors(dimensions, 50), vectors(dimensions + 0, 83)[50 - 20 :]
    expected = np.sort(cdist(queries, references), axis=1)[:, :3]
    found, positions = nearest(as_column(queries), as_column(references), 3)
    np.testing.assert_allclose(found, expected, atol=1e-5 if dimensions <= 16 else 5e-3)
    pairs = (queries[:, None] - references[positions]).norm(dim=2)
    np.testing.assert_allclose(pairs, expected, atol=1e-5)


@pytest.mark.parametrize("dimensions", [2, 40])
def test_nothing_is_its_own_neighbour(dimensions: int) -> None:
    points = vectors(dimensions, 60)
    expected = np.sort(cdist(points, points), axis=1)[:, 1:5]
    found, positions = nearest(as_column(points), as_column(points), 4, same=True)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert not (positions == torch.arange(60).unsqueeze(1)).any()


def test_near_counts_equal_those_of_the_whole_matrix() -> None:
    points = vectors(3, 60)
    expected = (cdist(points, points) <= 1.0).sum(1) - 1
    np.testing.assert_array_equal(near_counts(as_column(points), 1.0), expected)


def test_images_count_as_pixels_from_0_to_1() -> None:
    images = Randomness(0).integers(20 * 16, 256).view(20, 1, 4, 4).to(torch.uint8)
    pixels = images.flatten(1).numpy() / 255
    column = Column(Images((1, 4, 4)), images)
    found, _ = nearest(column[:5], column[5:])
    np.testing.assert_allclose(found[:, 0], cdist(pixels[:5], pixels[5:]).min(1), atol=1e-5)


@pytest.mark.parametrize("dimensions", [2, 40])
def test_points_far_from_the_origin_are_as_far_apart_as_they_are(dimensions: int) -> None:
    points = vectors(dimensions, 40) + 10_000
    expected = np.sort(cdist(points, points), axis=1)[:, 1:4]
    found, _ = nearest(as_column(points), as_column(points), 3, same=True)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
