"""The picture of samples in equal time: a row of each system, the best by FID first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from sparring.loading import load
from sparring.runs.folder import Run

COUNT = 20
"""Samples in a row."""


def keep(run: Run | Path, path: Path) -> None:
    """Write a row of samples of a run, not picked."""
    images = load(run).sample(COUNT, seed=0).examples
    row = images[:, 0].permute(1, 0, 2).flatten(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(row.numpy()).save(path)


def draw(rows: Mapping[str, Path], path: Path) -> None:
    """All rows, each with what is said of it.

    Args:
        rows: the file of each, by what is written before it.
        path: of the picture.
    """
    if not rows:
        return
    figure = Figure(figsize=(9, 0.42 * len(rows)))
    panels = figure.subplots(len(rows), squeeze=False)[:, 0]
    for axes, (said, row) in zip(panels, rows.items(), strict=True):
        axes.imshow(Image.open(row), cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.text(-0.01, 0.5, said, transform=axes.transAxes, ha="right", va="center", fontsize=9)
    figure.subplots_adjust(left=0.13, right=0.995, top=0.99, bottom=0.01, hspace=0.08)
    figure.savefig(path, dpi=110)
