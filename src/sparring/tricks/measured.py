"""What tricks were found to do: sentences from a record of runs, which a script writes and nobody by hand."""

from __future__ import annotations

import json
from importlib.resources import files

RECORD = "reproduction/tricks.md"
"""Where the runs, their figures and their commands stand."""


def measured(name: str) -> list[str]:
    """What was found of a trick, a clause for each set of flags and base system; none where it is not
    measured."""
    found: dict[str, list[str]] = json.loads((files(__package__) / "measured.json").read_text("utf-8"))
    return found.get(name, [])
