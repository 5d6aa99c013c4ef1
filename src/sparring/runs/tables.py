"""A history as a table, for other programs."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sparring.errors import SettingError, nearest
from sparring.runs.files import write_atomically

KINDS = ("steps", "epoch", "health", "finding")
"""The kinds of rows."""

Rows = Sequence[Mapping[str, Any]]


def rows_of(history: Rows, kind: str | None) -> Rows:
    """The rows of a kind, or all of them.

    Raises:
        SettingError: there is no such kind.
    """
    if kind is None:
        return history
    if kind not in KINDS:
        raise SettingError(
            f"A history has no rows of kind '{kind}'; it has {', '.join(KINDS)}.{nearest(kind, KINDS)}"
        )
    return [row for row in history if row["kind"] == kind]


def frame_of(history: Rows, kind: str | None) -> Any:
    """The rows of a kind, or all, as a pandas table; None is not a number there.

    Raises:
        SettingError: there is no such kind, or pandas is missing.
    """
    rows = rows_of(history, kind)
    try:
        pandas = importlib.import_module("pandas")
    except ImportError as error:
        raise SettingError("A table needs pandas, which is not installed: pip install pandas.") from error
    return pandas.DataFrame([dict(row) for row in rows])


def write_csv(history: Rows, kind: str, path: Path) -> Path:
    """Write the rows of a kind as comma-separated values, with a line of their columns first.

    Raises:
        SettingError: there is no such kind.
        RunError: the file cannot be written.
    """
    rows = rows_of(history, kind)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())
    return path
