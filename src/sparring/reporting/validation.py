"""What a run comes to at its end, and where its validation error was least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

VALIDATION = "figure/validation error"
"""The column by which a moment may be chosen without looking at those of the test."""
TEST = "figure/test "
"""How the columns begin that hold what is tested."""


def at_the_best_validation(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The test figures of the last epoch, and of the first whose validation error is least, in a sentence.

    Args:
        rows: of a history; None is given where no epoch has both.
    """
    tested = [row for row in rows if row.get("kind") == "epoch" and _number(row, VALIDATION) is not None]
    if not tested:
        return None
    last, best = tested[-1], min(tested, key=lambda row: float(row[VALIDATION]))
    clauses = [
        f"{name.removeprefix('figure/')} {last[name]:.4g} at the end (epoch {last['epoch']:g}) and "
        f"{best[name]:.4g} where the validation error was least (epoch {best['epoch']:g}, "
        f"{best[VALIDATION]:.4g})"
        for name in last
        if name.startswith(TEST) and _number(last, name) is not None and _number(best, name) is not None
    ]
    return "; ".join(clauses) + "." if clauses else None


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None
