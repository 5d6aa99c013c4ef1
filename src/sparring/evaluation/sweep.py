"""A sweep: quality against diversity, over the values of a setting that says how samples are made.

A figure of quality alone says nothing of texts, because a low temperature improves it at no cost that it
would see (Caccia et al. 2020, arXiv:1811.02549). What counts is the whole curve, and whose is better.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sparring.console import Stages
from sparring.data.dataset import Dataset
from sparring.data.truth import Axis
from sparring.errors import SettingError
from sparring.evaluation.enough import check_enough_samples
from sparring.evaluation.evaluate import evaluate_samples, figures_on
from sparring.evaluation.result import EstimatedFigure, short
from sparring.evaluation.runs import classes_as_in, own_figures
from sparring.loading import load_each
from sparring.model import Model
from sparring.runs.files import read_json, write_atomically
from sparring.runs.folder import Run
from sparring.runs.origins import recorded_dataset, recorded_system
from sparring.settings import Count, Natural, check_value
from sparring.table import Table

FORMAT = 1
FILE = "sweep.json"


@dataclass(frozen=True)
class Point:
    """What samples are at one value of the setting."""

    value: float
    quality: EstimatedFigure
    diversity: EstimatedFigure


@dataclass(frozen=True)
class Sweep:
    """What samples are at each value."""

    setting: str
    """Such as `temperature`."""
    quality: str
    """Name of the figure."""
    diversity: str
    """Name of the figure."""
    data: str
    """What was compared with."""
    count: int
    """Samples of each value."""
    step: int
    """Of the networks, which are the same for all values."""
    points: list[Point]
    contents: str = ""
    """Fingerprint of the data; empty where an older version did not write it."""
    format: int = FORMAT

    @property
    def axes(self) -> tuple[str, str, str]:
        """What must be equal for two curves to be drawn together, beside the contents of the data."""
        return self.quality, self.diversity, self.data

    def table(self) -> Table:
        """A table for people."""
        table = Table(title=f"{self.count} samples of each {self.setting}, against {self.data}")
        for column in (self.setting, self.quality, "95 % interval", self.diversity, "95 % interval"):
            table.add_column(column, justify="right")
        for point in self.points:
            cells = []
            for figure in (point.quality, point.diversity):
                cells += [short(figure.value), f"{short(figure.low)} – {short(figure.high)}"]
            table.add_row(f"{point.value:g}", *cells)
        real = (self.points[0].quality.reference, self.points[0].diversity.reference)
        table.add_row("real", short(real[0]), "", short(real[1]), "")
        return table

    def to_json(self) -> str:
        """As JSON text, which `read_sweep` reads."""
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"


def sweep(
    run: Run | Path | str, count: int = 2000, *, seed: int = 0, device: str = "auto", quiet: bool = False
) -> Sweep:
    """Say how good and how diverse samples are at every value of a setting such as the temperature.

    It is kept in the run as `sweep.json`, and drawn in its report.

    Args:
        run: the run or its folder.
        count: how many samples to draw at each value.
        seed: of the samples and resamples.
        device: where to generate them.
        quiet: do not say which value is being measured.

    Raises:
        SettingError: the system has no such setting, or no figures of both quality and diversity.
        SparringError: no such run, or its data cannot be loaded.
    """
    count, seed = check_value("count", count, Count), check_value("seed", seed, Natural)
    check_enough_samples(count)
    run = Run.open(run.path if isinstance(run, Run) else run)
    system = recorded_system(run)
    if not system.sampling:
        raise SettingError(
            f"{system.__name__} has no setting that only says how samples are made, such as a temperature: "
            "there is nothing to sweep."
        )
    setting, values = next(iter(system.sampling.items()))
    with Stages("Sweeping", quiet) as stages:
        stages("real examples")
        dataset = recorded_dataset(run)
        points = []
        models = load_each(run, [{setting: value} for value in values], device=device)
        for value, model in zip(values, models, strict=True):
            stages(f"{setting} {value:g}")
            names, point = _point(run.path.name, model, dataset, value, count, seed)
            points.append(point)
    assert model.step is not None, "a checkpoint says its step"
    found = Sweep(setting, *names, dataset.name, count, model.step, points, dataset.fingerprint)
    write_atomically(run.path / FILE, found.to_json().encode())
    return found


def _point(
    name: str, model: Model, dataset: Dataset, value: float, count: int, seed: int
) -> tuple[tuple[str, str], Point]:
    """The names of the two figures, and what they are at a value."""
    samples = model.sample(count, seed=seed, told=classes_as_in(dataset, count, model.condition))
    made, own = Dataset(name, samples.columns, samples.told), own_figures(model.game, dataset)
    quality, diversity = (figures_on(axis, made, dataset, own) for axis in (Axis.QUALITY, Axis.DIVERSITY))
    if not quality or not diversity:
        lacking = Axis.DIVERSITY if quality else Axis.QUALITY
        raise SettingError(f"There is no figure of the {lacking.value} of samples of '{dataset.name}'.")
    # What the truth behind the data and the system itself bring comes last, and says more.
    names = quality[-1], diversity[-1]
    figures = evaluate_samples(made, dataset, seed=seed, figures=names, own=own).figures
    return names, Point(value, *(figures[name] for name in names))


def read_sweep(run: Run) -> Sweep | None:
    """The sweep that a run keeps; None where there is none.

    Raises:
        RunError: it is damaged.
    """
    path = run.path / FILE
    if not path.is_file():
        return None
    facts: dict[str, Any] = read_json(path, Sweep)
    points = [
        Point(point["value"], EstimatedFigure(**point["quality"]), EstimatedFigure(**point["diversity"]))
        for point in facts["points"]
    ]
    return Sweep(**(facts | {"points": points}))
