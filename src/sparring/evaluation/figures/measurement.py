"""How a figure is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sparring.data.truth import Axis
from sparring.evaluation.bootstrap import Estimate
from sparring.evaluation.comparison import Comparison
from sparring.randomness import Randomness

Measure = Callable[[Comparison, Randomness], Estimate]
"""Measures the sample of a comparison; the noise is for resamples and for subsets."""


class Reference(Enum):
    """The real examples that take the place of the generated ones, to show what would be good."""

    TRAINING = "training examples"
    HELD_OUT = "held-out examples"
    """For what knows the training examples, such as a classifier."""
    UNSEEN = "examples that were never trained on"
    """For a search for copies, which finds all that was trained on; none where nothing was held out."""
    NONE = "none"
    """For a figure that is not of samples."""


def always(comparison: Comparison) -> bool:
    """Whether a figure applies that is of any examples."""
    return True


@dataclass(frozen=True)
class Measurement:
    """What a figure is."""

    measure: Measure
    about: str
    """What it is and which way is better, in one short line."""
    applies: Callable[[Comparison], bool] = always
    """Whether it means something of these examples."""
    reference: Reference = Reference.TRAINING
    axis: Axis | None = None
    """What it stands for in a sweep, if it does."""
