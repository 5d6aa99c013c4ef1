"""How good a classifier is: its error, and whether its probabilities can be relied on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor
from torchmetrics.functional.classification import multiclass_calibration_error

from sparring.classifying.classifier import Classified, classifier_of
from sparring.classifying.tables import ClassTables
from sparring.data.dataset import Dataset
from sparring.evaluation.bootstrap import Estimate, of_mean, of_statistic
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.game import Game
from sparring.randomness import Randomness

BINS = 15
"""Of the certainty, for the calibration error."""
RESAMPLES = 50


def error(said: Classified, classes: Tensor, randomness: Randomness) -> Estimate:
    """The share of examples that are misnamed."""
    return of_mean(said.numbers != classes, randomness)


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


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier says of held-out examples, beside what they are."""

    said: Classified
    classes: Tensor
    """Int64 (count,)."""
    unseen: slice
    """The examples that its temperature was not fitted on: it says nothing of how good it is on others."""

    def figures(self) -> dict[str, Measurement]:
        """Its error, and how far its certainty can be relied on."""
        return {
            "test error": Measurement(
                lambda comparison, randomness: error(self.said, self.classes, randomness),
                "share of held-out examples whose class is misnamed; lower is better",
                reference=Reference.NONE,
            ),
            "calibration error": Measurement(
                lambda comparison, randomness: calibration_error(
                    self.said[self.unseen], self.classes[self.unseen], randomness
                ),
                "how far its certainty is from how often it is right; lower is better",
                reference=Reference.NONE,
            ),
        }

    def tables(self) -> ClassTables:
        """What it takes for what, and how often it is right where it is so sure."""
        return ClassTables.of(self.said, self.classes, self.unseen)


def judged(game: Game, dataset: Dataset) -> Judged | None:
    """The classifier that a game holds, of held-out examples; None where it holds none, or of one class.

    Args:
        game: in evaluation mode.
        dataset: its data, in its range.
    """
    held_out = dataset.held_out
    if held_out is None or held_out.condition.kind != game.data.condition or game.data.classes < 2:
        return None
    if game.class_logits(held_out[:2].examples.encoded().to(game.random.device)) is None:
        return None
    said = classifier_of(game, lambda: dataset)(held_out.examples.values)
    unseen = slice(None) if game.validation() is not None else slice(1, None, 2)
    return Judged(said, held_out.condition.values, unseen)
