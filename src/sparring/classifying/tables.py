"""What a classifier takes for what, and how often it is right where it is so sure, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sparring.settings import Natural
from sparring.shown import counted
from sparring.table import Table

if TYPE_CHECKING:
    from sparring.classifying.classifier import Classified

BANDS = 10
"""Of the certainty, in the table of calibration."""
MOST_SHOWN = 20
"""Classes in a table of confusions at the most."""
CONFUSION, CALIBRATION = "what is taken for what", "how often it is right where it is so sure"
"""Titles."""
CORNER, CALIBRATION_HEADER = "is \\ is called", ("certainty", "examples", "mean certainty", "right")


@dataclass(frozen=True)
class Band:
    """The examples of whose class a classifier is about equally sure."""

    low: float
    """Least probability of the class that is named."""
    high: float
    """Greatest."""
    count: Natural
    certainty: float
    """Mean of that probability."""
    right: float
    """Share of the examples of which the class is right."""

    def cells(self) -> tuple[str, str, str, str]:
        """What stands in its row."""
        between = f"{self.low:.0%} – {self.high:.0%}"
        return between, f"{self.count:,}", f"{self.certainty:.1%}", f"{self.right:.1%}"


@dataclass(frozen=True)
class ClassTables:
    """What a classifier says of examples whose classes are known, counted."""

    class_names: list[str]
    confusion: list[list[Natural]]
    """How many of each class (row) are called each class (column)."""
    calibration: list[Band]
    """By how sure it is, of examples that its temperature was not fitted on; only where there are any."""

    def __post_init__(self) -> None:
        """Raise ValueError unless there is a row and a column for each class."""
        classes = len(self.class_names)
        if [len(row) for row in self.confusion] != [classes] * classes:
            raise ValueError(f"its confusions are not those of {counted(classes, 'class')}")

    @classmethod
    def of(cls, said: Classified, classes: Tensor, unseen: Tensor | None = None) -> ClassTables:
        """Counted of what is said.

        Args:
            said: of some examples.
            classes: what they are, int64 (count,).
            unseen: places of those that the temperature was not fitted on; by default all.
        """
        names = said.kind.class_names
        pairs = torch.bincount(classes * len(names) + said.numbers, minlength=len(names) ** 2)
        confusion = pairs.view(len(names), -1).tolist()
        places = torch.arange(len(classes)) if unseen is None else unseen
        return cls(list(names), confusion, bands(said[places], classes[places]))

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> ClassTables:
        """Those whose fields, as plain values, these are."""
        return cls(**{**facts, "calibration": [Band(**band) for band in facts["calibration"]]})

    def confusion_rows(self) -> list[tuple[str, ...]] | None:
        """The name of each class and its counts, nothing for 0; None where there are too many to show."""
        if len(self.class_names) > MOST_SHOWN:
            return None
        rows = zip(self.class_names, self.confusion, strict=True)
        return [(name, *(f"{count:,}" if count else "" for count in row)) for name, row in rows]

    def tables(self) -> list[Table]:
        """Both for people; that of confusions only where the classes are few enough."""
        found, rows = [], self.confusion_rows()
        if rows is not None:
            found.append(_table(CONFUSION, (CORNER, *self.class_names), rows))
        if self.calibration:
            cells = [band.cells() for band in self.calibration]
            found.append(_table(CALIBRATION, CALIBRATION_HEADER, cells))
        return found


def bands(said: Classified, classes: Tensor) -> list[Band]:
    """Examples by how sure a classifier is of the class that it names, in bands of equal width."""
    certainty, right = said.certainty.double(), (said.numbers == classes).double()
    which = (certainty * BANDS).long().clamp(max=BANDS - 1)
    return [
        Band(
            number / BANDS,
            (number + 1) / BANDS,
            int(inside.sum()),
            certainty[inside].mean().item(),
            right[inside].mean().item(),
        )
        for number, inside in enumerate(torch.arange(BANDS)[:, None] == which)
        if inside.any()
    ]


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title)
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    return table
