"""Means of named numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparring.game import Number

Values = dict[str, float]
"""Named numbers that have been read."""


class Meter:
    """Means of named numbers since the last reset, summed in double precision."""

    def __init__(self) -> None:
        self.sums: dict[str, tuple[Number, int]] = {}

    def add(self, values: Mapping[str, Number], weight: int = 1) -> None:
        """Count each number `weight` times."""
        for name, value in values.items():
            total, count = self.sums.get(name, (0.0, 0))
            self.sums[name] = (total + value * weight, count + weight)

    def means(self) -> Values:
        """The means so far."""
        return {name: float(total) / count for name, (total, count) in self.sums.items()}

    def reset(self) -> Values:
        """The means so far; then start anew."""
        means = self.means()
        self.sums = {}
        return means

    def state(self) -> dict[str, Any]:
        """The sums so far."""
        return {name: [float(total), count] for name, (total, count) in self.sums.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from sums."""
        self.sums = {name: (total, count) for name, (total, count) in state.items()}
