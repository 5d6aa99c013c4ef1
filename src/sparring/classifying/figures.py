"""How good a classifier is: its error, and whether its probabilities can be relied on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torchmetrics.functional.classification import multiclass_calibration_error

from sparring.classifying.classifier import Classified, classifier_of, halves
from sparring.classifying.tables import ClassTables
from sparring.data.dataset import Dataset
from sparring.evaluation.bootstrap import Estimate, of_mean, of_statistic
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.game import Game
from sparring.randomness import Randomness

BINS = 15
"""Of the certainty, for the calibration error."""
RESAMPLES = 50
DRAWS = 100
"""Of classes, for what chance alone makes of the calibration error."""


def error(said: Classified, classes: Tensor, randomness: Randomness) -> Estimate:
    """The share of examples that are misnamed."""
    return of_mean(said.numbers != classes, randomness)


def calibration_error(said: Classified, classes: Tensor, randomness: Randomness) -> Estimate:
    """How far the certainty of what is said is from how often it is right, on average.

    The expected calibration error of Guo et al. 2017 (arXiv:1706.04599, section 2), over 15 bins.
    """

    found = of_statistic(
        lambda chosen: _calibration_error(said[chosen], classes[chosen]), len(classes), randomness, RESAMPLES
    )
    return replace(found, low=max(0.0, found.low))


def calibration_error_by_chance(said: Classified, randomness: Randomness) -> Estimate:
    """The calibration error that what is said would have if it were exactly as often right as it is certain:
    the mean where classes are drawn by its probabilities, and where 95 % of such draws lie.

    Of few examples it is far from 0, for in a bin of few not just so many are right.
    """
    drawn = (
        torch.multinomial(said.probabilities, 1, generator=randomness.generator)[:, 0] for _ in range(DRAWS)
    )
    errors = torch.tensor([_calibration_error(said, classes) for classes in drawn], dtype=torch.float64)
    low, high = errors.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(errors.mean().item(), low, high)


def _calibration_error(said: Classified, classes: Tensor) -> float:
    return multiclass_calibration_error(said.probabilities, classes, said.kind.classes, n_bins=BINS).item()


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier says of held-out examples, beside what they are."""

    said: Classified
    classes: Tensor
    """Int64 (count,)."""
    unseen: Tensor
    """Places of the examples that its temperature was not fitted on: it says nothing of how good it is on
    others."""

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
            "calibration error by chance": Measurement(
                lambda comparison, randomness: calibration_error_by_chance(
                    self.said[self.unseen], randomness
                ),
                "what that would be of as many if its certainty were exact; neither is better",
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
    classes = held_out.condition.values
    unseen = torch.arange(len(classes)) if game.validation() is not None else halves(classes)[1]
    return Judged(said, classes, unseen)
