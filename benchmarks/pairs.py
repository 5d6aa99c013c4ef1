"""Two pieces of work, or processes, timed against each other on a machine that does other things as well."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable


class Other:
    """A process that plays as many rounds as it is told, one line for each block.

    Args:
        command: what it runs.
        quiet: whether what it complains of is left out.
    """

    def __init__(self, *command: str, quiet: bool = False) -> None:
        errors = subprocess.DEVNULL if quiet else None
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True)

    def answer(self) -> list[float]:
        """The numbers of its next line."""
        assert self.process.stdout is not None
        return [float(word) for word in self.process.stdout.readline().split()]

    def block(self, rounds: int) -> list[float]:
        """What it says of so many rounds."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{rounds}\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self) -> None:
        """Let it go."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


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
