"""What systems reached, beside what is published of them: sentences that a script writes, nobody by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Comparison:
    """A published figure, and what was found here."""

    published: str
    """What the paper, or its authors' code, reaches; or that there is no figure of such networks and data."""
    here: str
    """The figures of runs with their intervals, how many there were, whether they were shorter, and the
    command; or that there is no run yet, and by which command there will be."""


def measured(name: str) -> list[Comparison]:
    """What is known of a system, what says most of it first; nothing of a system of one's own."""
    known: dict[str, list[dict[str, str]]] = json.loads(
        (files(__package__) / "measured.json").read_text("utf-8")
    )
    return [Comparison(**each) for each in known.get(name, [])]
