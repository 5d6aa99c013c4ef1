"""The entries of a comparison: a run, or several that differ only by their seed, with what they came to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparring.data import READING
from sparring.reporting.charts import columns_of
from sparring.reporting.facts import Facts
from sparring.reporting.figures import FIGURE, figure_columns, held_out_columns, newest
from sparring.reporting.findings import findings_text
from sparring.reporting.settings import flat
from sparring.reporting.statistics import Spread, mean_over_seeds, share_over_seeds
from sparring.reporting.text import as_number, names_text, value_text
from sparring.shown import visible
from sparring.zoo import short_name

if TYPE_CHECKING:
    from sparring.evaluation.result import Evaluation

LAST_PART = 0.1
"""Share of a run, at its end, over which its final losses are averaged."""
NAMES_SHOWN = 4


@dataclass(frozen=True)
class Entry:
    """One run, or several that differ only by their seed."""

    runs: tuple[Facts, ...]
    name: str
    """The folders' names, or that of the group of seeds which they are."""
    differs: tuple[str, ...]
    """What is asked for otherwise than in another entry, such as `--generator-lr 0.0005`."""
    losses: dict[str, Spread]
    """The final loss of each player, such as `generator/loss`."""
    figures: dict[str, Spread]
    """The evaluation; empty where there is none."""
    epochs: dict[str, Spread]
    """The newest figures and losses of held-out data that the epochs have, such as `figure/test error`."""

    @property
    def progress(self) -> str:
        """How far its runs came, which is the same for all of them."""
        first = self.runs[0]
        return first.progress if first.state == "finished" else f"{first.progress}, {first.state}"

    @property
    def about(self) -> dict[str, str]:
        """What must be known of its runs, by name: how many seeds, what was asked, progress, findings."""
        return {
            "seeds": str(len(self.runs)),
            "asked": "\n".join(self.differs),
            "progress": self.progress,
            "findings": findings_text(self.runs),
        }

    @property
    def numbers(self) -> dict[str, Spread]:
        """All of them by name."""
        return self.figures | self.epochs | self.losses


def entries_of(facts: Sequence[Facts], evaluations: Mapping[Path, Evaluation | None]) -> tuple[Entry, ...]:
    """The entries of a comparison.

    Args:
        facts: the runs.
        evaluations: what each of their folders has.
    """
    groups = _groups(facts, evaluations)
    firsts = [group[0] for group in groups]
    return tuple(
        _entry(
            group,
            [evaluations[each.run.path] for each in group],
            _differences(group[0], firsts),
            _name(group, facts),
        )
        for group in groups
    )


def _asked(facts: Facts) -> dict[str, Any]:
    """All that decides what a run is, save its seed; settings under the names of their flags."""
    description = facts.description
    return {
        "system": _system(description["system"]),
        "data": description["data"]["name"],
        **{flag: description["data"].get(name) for name, flag in _OF_DATA.items()},
        "fingerprint": description["data"]["fingerprint"],
        "steps": description["total_steps"],
        "length": "changed on its way" if facts.length_changed else "kept",
        "--from": _beginning(description),
        **{f"--{name.replace('_', '-')}": description[name] for name in _DECISIVE},
        **{f"--{name.replace('_', '-')}": value for name, value in flat(description["settings"]).items()},
    }


def _system(reference: str) -> str:
    """A system by its name, or by its file, as one of the same name may be another."""
    return reference if ":" in reference else short_name(reference)


def _beginning(description: Mapping[str, Any]) -> str | None:
    """The run whose weights another began with, and which step of it where that is known."""
    path, step = description.get("from_"), description.get("from_step")
    return path if path is None or step is None else f"{path} at step {step:,}"


_DECISIVE = ("history_every", "on_unhealthy", "precision", "compile", "microbatches")
"""Settings of a run that may change its numbers."""
_OF_DATA = {name: f"--{name.replace('_', '-')}" for name in READING}
"""Flags of what says how data is read."""


def _groups(facts: Sequence[Facts], evaluations: Mapping[Path, Evaluation | None]) -> list[list[Facts]]:
    """The runs by what they were asked, how far they came, and what of them was evaluated.

    Of runs with equal seeds only the first joins the other seeds: repetitions are not independent.
    """
    groups: dict[tuple[str, int], list[Facts]] = {}
    seen: dict[str, int] = {}
    for each in facts:
        evaluation = evaluations[each.run.path]
        evaluated = evaluation and [evaluation.checkpoint.get(name) for name in ("step", "epoch")]
        key = json.dumps([_asked(each), each.state, each.status.get("step"), evaluated])
        with_seed = f"{each.description['seed']} {key}"
        repetition = seen[with_seed] = seen.get(with_seed, -1) + 1
        groups.setdefault((key, repetition), []).append(each)
    return list(groups.values())


