"""Records: what status.json, and the rows of history.jsonl and events.jsonl, must hold."""

from __future__ import annotations

from dataclasses import dataclass

from sparring.settings import NonNegative
from sparring.validation import Whole


@dataclass(frozen=True)
class Status:
    """How far a run is."""

    state: str
    step: Whole
    total_steps: Whole | None
    epoch: NonNegative
    seconds: NonNegative
    phase: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the history; its other columns are numbers, nothing, or a text."""

    kind: str
    step: Whole
    epoch: NonNegative = 0.0
    finding: str = ""
    """What was found, in rows of the kind `finding`."""


@dataclass(frozen=True)
class Event:
    """An event; its other details may be anything."""

    event: str
    step: Whole = 0
    to: Whole = 0
    """The step to which a run went back."""
    number: Whole = 0
    """How often it has gone back."""
    seconds: NonNegative = 0.0
