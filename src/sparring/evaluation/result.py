"""What an evaluation found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from sparring.errors import RunError, SettingError
from sparring.validation import Misfit, check, parse_json

FORMAT = 1


@dataclass(frozen=True)
class EstimatedFigure:
    """One figure: its value for the generated examples, a 95 % interval, and its value for real ones."""

    value: float
    low: float
    high: float
    reference: float | None = None
    """None for a figure that is not of samples, such as a test error."""


@dataclass(frozen=True)
class Evaluation:
    """How far generated examples are from real ones."""

    extractor: str
    """Name of the feature extractor, with a hash of its weights."""
    data: str
    """Name of the data set that was compared with."""
    count: int
    """Number of generated examples."""
    figures: dict[str, EstimatedFigure]
    """The figures by name."""
    checkpoint: dict[str, Any] = field(default_factory=dict)
    """What made the examples: whatever the caller wants on record."""
    about: dict[str, str] = field(default_factory=dict)
    """What each figure is and which way is better, in one short line."""
    why: str = ""
    """Why the examples were looked at through this extractor."""

    def to_json(self) -> str:
        """As JSON text, which `from_json` reads."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Evaluation:
        """Read what `to_json` wrote.

        Raises:
            RunError: it is something else, or of another version.
        """
        try:
            facts = parse_json(text)
            check(facts, cls)
            if facts.get("format") != FORMAT:
                raise Misfit(f"has format {facts.get('format')!r}, and this version reads {FORMAT}")
            figures = {name: EstimatedFigure(**figure) for name, figure in facts["figures"].items()}
            return cls(
                facts["extractor"],
                facts["data"],
                facts["count"],
                figures,
                facts.get("checkpoint", {}),
                facts.get("about", {}),
                facts.get("why", ""),
            )
        except (ValueError, TypeError) as error:
            # A TypeError is a figure with more than it should have.
            raise RunError(f"This is not an evaluation written by sparring ({error}).") from error

    def seen_through(self) -> str:
        """A line that says what examples were compared by, and why."""
        reason = f": {self.why}" if self.why else ""
        return f"Seen through {self.extractor}{reason}."

    def summary(self) -> str:
        """The most telling figures in a sentence or two."""
        said = []
        if "label_agreement" in self.figures:
            share = self.figures["label_agreement"].value
            said.append(f"{share:.1%} of the samples are of the class that was asked for")
        if "modes" in self.figures:
            modes = self.figures["modes"]
            said.append(f"{_short(modes.value)} of {_short(modes.reference)} modes or classes appear")
        if "fid" in self.figures:
            fid = self.figures["fid"]
            said.append(f"FID {_short(fid.value)} where other real examples have {_short(fid.reference)}")
        return "; ".join(said) + "."

    def table(self) -> Table:
        """A table for people."""
        title = f"{self.count} samples against {self.data}, seen through {self.extractor}"
        table = Table(title=title)
        table.add_column("figure")
        for column in ("value", "95 % interval", "real"):
            table.add_column(column, justify="right")
        table.add_column("what it is")
        for name, figure in self.figures.items():
            interval = f"{_short(figure.low)} – {_short(figure.high)}"
            about = self.about.get(name, "")
            table.add_row(name, _short(figure.value), interval, _short(figure.reference), about)
        return table

    def compare(self, other: Evaluation) -> dict[str, tuple[EstimatedFigure, EstimatedFigure]]:
        """The figures that both evaluations have, side by side.

        Raises:
            SettingError: they looked through different features, at different data, or at different numbers
                of samples, so that their figures cannot be compared.
        """
        for what, mine, others in (
            ("features", self.extractor, other.extractor),
            ("data", self.data, other.data),
            ("count", self.count, other.count),
        ):
            if mine != others:
                raise SettingError(
                    f"These evaluations cannot be compared: one has {what} {mine}, the other {others}. "
                    f"Evaluate both with the same --{what}."
                )
        return {
            name: (mine, other.figures[name]) for name, mine in self.figures.items() if name in other.figures
        }


def _short(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"
