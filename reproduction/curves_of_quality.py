"""The picture of time to quality: FID against seconds of training, a curve for each system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kept_lines import Line
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from sparring.reporting.statistics import geometric_mean_over_seeds


def draw(lines: Sequence[Line], names: Sequence[str], path: Path) -> None:
    """Geometric means over seeds of FID, with Student's 95 % intervals shaded; both axes logarithmic."""
    names = [name for name in names if any(line["name"] == name for line in lines)]
    if not names:
        return
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="seconds of training", ylabel="FID")
    for number, name in enumerate(names):
        # Of each run the last point at a mark: it may end there.
        runs = [{point["mark"]: point for point in line["points"]} for line in lines if line["name"] == name]
        marks = sorted({mark for run in runs for mark in run})
        curve = [mean([run[mark] for run in runs if mark in run]) for mark in marks]
        seconds, middle, low, high = zip(*curve, strict=True)
        style = {"color": f"C{number % 10}", "linestyle": "-" if number < 10 else "--"}
        axes.plot(seconds, middle, marker=".", label=name, **style)
        axes.fill_between(seconds, low, high, alpha=0.15, color=style["color"], linewidth=0)
    axes.set_xticks([7, 14, 28, 56, 112, 180])
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small", frameon=False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)


def mean(together: Sequence[Line]) -> tuple[float, float, float, float]:
    """Mean seconds, and the geometric mean of FID with its interval."""
    fid = geometric_mean_over_seeds([each["fid"] for each in together])
    low, high = (fid.value, fid.value) if fid.low is None or fid.high is None else (fid.low, fid.high)
    return sum(each["seconds"] for each in together) / len(together), fid.value, low, high
