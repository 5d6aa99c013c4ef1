"""Several runs side by side; those that differ only by their seed as one entry, with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from sparring.errors import SettingError
from sparring.reporting.entries import Entry, entries_of
from sparring.reporting.facts import Facts
from sparring.reporting.html import check_page_file, write_page
from sparring.reporting.statistics import Spread
from sparring.reporting.text import (
    as_number,
    bounded_text,
    count_text,
    interval_text,
    value_text,
)
from sparring.runs.folder import Run
from sparring.runs.group import runs_in
from sparring.shown import visible

REAL = "real"
"""What the column of real examples is called."""

if TYPE_CHECKING:
    from sparring.evaluation.result import Evaluation
    from sparring.table import Table


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, as `compare` makes it."""

    entries: tuple[Entry, ...]
    references: dict[str, Spread]
    """What real examples have for each figure."""
    notes: tuple[str, ...]
    """What one must know to read the numbers, a sentence or two each."""

    @property
    def names(self) -> list[str]:
        """The names of the evaluations' figures, then of those of the epochs, then of all losses."""
        every = [getattr(entry, kind) for kind in ("figures", "epochs", "losses") for entry in self.entries]
        return list(dict.fromkeys(name for numbers in every for name in numbers))

    def tables(self, width: int = 100) -> list[Table]:
        """Tables for a terminal: several below each other where the runs do not fit in its width."""
        from sparring.reporting.comparison_table import comparison_tables

        return comparison_tables(self, width)

    def to_html(self) -> str:
        """A page with the same table, the curves over each other and the last samples beside each other."""
        from sparring.reporting.comparison_page import comparison_page

        return comparison_page(self)

    def cells(self, name: str) -> list[tuple[str, str]]:
        """The number of each entry under a name, and that of real examples, each with its interval."""
        cells = []
        for entry in self.entries:
            spread = entry.numbers.get(name)
            has_interval = spread is not None and spread.low is not None
            interval = interval_text(spread.low, spread.high) if spread and has_interval else ""
            cells.append((bounded_text(spread.value, spread.at_least) if spread else "–", interval))
        if self.references:
            real = self.references.get(name)
            cells.append((bounded_text(real.value, real.at_least) if real else "", ""))
        return cells

    def best(self, name: str) -> frozenset[int]:
        """The entries whose figure is nearest to that of real examples: several where intervals overlap.

        None where real examples have no such figure, or where it tells no entry from the others.
        """
        real = self.references.get(name)
        spreads = {
            place: spread
            for place, entry in enumerate(self.entries)
            if (spread := entry.numbers.get(name)) is not None and not spread.at_least
        }
        if real is None or len(spreads) < 2:
            return frozenset()
        nearest = min(spreads.values(), key=lambda spread: abs(spread.value - real.value))
        found = frozenset(place for place, spread in spreads.items() if spread.reaches(nearest))
        return found if len(found) < len(spreads) else frozenset()


def compare(runs: Iterable[Run | Path | str], out: Path | str | None = None) -> Comparison:
    """Put runs side by side: their evaluations, the figures of their last epochs, their final losses.

    Runs that differ only by their seed become one entry with means and Student's 95 % interval over these.

    Args:
        runs: two runs or more, or their folders; a group of seeds stands for all of its runs.
        out: an .html file to write as well, with curves and samples.

    Raises:
        SettingError: fewer than two runs, or evaluations that do not measure the same: of different
            features, data, numbers of samples, or ways to make these.
        RunError: one of them is no run, or is damaged.
    """
    path = None if out is None else check_page_file(out)
    comparison = compare_by(runs)
    if path is not None:
        write_page(path, comparison.to_html())
    return comparison


def compare_by(runs: Iterable[Run | Path | str], measured: Evaluation | None = None) -> Comparison:
    """The same by evaluations that measure what a given one does, where all evaluated runs have such.

    Raises:
        SettingError: as `compare` does.
        RunError: likewise.
    """
    facts = _distinct(runs)
    evaluations = _of_one_measure(facts, measured)
    found = [(each, evaluation) for each in facts if (evaluation := evaluations[each.run.path])]
    _refuse_different_measures(found)
    entries = entries_of(facts, evaluations)
    references = _references([evaluation for _, evaluation in found])
    return Comparison(entries, references, tuple(_notes(entries, facts, evaluations)))


def _distinct(runs: Iterable[Run | Path | str]) -> list[Facts]:
    """What each run says; a folder that is given twice counts once."""
    facts = {each.run.path.resolve(): each for each in map(Facts.of, runs_in(runs))}
    if len(facts) < 2:
        given = f"only {next(iter(facts))}" if facts else "none"
        raise SettingError(f"A comparison needs at least two different runs, and was given {visible(given)}.")
    return list(facts.values())


