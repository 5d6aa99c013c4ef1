"""Effects of tricks: what follows from recorded runs with them and without, by rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from kept_lines import Line
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter

from sparring.reporting.statistics import Spread, geometric_mean_over_seeds, mean_over_seeds

FIGURES = ("fid", "coverage")
"""What is said of runs without tricks."""
WITHOUT = "without"
"""The name of the runs that all others are compared with."""
AGAINST = {"separate batches": "batch norm, critic"}
"""But for these, and with what instead: without batch normalisation there is nothing to separate."""


@dataclass(frozen=True)
class Effect:
    """What was found of a trick, from pairs of runs with the same seed."""

    name: str
    fid: Spread | None
    """FID with it over FID without: the geometric mean with Student's 95 % interval; None where a run broke,
    or there is one seed."""
    coverage: Spread | None
    """Coverage with it less coverage without, likewise."""
    findings: str
    cost: float
    """Processor time with it over that without: the median."""
    seeds: int
    broken: int
    """Runs that ended because a number was no longer finite."""

    @property
    def verdict(self) -> str:
        """Helps, hurts, or not shown, by whether the interval of the ratio of FIDs holds 1; changes nothing,
        where all runs come to what they do without."""
        if self.broken:
            return f"breaks {self.broken} of {self.seeds} runs"
        return "too few seeds" if self.fid is None else verdict_of(self.fid)

    @property
    def said(self) -> str:
        """The verdict, and by how much."""
        return self.verdict if self.fid is None else f"{self.verdict}, FID times {ratio(self.fid)}"


def verdict_of(times: Spread) -> str:
    """What a ratio of FIDs shows."""
    if times.low is None or times.high is None:
        return "too few seeds"
    if times.low == times.high == 1.0:
        return "changes nothing"
    if times.low <= 1.0 <= times.high:
        return "not shown"
    return "helps" if times.value < 1 else "hurts"


def effects(base: str, lines: Sequence[Line]) -> list[Effect]:
    """Those of all tricks from a base, the best first; none while the base itself has one seed, of which
    nothing follows."""
    own = [line for line in lines if line["base"] == base]
    runs = {(line["name"], line["seed"]): line for line in own}
    if len([name for name, _ in runs if name == WITHOUT]) < 2:
        return []
    by_name: dict[str, list[tuple[Line, Line]]] = {}
    for line in own:
        other = runs.get((AGAINST.get(line["name"], WITHOUT), line["seed"]))
        if line["name"] != WITHOUT and other is not None:
            by_name.setdefault(line["name"], []).append((line, other))
    found = [effect(name, pairs) for name, pairs in by_name.items()]
    return sorted(found, key=lambda each: math.inf if each.fid is None else each.fid.value)


def effect(name: str, pairs: Sequence[tuple[Line, Line]]) -> Effect:
    """The effect that pairs of lines show, with and without."""
    whole = [
        (ours["figures"], theirs["figures"])
        for ours, theirs in pairs
        if ours["figures"] and theirs["figures"]
    ]
    enough = len(whole) == len(pairs) > 1
    return Effect(
        name,
        geometric_mean_over_seeds([ours["fid"] / theirs["fid"] for ours, theirs in whole])
        if enough
        else None,
        mean_over_seeds([ours["coverage"] - theirs["coverage"] for ours, theirs in whole])
        if enough
        else None,
        findings_of([ours for ours, _ in pairs]),
        median(ours["processor_seconds"] / theirs["processor_seconds"] for ours, theirs in pairs),
        len(pairs),
        len(pairs) - len(whole),
    )


def findings_of(runs: Sequence[Line]) -> str:
    """In how many runs each trouble was found."""
    names = sorted({name for run in runs for name in run["findings"]})
    return ", ".join(f"{name} {sum(name in run['findings'] for run in runs)}" for name in names) or "–"


def ratio(spread: Spread) -> str:
    """A ratio with its interval, in as many digits as show on which side of 1 its ends lie."""
    ends = [end for end in (spread.low, spread.high) if end is not None]
    if {*ends} == {1.0}:
        return "1"
    digits = next((digits for digits in range(2, 6) if all(round(end, digits) != 1.0 for end in ends)), 6)
    return f"{spread.value:.{digits}f} [{spread.low:.{digits}f}, {spread.high:.{digits}f}]"


def hundredths(spread: Spread) -> str:
    """A difference of shares in hundredths, with its interval."""
    value, low, high = (100 * (number or 0.0) for number in (spread.value, spread.low, spread.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def chance(found: Sequence[Effect]) -> str:
    """What verdicts owe to chance, in a sentence."""
    return (
        f"If all {len(found)} did nothing, {len(found) / 20:.1f} would by chance get another verdict; and "
        "all are compared with the same runs without, whose chance they share."
    )


TITLES = ("", "flags", "advised by", "verdict", "FID, times", "coverage, % points", "findings", "time, times")


def section(base: str, lines: Sequence[Line], flags: Mapping[str, str], advice: Mapping[str, str]) -> str:
    """What a page says of a base, as Markdown; nothing where too few runs are recorded.

    Args:
        base: the system without tricks.
        lines: of all recorded runs.
        flags: how each trick is asked for.
        advice: whose advice each is.
    """
    without = [line for line in lines if (line["base"], line["name"]) == (base, WITHOUT)]
    if len(without) < 2:
        return ""
    fid, coverage = (mean_over_seeds([line["figures"][name] for line in without]) for name in FIGURES)
    dates = sorted({line["date"] for line in lines if line["base"] == base})
    found = effects(base, lines)
    rows = [
        (
            each.name,
            flags[each.name],
            advice[each.name],
            f"**{each.verdict}**",
            "–" if each.fid is None else ratio(each.fid),
            "–" if each.coverage is None else hundredths(each.coverage),
            each.findings,
            f"{each.cost:.1f}",
        )
        for each in found
    ]
    table = [TITLES, ("---",) * len(TITLES), *rows]
    return "\n".join(
        (
            f"## From `{base}`: short\n",
            f"`{without[0]['command'].replace('--seed 0 ', '')}` with {len(without)} seeds, "
            f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}. Without tricks:",
            f"FID {fid.value:.1f} [{fid.low:.1f}, {fid.high:.1f}], coverage {coverage.value:.3f} "
            f"[{coverage.low:.3f}, {coverage.high:.3f}], findings: {findings_of(without)}.",
            f"{chance(found)}\n",
            *(f"| {' | '.join(row)} |" for row in table),
            f"\n![Effects from {base}](images/tricks-{base}.png)\n",
        )
    )


COLOURS = {"helps": "tab:green", "hurts": "tab:red"}


def draw(base: str, lines: Sequence[Line], file: Path) -> None:
    """A picture of all effects from a base with their intervals, the best above, if there are any."""
    found = [(each, each.fid) for each in reversed(effects(base, lines)) if each.fid is not None]
    if not found:
        return
    picture = Figure(figsize=(7, 1.2 + 0.24 * len(found)), layout="constrained")
    axes = picture.add_subplot()
    for place, (each, fid) in enumerate(found):
        colour = COLOURS.get(each.verdict, "0.5")
        axes.hlines(place, fid.low or 0.0, fid.high or 0.0, color=colour)
        axes.plot(fid.value, place, "o", color=colour)
    axes.axvline(1.0, color="0.3", lw=0.8)
    axes.set(xscale="log", yticks=range(len(found)), yticklabels=[each.name for each, _ in found])
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("FID with the trick over FID without: less is better")
    axes.set_title(f"Short runs of {base}: means over seeds, 95 % intervals", fontsize=10)
    picture.savefig(file, dpi=90)
