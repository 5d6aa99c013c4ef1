"""How good a classifier is: its error, what it takes for what, whether its probabilities can be relied on."""

from __future__ import annotations

from dataclasses import replace

from rich.table import Table
from torch import Tensor
from torchmetrics.functional.classification import multiclass_calibration_error, multiclass_confusion_matrix

from sparring.classifying.classifier import Classified, classifier_of
from sparring.data.dataset import Dataset
from sparring.evaluation.bootstrap import Estimate, of_mean, of_statistic
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.game import Game
from sparring.randomness import Randomness

BINS = 15
"""Of the certainty, for the calibration error."""
RESAMPLES = 50
MOST_SHOWN = 20
"""Classes in a table of confusions at the most."""


def error(said: Classified, classes: Tensor, randomness: Randomness) -> Estimate:
    """The share of examples that are misnamed."""
    return of_mean((said.numbers != classes).double(), randomness)


def calibration_error(said: Classified, classes: Tensor, randomness: Randomness) -> Estimate:
    """How far the certainty of what is said is from how often it is right, on average.

    The expected calibration error of Guo et al. 2017 (arXiv:1706.04599, section 2), over 15 bins.
    """

    def of(chosen: Tensor) -> float:
        probabilities = said.probabilities[chosen]
        return multiclass_calibration_error(
            probabilities, classes[chosen], said.kind.classes, n_bins=BINS
        ).item()

    found = of_statistic(of, len(classes), randomness, RESAMPLES)
    return replace(found, low=max(0.0, found.low))


def confusion_table(said: Classified, classes: Tensor) -> Table | None:
    """How often each class is taken for each other; None where there are too many classes to show."""
    kind = said.kind
    if kind.classes > MOST_SHOWN:
        return None
    counts = multiclass_confusion_matrix(said.numbers, classes, kind.classes)
    table = Table(title="what is taken for what")
    table.add_column("is \\ is called")
    for name in kind.class_names:
        table.add_column(name, justify="right")
    for name, row in zip(kind.class_names, counts.tolist(), strict=True):
        table.add_row(name, *(f"{count:,}" if count else "" for count in row))
    return table


def measured(game: Game, dataset: Dataset) -> dict[str, Measurement]:
    """The figures of the classifier that a game holds, of held-out examples; none where it holds none.

    Args:
        game: in evaluation mode.
        dataset: its data, in its range.
    """
    held_out = dataset.held_out
    if held_out is None or held_out.condition.kind != game.data.condition or not game.data.classes:
        return {}
    if game.class_logits(held_out[:2].examples.encoded().to(game.random.device)) is None:
        return {}
    said, classes = classifier_of(game, lambda: dataset)(held_out.examples.values), held_out.condition.values
    # What the temperature was fitted on says nothing of how good it is.
    unseen = slice(None) if game.validation() is not None else slice(1, None, 2)
    return {
        "test error": Measurement(
            lambda comparison, randomness: error(said, classes, randomness),
            "share of held-out examples whose class is misnamed; lower is better",
            reference=Reference.NONE,
        ),
        "calibration error": Measurement(
            lambda comparison, randomness: calibration_error(said[unseen], classes[unseen], randomness),
            "how far its certainty is from how often it is right; lower is better",
            reference=Reference.NONE,
        ),
    }
