"""Mixtures of Gaussians, whose modes are known."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Points
from sparring.data.limits import LARGEST_TEXT
from sparring.data.provenance import Provenance
from sparring.data.truth import Mixture
from sparring.errors import DataError
from sparring.memory import require_memory
from sparring.opening import read_bounded
from sparring.randomness import Randomness

TRAINING_POINTS = 100_000
TEST_POINTS = 10_000
FINE = 32
"""Steps of rounding that a deviation has at least, for points to be spread as it says without a word."""
COPIES = 3
"""Of all numbers at a time while they are drawn: noise, scaled noise, centres."""


def ring(seed: int = 0) -> Dataset:
    """8 Gaussians of standard deviation 0.01 on a circle of radius 1.

    Geometry and number of training points of the "2D-ring" of Lin, Khetan, Fanti and Oh, "PacGAN", 2018
    (arXiv:1712.04086); see `draw` for the splits.
    """
    angles = torch.arange(8, dtype=torch.float64) * (2 * math.pi / 8)
    means = torch.stack([angles.cos(), angles.sin()], dim=1).float()
    return draw("ring", Mixture(means, 0.01), seed)


def grid(seed: int = 0) -> Dataset:
    """25 Gaussians of standard deviation 0.05 at {-4, -2, 0, 2, 4} x {-4, -2, 0, 2, 4}.

    Geometry and number of training points of the "2D-grid" of Lin, Khetan, Fanti and Oh, "PacGAN", 2018
    (arXiv:1712.04086); see `draw` for the splits.
    """
    steps = torch.arange(-4.0, 5.0, 2.0)
    return draw("grid", Mixture(torch.cartesian_prod(steps, steps), 0.05), seed)


def read_mixture(path: Path, seed: int = 0) -> Dataset:
    """A mixture of one's own: JSON such as `{"means": [[0, 0], [1, 1]], "deviation": 0.1}`.

    Args:
        path: the file; `means` lists the centres, all of the same dimension (1 or more), and `deviation` is
            the standard deviation of every mode in every direction.
        seed: see `draw`.

    Raises:
        DataError: the file cannot be read, is not JSON, or does not describe a mixture.
    """
    mixture = _mixture(path)
    numbers = COPIES * (TRAINING_POINTS + TEST_POINTS) * mixture.means.shape[1]
    require_memory(numbers * 4, f"A mixture of {mixture.means.shape[1]:,} dimensions")
    provenance = Provenance(hints=_rounding(path, mixture))
    return replace(draw(f"mixture:{path}", mixture, seed), provenance=provenance)


def draw(name: str, mixture: Mixture, seed: int = 0) -> Dataset:
    """100 000 training points and 10 000 test points, float32, drawn evenly at random from the modes.

    The two splits are drawn independently, and are the same each time for the same seed.
    """
    chance = Randomness(seed).child("mixture")
    held_out = Dataset(name, _points(mixture, TEST_POINTS, chance.child("test")), truth=mixture)
    training = _points(mixture, TRAINING_POINTS, chance.child("training"))
    return Dataset(name, training, held_out=held_out, truth=mixture)


def _points(mixture: Mixture, count: int, chance: Randomness) -> Column:
    modes, dimensions = mixture.means.shape
    centres = mixture.means[chance.integers(count, modes)]
    return Column(Points((dimensions,)), centres + mixture.deviation * chance.normal(count, dimensions))


def _mixture(path: Path) -> Mixture:
    form = '{"means": [[0, 0], [1, 1]], "deviation": 0.1}'
    try:
        value = json.loads(read_bounded(path, LARGEST_TEXT, follow=True))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error}); write {form}.") from error
    if not isinstance(value, dict) or set(value) != {"means", "deviation"}:
        found = f"the keys {sorted(value)}" if isinstance(value, dict) else "no object"
        raise DataError(f"{path} holds {found}; write exactly 'means' and 'deviation', as in {form}.")
    means, deviation = value["means"], value["deviation"]
    if not _is_matrix(means):
        raise DataError(f"'means' in {path} must be a list of points of the same dimension, as in {form}.")
    ((point, times),) = Counter(map(tuple, means)).most_common(1)
    if times > 1:
        raise DataError(
            f"'means' in {path} has {list(point)} {times} times: give every mode a place of its own."
        )
    if not _is_number(deviation) or not deviation > 0:
        raise DataError(f"'deviation' in {path} is {deviation!r}; give a number above 0.")
    return Mixture(torch.tensor(means, dtype=torch.float32), float(deviation))


def _rounding(path: Path, mixture: Mixture) -> tuple[str, ...]:
    """That points of 32 bits lie otherwise than the modes are described.

    Raises:
        DataError: modes are the same place, or all of a mode is.
    """
    if len(mixture.means.unique(dim=0)) < len(mixture.means):
        raise DataError(
            f"'means' in {path} has several at the same place in numbers of 32 bits: subtract what they "
            "have in common."
        )
    furthest = mixture.means.abs().max()
    step = torch.nextafter(furthest, torch.tensor(torch.inf)).sub(furthest).item()
    said = (
        f"'deviation' in {path} is {mixture.deviation:g}, and numbers as large as {furthest:g} are rounded "
        f"to steps of {step:g} in 32 bits: subtract what the means have in common, or give a deviation of "
        f"at least {FINE * step:.2g}."
    )
    if mixture.deviation < step:
        raise DataError(said)
    return (said,) if mixture.deviation < FINE * step else ()


def _is_matrix(value: Any) -> bool:
    """Whether this is a non-empty list of equally long, non-empty lists of numbers."""
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        return False
    lengths = {len(row) for row in value}
    return len(lengths) == 1 and 0 not in lengths and all(_is_number(entry) for row in value for entry in row)


def _is_number(value: Any) -> bool:
    """Whether this is a number that float32 can hold; true and false are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= torch.finfo(torch.float32).max
