"""Pictures of points: of any number of dimensions, where they should be."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from sparring.plots import main_plane, points_png

ORANGE = np.array([255, 127, 14])


def across(png: bytes) -> float:
    """Where the generated points are on average, from 0 at the left of the picture to 1; no legend."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    pixels = pixels[len(pixels) // 3 :]
    columns = np.nonzero(np.abs(pixels - ORANGE).sum(2) < 60)[1]
    assert len(columns)
    return float(columns.mean() / pixels.shape[1])


def cloud(count: int, dimensions: int) -> Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(dimensions))


@pytest.mark.parametrize("dimensions", [1, 2, 3, 7])
@pytest.mark.parametrize("known", [True, False])
def test_points_are_drawn_where_they_are(dimensions: int, known: bool) -> None:
    real = cloud(500, dimensions).clamp(-2, 2)
    real[:, 0] = torch.linspace(-10, 10, 500)
    points = 0.3 * cloud(300, dimensions)
    centres = torch.zeros(2, dimensions) if known else None
    left, right = points.clone(), points.clone()
    left[:, 0] -= 8
    right[:, 0] += 8
    assert across(points_png(left, real, centres)) < 0.35
    assert across(points_png(right, real, centres)) > 0.65


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 50])
def test_points_that_are_all_alike_are_drawn(dimensions: int, count: int) -> None:
    alike = torch.ones(count, dimensions)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert points_png(alike, alike, None).startswith(b"\x89PNG")


def test_many_dimensions_are_seen_where_the_real_points_spread_most() -> None:
    spread = torch.tensor([0.1, 5.0, 0.1, 2.0])
    centre, axes = main_plane((cloud(4000, 4) * spread + 3).numpy())
    assert axes == pytest.approx(np.eye(4)[:, [1, 3]], abs=0.1)
    assert centre == pytest.approx(np.full(4, 3.0), abs=0.5)


def test_what_lies_outside_of_a_histogram_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the points within the window has a tenth of the area, and the legend says how many lie
    outside."""
    drawn: list[tuple[float, str]] = []
    hist = Axes.hist

    def watched(self: Axes, values: Any, edges: Any, **how: Any) -> Any:
        heights, places, bars = hist(self, values, edges, **how)
        drawn.append((float((heights * np.diff(places)).sum()), how["label"]))
        return heights, places, bars

    monkeypatch.setattr(Axes, "hist", watched)
    real = torch.rand(1000, 1)
    points_png(torch.cat([torch.rand(100, 1), torch.full((900, 1), 9.0)]), real, None)
    (all_real, of_real), (within, of_made) = drawn
    assert (all_real, of_real) == (pytest.approx(1), "real")
    assert (within, of_made) == (pytest.approx(0.1), "generated, 90% outside")
