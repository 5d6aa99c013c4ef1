"""Figures that come with a game or with the truth behind the data, as measurements like all others."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from sparring.data.truth import Figure, Truth
from sparring.errors import DataError
from sparring.evaluation.bootstrap import Estimate, of_mean
from sparring.evaluation.comparison import Comparison
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.randomness import Randomness
from sparring.shown import counted


def of_truth(truth: Truth) -> dict[str, Measurement]:
    """The figures of samples that a truth brings; their reference is of held-out examples."""
    return {name: _of_samples(name, figure) for name, figure in truth.figures().items()}


def of_game(numbers: Mapping[str, Tensor], figures: Mapping[str, Figure]) -> dict[str, Measurement]:
    """The figures of held-out examples that a game brings; they have no reference.

    Args:
        numbers: what was measured of each example, (count,), by the name of the figure.
        figures: the game's figures.
    """
    return {
        name: _of_numbers(name, numbers[name], figure) for name, figure in figures.items() if name in numbers
    }


def _of_samples(name: str, figure: Figure) -> Measurement:
    def measure(comparison: Comparison, randomness: Randomness) -> Estimate:
        return of_mean(_finite(name, figure.measure(comparison.sample.values.values)), randomness)

    return Measurement(measure, figure.about, reference=Reference.HELD_OUT, axis=figure.axis)


def _of_numbers(name: str, numbers: Tensor, figure: Figure) -> Measurement:
    def measure(comparison: Comparison, randomness: Randomness) -> Estimate:
        return of_mean(_finite(name, numbers), randomness)

    return Measurement(measure, figure.about, reference=Reference.NONE, axis=figure.axis)


def _finite(name: str, numbers: Tensor) -> Tensor:
    wrong = int((~numbers.isfinite()).sum())
    if wrong:
        raise DataError(
            f"The figure '{name}' is not a finite number for {wrong} of {counted(len(numbers), 'example')} "
            "and so has no mean: bound it where it is computed."
        )
    return numbers
