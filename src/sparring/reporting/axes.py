"""An axis of a chart: where numbers stand on it, which of them are written beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

SMALLEST = 1e-290
"""Differences below it, which a float could not divide, are none."""
SQUASHED = 0.05
"""Numbers of which more than half lie within this share of the range, at its lower end, are drawn on a
logarithmic axis."""
FEW = 3
"""So few numbers always have a linear axis."""


@dataclass(frozen=True)
class Axis:
    """Where numbers from `low` to `high` stand between `start` and `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def of(cls, numbers: Sequence[float], start: float, end: float) -> Self:
        """An axis on which some numbers have room."""
        low, high = min(numbers), max(numbers)
        if high - low <= max(SMALLEST, 1e-9 * max(abs(low), abs(high))):
            margin = 0.5 * abs(high) if abs(high) > SMALLEST else 0.5
            low, high = low - margin, high + margin
        return cls(low, high, start, end)

    def place(self, number: float) -> float:
        """Where a number stands."""
        return self.start + (number - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int) -> list[tuple[float, str]]:
        """Round numbers within the range, each with its text."""
        rough = (self.high - self.low) / about
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(number * step, tick_text(number * step, step)) for number in range(first, last + 1)]


@dataclass(frozen=True)
class LogAxis(Axis):
    """An axis of positive numbers on which equal ratios are equally long."""

    def place(self, number: float) -> float:
        """Where a number stands."""
        # The ratio itself may be beyond what a float holds.
        low, high = math.log(self.low), math.log(self.high)
        share = (math.log(number) - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int) -> list[tuple[float, str]]:
        """Powers of ten within the range, or so many of these that they have room."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        apart = max(1, math.ceil((last - first) / about))
        numbers = [10.0**power for power in range(first, last + 1, apart)]
        return [(number, tick_text(number, number)) for number in numbers]


def fitting_axis(numbers: Sequence[float], start: float, end: float) -> Axis:
    """A logarithmic axis where a linear one would press most of the numbers into its lower end."""
    if len(numbers) > FEW and is_squashed(numbers):
        return LogAxis.of(numbers, start, end)
    return Axis.of(numbers, start, end)


def is_squashed(numbers: Sequence[float]) -> bool:
    """Whether positive numbers differ by so much that most could not be told apart on a linear axis."""
    low, high = min(numbers), max(numbers)
    return low > SMALLEST and median(numbers) - low < SQUASHED * (high - low) and high >= 10 * low


def tick_text(number: float, step: float) -> str:
    """A number on an axis, in no more digits than the distance of its neighbours asks for."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size <= abs(number) < 1e3 * size:
            return f"{number / size:.6g}{letter}"
    if number and (abs(number) >= 1e12 or step < 1e-4):
        return f"{number:.3g}"
    return f"{number:.{decimals(step)}f}" if number else "0"


def decimals(step: float) -> int:
    """Digits behind the point that multiples of a round number need."""
    return next((digits for digits in range(12) if math.isclose(round(step, digits), step)), 12)