def _differences(facts: Facts, firsts: Sequence[Facts]) -> tuple[str, ...]:
    """What this run was asked otherwise than others.

    Settings are compared within a system, because those of others differ by nature; steps stand beside the
    name anyway.
    """
    asked = _asked(facts)
    others = [_asked(first) for first in firsts]
    read = set(_OF_DATA.values())
    related = [each for each in others if each["system"] == asked["system"]]

    def differs(name: str) -> bool:
        compared = related if name.startswith("--") and name not in read else others
        return any(each.get(name) != asked[name] for each in compared)

    names = [name for name in asked if name != "steps" and differs(name)]
    # A fingerprint says something only of data of the same name, read in the same way.
    return tuple(
        _said(name, asked[name])
        for name in names
        if name != "fingerprint" or not {"data", *read}.intersection(names)
    )


def _said(name: str, value: Any) -> str:
    """A setting with its value; a switch as a command line has it."""
    if isinstance(value, bool) and name.startswith("--"):
        return visible(name if value else name.replace("--", "--no-", 1))
    return f"{visible(name)} {value_text(value)}"


def _entry(
    group: Sequence[Facts],
    evaluations: Sequence[Evaluation | None],
    differs: tuple[str, ...],
    name: str,
) -> Entry:
    losses = _spreads([final_losses(each) for each in group])
    found = [evaluation for evaluation in evaluations if evaluation is not None]
    figures = _intervals(found[0]) if found and len(group) == 1 else _over_seeds(found)
    # The history has no more than the number of a figure of the same name.
    shares = {f"{FIGURE}{name}" for name in figures if _is_share(name, found)}
    epochs = _spreads([last_figures(each) for each in group], shares)
    for figure, spread in figures.items():
        if any(each.figures[figure].at_least for each in found):
            figures[figure] = Spread(spread.value, at_least=True)
    return Entry(tuple(group), name, differs, losses, figures, epochs)


def _values(evaluation: Evaluation) -> dict[str, float]:
    """The figures alone; what a file of another's making has in the place of a number is left out."""
    values = {name: as_number(figure.value) for name, figure in evaluation.figures.items()}
    return {name: value for name, value in values.items() if value is not None}


def _intervals(evaluation: Evaluation) -> dict[str, Spread]:
    """The figures with their own intervals."""
    intervals = {name: (as_number(of.low), as_number(of.high)) for name, of in evaluation.figures.items()}
    return {name: Spread(value, *intervals[name]) for name, value in _values(evaluation).items()}


def final_losses(facts: Facts) -> dict[str, float]:
    """The loss of each player, averaged over the last tenth of the steps that were played."""
    steps = [step for row in facts.rows if (step := as_number(row.get("step"))) is not None]
    begin = (1 - LAST_PART) * max(steps, default=0.0)
    last = [row for row in facts.rows if (as_number(row.get("step")) or 0.0) > begin]
    losses = {}
    for column in columns_of(last):
        values = [value for row in last if (value := as_number(row.get(column))) is not None]
        if column.endswith("/loss") and values:
            losses[column] = sum(values) / len(values)
    return losses


def last_figures(facts: Facts) -> dict[str, float]:
    """The newest figures of a run's epochs and its newest losses of held-out data, where they are numbers."""
    values = newest(facts, [*figure_columns(facts), *held_out_columns(facts)])
    numbers = {name: as_number(value) for name, value in values.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def _over_seeds(found: Sequence[Evaluation]) -> dict[str, Spread]:
    """Mean and interval of every figure that all of some evaluations have."""
    spreads = _spreads([_values(each) for each in found])
    for name in [name for name in spreads if _is_share(name, found)]:
        alone = [_intervals(each)[name] for each in found]
        own = [(each.low, each.high) for each in alone if each.low is not None and each.high is not None]
        spreads[name] = share_over_seeds([each.value for each in alone], own)
    return spreads


def _is_share(figure: str, found: Sequence[Evaluation]) -> bool:
    """Whether evaluations say of a figure that it is a share."""
    return all(each.figures[figure].share for each in found)


def _spreads(runs: Sequence[Mapping[str, float]], shares: Collection[str] = ()) -> dict[str, Spread]:
    """Mean and interval of every number that all of the runs have, some of which are shares."""
    common = [name for name in (runs[0] if runs else {}) if all(name in run for run in runs)]
    return {
        name: (share_over_seeds if name in shares else mean_over_seeds)([run[name] for run in runs])
        for name in common
    }


def _name(group: Sequence[Facts], facts: Sequence[Facts]) -> str:
    """The names of an entry's runs; of all the runs of a group of seeds, the name of the group."""
    seeds = group[0].group
    if seeds and len(group) > 1 and list(group) == [each for each in facts if each.group == seeds]:
        others = {each.group.name for each in facts if each.group and each.group != seeds}
        return visible(seeds if seeds.name in others else seeds.name)
    names = [each.name for each in facts]
    own = [each.name if names.count(each.name) == 1 else str(each.run.path) for each in group]
    return names_text(own, NAMES_SHOWN)
