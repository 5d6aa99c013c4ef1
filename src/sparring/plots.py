"""Plots: points over a density, curves of the history."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sparring.reporting.text import as_number
from sparring.shown import visible_line

Array = NDArray[Any]


BINS = 120
"""Bins of a density along each axis."""
MOST_FOR_AXES = 1000
"""Real points that decide which plane of more than two dimensions is drawn."""
GENERATED, REAL_MODES = "tab:orange", "tab:blue"


def points_png(points: Tensor, real: Tensor, centres: Tensor | None) -> bytes:
    """A PNG of generated points over the density of the real ones.

    Points of one dimension are two histograms; those of more than two are seen in the plane in which the real
    ones spread most (their first two principal axes).

    Args:
        points: generated, (count, dimensions).
        real: likewise.
        centres: of the modes, (modes, dimensions), where they are known.
    """
    made, data = (part.detach().cpu().numpy() for part in (points, real))
    modes = np.empty((0, data.shape[1])) if centres is None else centres.cpu().numpy()
    if data.shape[1] == 1:
        return _histograms_png(made[:, 0], data[:, 0], modes[:, 0])
    title = "generated points over the real density"
    if data.shape[1] > 2:
        centre, axes = main_plane(data)
        made, data, modes = ((part - centre) @ axes for part in (made, data, modes))
        title += ",\nin the plane in which real ones spread most"
    return _scatter_png(made, data, modes, title)


def _histograms_png(points: Array, real: Array, modes: Array) -> bytes:
    figure = _figure(6, 4)
    axes = figure.add_subplot()
    edges = np.linspace(*_window(real), BINS + 1)
    width = edges[1] - edges[0]
    # Each as a share of all, also of those that lie outside.
    for values, label, looks in (
        (real, "real", {"color": "0.75"}),
        (points, "generated", {"histtype": "step", "color": GENERATED}),
    ):
        outside = np.mean((values < edges[0]) | (values > edges[-1]))
        said = label if not outside else f"{label}, {max(outside, 0.01):.0%} outside"
        axes.hist(values, edges, weights=np.full(len(values), 1 / (len(values) * width)), label=said, **looks)
    for place, mode in enumerate(modes):
        axes.axvline(mode, color=REAL_MODES, lw=0.8, ls=":", label=None if place else "modes")
    axes.set(xlim=(edges[0], edges[-1]), ylabel="density", title="generated points over the real density")
    axes.legend(fontsize=8, loc="upper right")
    return _figure_png(figure)


def _scatter_png(points: Array, real: Array, modes: Array, title: str) -> bytes:
    figure = _figure(5, 5)
    axes = figure.add_subplot()
    margin = max(_margin(column) for column in real.T)
    window = [_window(column, margin) for column in real.T]
    density, xs, ys = np.histogram2d(real[:, 0], real[:, 1], bins=BINS, range=window)
    axes.pcolormesh(xs, ys, np.sqrt(density.T), cmap="Greys", vmax=1.6 * np.sqrt(density.max()))
    if len(modes):
        axes.scatter(*modes.T, s=160, facecolors="none", edgecolors=REAL_MODES, lw=0.8)
    axes.scatter(*points.T, s=3, color=GENERATED, alpha=0.6, lw=0)
    axes.set(xlim=window[0], ylim=window[1], aspect="equal", title=title)
    return _figure_png(figure)


def _margin(values: Array) -> float:
    """What is shown on either side of some values: a quarter of their range, or 1 where all are the same."""
    return 0.25 * float(values.max() - values.min()) or 1.0


def _window(values: Array, margin: float | None = None) -> tuple[float, float]:
    """The stretch of an axis on which values are shown."""
    around = _margin(values) if margin is None else margin
    return float(values.min()) - around, float(values.max()) + around


def main_plane(real: Array) -> tuple[Array, Array]:
    """The mean of points and their first two principal axes, (dimensions, 2), the largest entry positive."""
    some = real[:: -(-len(real) // MOST_FOR_AXES)].astype(np.float64)
    centre = some.mean(0)
    # Where points do not spread at all, as one alone does not, their first two coordinates are as good.
    otherwise = 1e-9 * np.eye(2, some.shape[1])
    axes = np.linalg.svd(np.concatenate([some - centre, otherwise]), full_matrices=False)[2][:2].T
    largest = axes[np.abs(axes).argmax(0), range(axes.shape[1])]
    return centre, axes * np.sign(largest)


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
            # A file may hold something else in the place of a number.
            seen = [(row["step"], value) for row in rows if (value := as_number(row.get(column))) is not None]
            steps, values = zip(*seen, strict=True) if seen else ((), ())
            axes.plot(steps, values, lw=1, label=_label(column.rpartition("/")[0]))
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
