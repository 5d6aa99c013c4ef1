"""Two pieces of work timed against each other on a machine that does other things as well."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def ratios(ours: Callable[[], None], other: Callable[[], None], pairs: int) -> list[float]:
    """Time of `ours` over that of `other`, for so many pairs of calls in turn."""
    found = []
    for pair in range(pairs):
        seconds = {}
        # Whoever comes second may find warmer caches: they change places.
        for work in (ours, other) if pair % 2 else (other, ours):
            began = time.perf_counter()
            work()
            seconds[work] = time.perf_counter() - began
        found.append(seconds[ours] / seconds[other])
    return found


def summary(found: list[float]) -> str:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(found, n=4)
    return f"{middle:.3f} (quartiles {low:.3f} and {high:.3f})"
