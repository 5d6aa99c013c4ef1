"""What an evaluation found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sparring.classifying.tables import ClassTables
from sparring.data.own import is_own
from sparring.errors import RunError, SettingError
from sparring.evaluation.bootstrap import Estimate
from sparring.table import Table
from sparring.validation import Misfit, check, parse_json
from sparring.verdict import Verdict, of_figures

FORMAT = 1


@dataclass(frozen=True)
class EstimatedFigure:
    """One figure: its value for the generated examples, a 95 % interval, and its value for real ones."""

    value: float
    low: float
    high: float
    reference: float | None = None
    """None for a figure that is not of samples, such as a test error, or where there is nothing to take."""
    at_least: bool = False
    """Whether the value is a lower bound, of which there is no interval."""
    reference_at_least: bool = False
    """Whether the reference is one."""
    share: bool = False
    """Whether it is a share, which never leaves 0 to 1."""

    @classmethod
    def of(cls, found: Estimate, reference: Estimate | None) -> EstimatedFigure:
        """What was measured of samples, and of real examples where there are such."""
        value, at_least = (None, False) if reference is None else (reference.value, reference.at_least)
        return cls(found.value, found.low, found.high, value, found.at_least, at_least, found.share)


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
    unseen: bool = True
    """Whether the real examples that were compared with had been held out from training."""
    short: str = ""
    """Why the run that made the examples is too short to be judged, if it is."""
    classes: ClassTables | None = None
    """What the run takes for what as a classifier, where it is one."""
    real: int = 0
    """Number of real examples that were compared with; 0 where an older version did not write it."""
    trained_on: bool = True
    """Whether the data that was compared with is what made the samples was trained on, as far as is known."""
    contents: str = ""
    """Fingerprint of the real examples, all from which those that were compared with were taken; empty where
    an older version did not write it."""

    def to_json(self) -> str:
        """As JSON text, which `from_json` reads."""
        facts = {"format": FORMAT, "verdict": self.verdict.text, **asdict(self)}
        return json.dumps(facts, indent=2, allow_nan=False) + "\n"

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
                facts.get("unseen", True),
                facts.get("short", ""),
                ClassTables.from_facts(facts["classes"]) if facts.get("classes") else None,
                facts.get("real", 0),
                facts.get("trained_on", True),
                facts.get("contents", ""),
            )
        except (ValueError, TypeError) as error:
            # A TypeError is a figure with more than it should have.
            raise RunError(f"This is not an evaluation written by sparring ({error}).") from error

    def seen_through(self) -> str:
        """A line that says what examples were compared by, and why."""
        reason = f": {self.why}" if self.why else ""
        return f"Seen through {self.extractor}{reason}."

    @property
    def measure(self) -> tuple[str, str, int, bool, int, dict[str, Any]]:
        """What must be equal for figures to be compared: features, data, count, whether and how much of it
        was held out, and how samples were made."""
        return self.extractor, self.data, self.count, self.unseen, self.real, self.sampling

    @property
    def sampling(self) -> dict[str, Any]:
        """How samples were made, where that is not as the run has it."""
        given = self.checkpoint.get("sampling")
        return given if isinstance(given, dict) else {}

    @property
    def made(self) -> str:
        """The same in words that follow a number of samples, such as `, truncation 0.7,`; else empty."""
        return "".join(f", {name} {value}," for name, value in self.sampling.items())

    @property
    def compared_with(self) -> str:
        """What the samples were compared with, such as `10,000 held-out examples of mnist`."""
        number = f"{self.real:,} " if self.real else ""
        if not self.trained_on:
            return f"{number}examples of {self.data}, which it was not trained on"
        return f"{number}{'held-out' if self.unseen else 'training'} examples of {self.data}"

    def caution(self) -> str | None:
        """What must be known where the data is not what was trained on, or nothing of it was held out; None
        where something was."""
        if not self.trained_on:
            return "Copies of training examples are not looked for: this is other data."
        if self.unseen:
            return None
        way = (
            "Data of one's own may have a `held_out`"
            if is_own(self.data)
            else "`sparring train --hold-out 0.1` keeps some aside"
        )
        return (
            "Nothing was held out: the samples are compared with examples that were trained on, and real is "
            "one half of these against the other. Figures are better than those of new examples would be "
            "where a generator has learned its examples by heart, which `memorised` shows. "
            f"{way}."
        )

    @property
    def verdict(self) -> Verdict:
        """What the figures come to."""
        figures = {name: (figure.value, figure.reference) for name, figure in self.figures.items()}
        return of_figures(figures, self.count, self.short)

    def _repr_html_(self) -> str:
        """The figures as a notebook shows them."""
        from sparring.notebooks import evaluation_html

        return evaluation_html(self)

    def table(self) -> Table:
        """A table for people."""
        title = f"{self.count} samples{self.made} against {self.compared_with}, seen through {self.extractor}"
        table = Table(title=title, caption=self.caution())
        table.add_column("figure")
        for column in ("value", "95 % interval", "real"):
            table.add_column(column, justify="right")
        table.add_column("what it is")
        for name, figure in self.figures.items():
            interval = "" if figure.at_least else f"{short(figure.low)} – {short(figure.high)}"
            value = short(figure.value, figure.at_least)
            reference = short(figure.reference, figure.reference_at_least)
            table.add_row(name, value, interval, reference, self.about.get(name, ""))
        return table

    def tables(self) -> list[Table]:
        """All tables for people: the figures, and what it is as a classifier."""
        return [self.table(), *([] if self.classes is None else self.classes.tables())]

    def compare(self, other: Evaluation) -> dict[str, tuple[EstimatedFigure, EstimatedFigure]]:
        """The figures that both evaluations have, side by side.

        Raises:
            SettingError: they looked through different features, at different data, or at different numbers
                of samples or of real examples, or of samples made otherwise, or one at held-out examples and
                one at those of training, so that their figures cannot be compared.
        """
        if self.unseen != other.unseen:
            raise SettingError(
                "These evaluations cannot be compared: one is against held-out examples, the other against "
                "those that were trained on. Train both with the same --hold-out."
            )
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
        if self.real != other.real and 0 not in (self.real, other.real):
            raise SettingError(
                f"These evaluations cannot be compared: one is against {self.real:,} real examples, the "
                f"other against {other.real:,}. Train both on the same data, with the same --hold-out, and "
                "evaluate both again."
            )
        if self.sampling != other.sampling:
            mine, others = (each.made.strip(", ") or "nothing changed" for each in (self, other))
            raise SettingError(
                f"These evaluations cannot be compared: the samples of one are made with {mine}, those of "
                f"the other with {others}. Evaluate both alike."
            )
        return {
            name: (mine, other.figures[name]) for name, mine in self.figures.items() if name in other.figures
        }


def short(number: float | None, at_least: bool = False) -> str:
    """A figure in a table; nothing where there is none."""
    if number is None:
        return ""
    if at_least:
        return f"at least {short(number)}"
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"