def _of_one_measure(facts: Sequence[Facts], measured: Evaluation | None) -> dict[Path, Evaluation | None]:
    """Of each run the evaluation that means most among those that all evaluated runs have alike, or such as a
    given one.

    Where none are common to all, each has the one that means most.
    """
    all_of = {each.run.path: each.evaluations() for each in facts}
    evaluated = [evaluations for evaluations in all_of.values() if evaluations]
    measures = [[each.measure for each in evaluations] for evaluations in evaluated]
    common = [each for each in measures[0] if all(each in others for others in measures)] if measures else []
    if measured is not None and measured.measure in common:
        common = [measured.measure]
    return {
        path: next((each for each in evaluations if not common or each.measure == common[0]), None)
        for path, evaluations in all_of.items()
    }


def _refuse_different_measures(found: Sequence[tuple[Facts, Evaluation]]) -> None:
    """Raise SettingError unless all evaluations looked through the same features, at data of one size."""
    for (one, first), (other, second) in combinations(found, 2):
        names = f"{visible(one.run.path)} and {visible(other.run.path)} cannot stand side by side"
        if one.sized and other.sized and one.sized != other.sized:
            raise SettingError(
                f"{names}. Figures of {one.sized} and of {other.sized} cannot be compared: train both on "
                "data of one size, with the same --size, and of the same channels."
            )
        try:
            first.compare(second)
        except SettingError as error:
            raise SettingError(f"{names}. {visible(error)}") from error


def _references(evaluations: Sequence[Evaluation]) -> dict[str, Spread]:
    """The figures of real examples, which differ by a resample's chance at most."""
    found: dict[str, list[float]] = {}
    bounds: set[str] = set()
    for evaluation in evaluations:
        for name, figure in evaluation.figures.items():
            if (reference := as_number(figure.reference)) is not None:
                found.setdefault(name, []).append(reference)
                bounds |= {name} if figure.reference_at_least else set()
    return {name: Spread(fmean(numbers), at_least=name in bounds) for name, numbers in found.items()}


def _notes(
    entries: Sequence[Entry], facts: Sequence[Facts], evaluations: Mapping[Path, Evaluation | None]
) -> Iterable[str]:
    """What the numbers are, and what is missing."""
    evaluation = next((each for each in evaluations.values() if each is not None), None)
    if evaluation is not None:
        real, extractor = value_text(evaluation.compared_with), value_text(evaluation.extractor)
        samples = f"{count_text(evaluation.count)} samples{value_text(evaluation.made)}"
        yield f"Figures: {samples} against {real}, seen through {extractor}."
        if caution := evaluation.caution():
            yield caution
    if evaluation is not None:
        yield (
            "* marks what is nearest to real examples: several runs where their intervals overlap, none "
            "where all of them do."
        )
    for data in _of_several_contents(facts, evaluations):
        yield (
            f"Runs were evaluated on different examples of {value_text(data)}, or on the same ones read "
            "differently: what lies between their figures may be what lies between these examples."
        )
    if any(len(entry.runs) > 1 for entry in entries):
        yield (
            "Several seeds have their means, with Student's 95 % intervals over the seeds: where the mean "
            "over many seeds probably lies. Those of shares are of their log-odds; where all seeds have "
            "none, or all, they contain those of the evaluations."
        )
    if any(len(entry.runs) == 1 and entry.figures for entry in entries):
        yield (
            "One seed has the 95 % intervals of its evaluation, over samples only: another seed may lie "
            "outside them."
        )
    if any(entry.epochs for entry in entries):
        yield "What begins with figure or test was measured at the end of the last epoch."
    yield "Losses: means over the last tenth of the steps."
    for each in facts:
        found = evaluations[each.run.path]
        if found is None:
            yield f"{visible(each.name)} has no evaluation yet: `{each.command('evaluate')}` makes it."
        else:
            yield f"{visible(each.name)}: {value_text(found.verdict.text)}"
            if outdated := each.outdated(found):
                yield outdated


def _of_several_contents(
    facts: Sequence[Facts], evaluations: Mapping[Path, Evaluation | None]
) -> Iterator[str]:
    """Names of data of which not all evaluations compared with the same examples, as far as they say so: one
    of before they did may have, where it is of its run's own data and this was the same."""
    contents: dict[str, list[tuple[str, str]]] = {}
    for each in facts:
        data, found = each.description["data"], evaluations[each.run.path]
        if found is not None:
            own = data["fingerprint"] if found.data == data["name"] else ""
            contents.setdefault(found.data, []).append((found.contents, own))
    for name, known in contents.items():
        compared, trained_on = (set(each) for each in zip(*known, strict=True))
        if len((trained_on if "" in compared else compared) - {""}) > 1:
            yield name
