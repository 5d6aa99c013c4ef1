"""Plots: points over a density, curves of the history."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from torch import Tensor

from sparring.shown import visible_line


def points_png(points: Tensor, real: Tensor, centres: Tensor | None) -> bytes:
    """A PNG of generated points over the density of the real ones (their first two dimensions).

    Args:
        points: generated, (count, dimensions).
        real: likewise.
        centres: of the modes, (modes, dimensions), where they are known.
    """
    figure = _figure(5, 5)
    axes = figure.add_subplot()
    shown = real[:, :2].cpu().numpy()
    low, high = shown.min(0), shown.max(0)
    margin = 0.25 * (high - low).max()
    window = [[low[0] - margin, high[0] + margin], [low[1] - margin, high[1] + margin]]
    density, xs, ys = np.histogram2d(shown[:, 0], shown[:, 1], bins=120, range=window)
    axes.pcolormesh(xs, ys, np.sqrt(density.T), cmap="Greys", vmax=1.6 * np.sqrt(density.max()))
    if centres is not None:
        axes.scatter(*centres[:, :2].T.numpy(), s=160, facecolors="none", edgecolors="tab:blue", lw=0.8)
    axes.scatter(*points[:, :2].T.cpu().numpy(), s=3, color="tab:orange", alpha=0.6, lw=0)
    axes.set(xlim=window[0], ylim=window[1], aspect="equal", title="generated points over the real density")
    return _figure_png(figure)


def curves_png(history: list[dict[str, Any]]) -> bytes:
    """A PNG of the history: one panel for each name of a term, one curve for each player."""
    rows = [row for row in history if row.get("kind") == "steps"]
    columns = [name for name in (rows[0] if rows else {}) if "/" in name]
    panels: dict[str, list[str]] = {}
    for column in columns:
        panels.setdefault(column.rpartition("/")[2], []).append(column)
    across = min(3, max(1, len(panels)))
    down = -(-max(1, len(panels)) // across)
    figure = _figure(4.2 * across, 2.8 * down)
    for place, (term, members) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(down, across, place)
        for column in members:
            seen = [(row["step"], row[column]) for row in rows if column in row]
            axes.plot(*zip(*seen, strict=True), lw=1, label=_label(column.rpartition("/")[0]))
        axes.set_title(_label(term.replace("_", " ")), fontsize=9, parse_math=False)
        axes.tick_params(labelsize=7)
        for text in axes.legend(fontsize=7).get_texts():
            text.set_parse_math(False)
        axes.grid(alpha=0.3)
    return _figure_png(figure)


def _label(name: str) -> str:
    """A name as a plain text: matplotlib leaves out what begins with an underscore."""
    return visible_line(f" {name}" if name.startswith("_") else name)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _figure_png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
