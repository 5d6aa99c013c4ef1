"""Records of runs, a line of JSON for each, and the part of a page that follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sparring.reporting.statistics import Spread, share_over_seeds

Line = Mapping[str, Any]
"""What is recorded of a run."""
BEGIN, END = "<!-- written by a script: begin -->\n", "<!-- written by a script: end -->\n"


def read(record: Path) -> list[dict[str, Any]]:
    """What has been recorded, nothing at first."""
    return [json.loads(line) for line in record.read_text().splitlines()] if record.is_file() else []


def append(record: Path, line: Line) -> None:
    """Record a run."""
    with record.open("a") as file:
        file.write(json.dumps(line) + "\n")


def rewritten(page: str, part: str) -> str:
    """A page whose written part is another."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + part + END + after


def write(page: Path, record: Path, table: Callable[[Sequence[Line]], str]) -> None:
    """Write what follows from a record into its page."""
    page.write_text(rewritten(page.read_text(), table(read(record)) or "Not run yet.\n"))


def published(figure: str, short: str) -> str:
    """A published figure as tables have it, with what a run beside it lacks of the published length."""
    return f"{figure}; {short}: short" if short else figure


def interval(spread: Spread, form: str) -> str:
    """A mean with its interval, if it has one, in a format such as `.3g`."""
    if spread.low is None or spread.high is None:
        return f"{spread.value:{form}}"
    return f"{spread.value:{form}} [{spread.low:{form}}, {spread.high:{form}}]"


def percent(shares: Sequence[float], form: str) -> str:
    """The mean of shares over seeds with its interval, which never leaves 0 to 100, in percent."""
    spread = share_over_seeds(shares)
    ends = (None if end is None else 100 * end for end in (spread.low, spread.high))
    return interval(Spread(100 * spread.value, *ends), form)
