"""Classify pictures with a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from sparring.classifying.classifier import Classified
from sparring.classifying.figures import calibration_error, calibration_error_by_chance, error
from sparring.classifying.pictures import Pictures, read_pictures
from sparring.classifying.tables import ClassTables
from sparring.data.colours import background_of
from sparring.data.copies import count_among
from sparring.data.dataset import Column
from sparring.data.unlabelled import with_unlabelled
from sparring.errors import SparringError
from sparring.loading import load
from sparring.model import Model
from sparring.randomness import Randomness
from sparring.runs.folder import Run
from sparring.table import Table


@dataclass(frozen=True, eq=False)
class Classification:
    """The classes of some pictures."""

    pictures: Pictures
    said: Classified
    fitted: str
    """What the temperature of the probabilities was fitted on, in words."""
    trained_on: int = 0
    """How many of the pictures the run was trained on; counted where their classes are known."""

    def csv(self) -> str:
        """A line for each picture: its name, class and probability, and the probabilities of all classes."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["picture", "class", "probability", *self.said.kind.class_names])
        for name, label, row in self._rows():
            writer.writerow([name, label, f"{max(row):.4f}", *(f"{value:.4f}" for value in row)])
        return text.getvalue()

    def lines(self) -> list[str]:
        """A line for each picture, and what the probabilities were fitted on."""
        lines = [f"{name}: {label} ({max(row):.1%})" for name, label, row in self._rows()]
        return [*lines, f"Probabilities are fitted on {self.fitted}."]

    def judged(self) -> str | None:
        """The error and the calibration error, with intervals, and what chance alone makes of the second;
        None where the classes are unknown."""
        classes = self.pictures.classes
        if classes is None:
            return None
        wrong = error(self.said, classes, Randomness(0))
        off = calibration_error(self.said, classes, Randomness(0))
        chance = calibration_error_by_chance(self.said, Randomness(0))
        return (
            f"{wrong.value:.2%} of {len(classes):,} are misnamed (95 % interval {wrong.low:.2%} to "
            f"{wrong.high:.2%}); calibration error {off.value:.2%} ({off.low:.2%} to {off.high:.2%}; "
            f"by chance {chance.low:.2%} to {chance.high:.2%}).{self._seen()}"
        )

    def _seen(self) -> str:
        """What is to be said of pictures that were trained on."""
        if not self.trained_on:
            return ""
        share = "All" if self.trained_on == len(self.pictures.names) else f"{self.trained_on:,}"
        return f" {share} of them were trained on, so that this says little of others."

    def tables(self) -> list[Table]:
        """Where the classes are known: what is taken for what, and how often it is right where so sure."""
        classes = self.pictures.classes
        return [] if classes is None else ClassTables.of(self.said, classes).tables()

    def _rows(self) -> list[tuple[str, str, list[float]]]:
        names = self.said.kind.class_names
        labels = [names[number] for number in self.said.numbers.tolist()]
        return list(zip(self.pictures.names, labels, self.said.probabilities.tolist(), strict=True))


def classify(
    run: Run | Path | str, pictures: Sequence[Path | str], *, epoch: int | None = None, device: str = "auto"
) -> Classification:
    """Name the class of pictures with a run whose critic tells classes apart, such as improved-gan or acgan.

    Args:
        run: the run or its folder.
        pictures: image files, folders of them, and .npz files with `images` or `points`. Where the classes
            are known (folders that are called like them, or labels), the error is said as well. What is
            transparent is put on the background that nearly all images of the run's data have, or on white.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to compute: auto, cpu, cuda ...

    Raises:
        SparringError: no such run, one that tells no classes apart, or pictures that cannot be read.
    """
    opened = Run.open(run.path if isinstance(run, Run) else run)
    model = load(opened, epoch, device)
    classifier = model.classifier
    read = read_pictures(
        list(pictures),
        model.game.data,
        {**opened.description["data"], "white": model.white},
        lambda: background_of(model.data.examples.values),
    )
    seen = 0 if read.classes is None else _trained_on(model, read.examples)
    return Classification(read, classifier(read.examples), classifier.fitted, seen)


def _trained_on(model: Model, examples: Tensor) -> int:
    """How many examples are in the data of a run, exactly; 0 where that cannot be read, as is said of what
    the probabilities are fitted on."""
    try:
        dataset = with_unlabelled(model.data)
    except SparringError:
        return 0
    return count_among(Column(dataset.examples.kind, examples), dataset.examples)
