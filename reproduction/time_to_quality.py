"""Time to quality: how good images are after how many seconds of training, system by system.

    python reproduction/time_to_quality.py make FOLDER [NAME ...]    # what is missing; go on any time
    python reproduction/time_to_quality.py write                     # tables, pictures, README's

Runs are timed by the clock: nothing else should run on their core. Of each run a line is kept in
time_to_quality.jsonl, and of three minutes a row of samples; its folder is dropped.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines
import rows_of_samples
from curves_of_quality import draw

from sparring import __version__
from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.evaluation.evaluate import evaluate_samples
from sparring.loading import load
from sparring.reporting.statistics import geometric_mean_over_seeds, mean_over_seeds
from sparring.training.callbacks import Moment
from sparring.training.train import train
from sparring.translation.translator import Translator
from sparring.zoo import SYSTEMS, find_system

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "time_to_quality.jsonl", HERE / "time-to-quality.md"
PICTURE, SAMPLES, ROWS = (
    HERE / "images" / name for name in ("time-to-quality.png", "equal-time.png", "equal-time")
)
FRONT = HERE.parent / "README.md"
"""Where the short table of systems in equal time stands."""
SEEDS = range(5)
MARKS = (7, 14, 28, 56, 112)
"""Seconds after which networks are looked at, beside the last ones."""
EARLY, LATE = 2500, 10_000
"""Samples that are evaluated at a mark, and at the end."""
FIGURES = {
    "fid": "FID",
    "kid": "KID",
    "recall": "recall",
    "coverage": "coverage",
    "label_agreement": "digit asked for",
}
SHARES = ("recall", "coverage", "label_agreement")


@dataclass(frozen=True)
class Attempt:
    """A system, with the settings that it chooses by rule, and the time that it is given."""

    system: str
    minutes: float
    truncation: float = 1.0
    """Of the samples that are evaluated."""

    @property
    def command(self) -> str:
        """How a user trains it, and evaluates it where that is not as usual."""
        train = f"sparring train {self.system} --max-minutes {self.minutes:.3g} --threads 1"
        otherwise = f"; sparring evaluate RUN --truncation {self.truncation}"
        return train if self.truncation == 1 else train + otherwise


def image_systems() -> list[str]:
    """Systems that make images of noise, whether of classes or not."""
    games = {name: find_system(name) for name in SYSTEMS}
    return [
        name
        for name, game in games.items()
        if "images" in game.needs.examples and not issubclass(game, Translator)
    ]


ATTEMPTS = {name: Attempt(name, 3) for name in image_systems()} | {
    "r3gan, 28 s": Attempt("r3gan", 28 / 60),
    "r3gan, 28 s, truncated": Attempt("r3gan", 28 / 60, truncation=0.7),
    "r3gan, 14 s": Attempt("r3gan", 14 / 60),
    "r3gan, 14 s, truncated": Attempt("r3gan", 14 / 60, truncation=0.7),
}
"""What is tried: each system in equal time, and the quickest in less."""


EQUAL = [name for name, attempt in ATTEMPTS.items() if attempt.minutes == 3]
"""Those that are compared in equal time."""


class Snapshots:
    """Copies of a run at its first checkpoint after each mark, each a run of its own.

    Args:
        folder: where they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left = [*MARKS]
        self.seen = 0
        self.taken: dict[Path, tuple[float, float]] = {}
        """The mark of each, and its seconds."""

    def __call__(self, moment: Moment) -> None:
        """Copy the run, where it has a new checkpoint and is near the next mark, or beyond."""
        steps = moment.run.checkpoints.steps()
        if not steps or steps[-1] == self.seen:
            return
        self.seen = steps[-1]
        reached = [mark for mark in self.left if moment.seconds > 0.9 * mark]
        if reached:
            self.left = self.left[len(reached) :]
            copy = self.folder / f"{reached[-1]}"
            shutil.copytree(moment.run.path, copy, ignore=shutil.ignore_patterns("*.png"))
            self.taken[copy] = reached[-1], moment.run.checkpoints.at(self.seen).seconds


def make(folder: Path, names: Sequence[str]) -> None:
    """Make the runs that have no line in the record, those of a seed before those of the next."""
    data = load_dataset("mnist")
    done = {(line["name"], line["seed"]) for line in kept_lines.read(RECORD)}
    for seed in SEEDS:
        for name in names or ATTEMPTS:
            if (name, seed) not in done:
                line = made(folder / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}", name, seed, data)
                kept_lines.append(RECORD, line)
                print(line, flush=True)


def made(out: Path, name: str, seed: int, data: Dataset) -> dict[str, Any]:
    """What is recorded of a run. A clock cannot be stopped: what was cut off is made anew."""
    attempt = ATTEMPTS[name]
    shutil.rmtree(out, ignore_errors=True)
    snapshots = Snapshots(out / "snapshots")
    run = train(
        attempt.system,
        max_minutes=attempt.minutes,
        seed=seed,
        threads=1,
        quiet=True,
        out=out / "run",
        checkpoint_minutes=0.02,
        history_every=5,
        on_step=snapshots,
    )
    looked_at = snapshots.taken | {out / "run": (60 * attempt.minutes, run.status["seconds"])}
    points = [
        {"mark": mark, "seconds": round(seconds, 1)}
        | figures_of(path, data, EARLY if path in snapshots.taken else LATE, attempt.truncation)
        for path, (mark, seconds) in looked_at.items()
    ]
    if name in EQUAL:
        rows_of_samples.keep(run, ROWS / f"{name}.png")
    line = {
        "name": name,
        "command": attempt.command,
        "seed": seed,
        "points": points,
        "findings": {row["finding"]: row["step"] for row in run.history() if row["kind"] == "finding"},
        "steps": run.status["step"],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "sparring": __version__,
    }
    shutil.rmtree(out)
    return line


def figures_of(path: Path, data: Dataset, count: int, truncation: float) -> dict[str, float]:
    """The figures of so many samples of a run, of classes where it was asked for these."""
    samples = load(path).sample(count, seed=0, truncation=truncation)
    shown = Dataset("samples", samples.columns, samples.told)
    wanted = [name for name in FIGURES if shown.spec.classes or name != "label_agreement"]
    found = evaluate_samples(shown, data, figures=wanted).figures
    return {name: found[name].value for name in wanted}


def page(lines: Sequence[kept_lines.Line]) -> str:
    """Two tables, figures at the end and FID on the way there, and the picture of the latter."""
    marks = [f"{mark} s" for mark in MARKS]
    ends = ["| command | seeds | steps | seconds | " + " | ".join(FIGURES.values()) + " | findings |"]
    ways = [f"| FID of `sparring train ...` after | {' | '.join(marks)} |"]
    for rows in (ends, ways):
        rows.append("|---" * (rows[0].count("|") - 1) + "|")
    for name, attempt in ATTEMPTS.items():
        runs = [line for line in lines if line["name"] == name]
        if not runs:
            continue
        last = [run["points"][-1] for run in runs]
        words = [
            f"`{attempt.command}`",
            str(len(runs)),
            f"{min(run['steps'] for run in runs):,}",
            kept_lines.interval(mean_over_seeds([point["seconds"] for point in last]), ".0f"),
            *(cell(figure, last) for figure in FIGURES),
            findings(runs),
        ]
        ends.append(f"| {' | '.join(words)} |")
        ways.append(f"| {name} | {' | '.join(cell('fid', at(mark, runs)) for mark in MARKS)} |")
    picture = f"![FID against seconds of training]({PICTURE.relative_to(HERE)})"
    return "\n".join([*ends, "", where_and_when(lines), "", *ways, "", picture, ""]) if lines else ""


def in_equal_time(lines: Sequence[kept_lines.Line]) -> str:
    """A table for the front page, the best by FID first, and the picture of samples."""
    columns = ("fid", "kid", "recall")
    head = f"| system | seeds | {' | '.join(FIGURES[figure] for figure in columns)} | findings |"
    rows = [head, "|---" * (len(columns) + 3) + "|"]
    for name in by_fid(lines):
        runs = [line for line in lines if line["name"] == name]
        cells = [cell(figure, [run["points"][-1] for run in runs]) for figure in columns]
        rows.append(f"| `{name}` | {len(runs)} | {' | '.join(cells)} | {findings(runs)} |")
    picture = f"![samples of each after three minutes]({SAMPLES.relative_to(HERE.parent)})"
    return "\n".join([*rows, "", picture, ""]) if len(rows) > 2 else ""


def findings(runs: Sequence[kept_lines.Line]) -> str:
    """What was found in any of these runs."""
    return ", ".join(sorted({finding for run in runs for finding in run["findings"]})) or "none"


def where_and_when(lines: Sequence[kept_lines.Line]) -> str:
    """On what, and on which days, this was recorded."""
    days = sorted({line["date"] for line in lines})
    machines = sorted({line["machine"] for line in lines})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"One thread each, on {' and '.join(machines)}, shared with other work ({when})."


def by_fid(lines: Sequence[kept_lines.Line]) -> dict[str, float]:
    """The mean FID after three minutes of each system that was run, the lowest first."""
    fids = {name: [line["points"][-1]["fid"] for line in lines if line["name"] == name] for name in EQUAL}
    means = {name: geometric_mean_over_seeds(values).value for name, values in fids.items() if values}
    return dict(sorted(means.items(), key=lambda item: item[1]))


def at(mark: float, runs: Sequence[kept_lines.Line]) -> list[kept_lines.Line]:
    """The last point of each run at a mark: a run may end there."""
    found = [[point for point in run["points"] if point["mark"] == mark] for run in runs]
    return [points[-1] for points in found if points]


def cell(figure: str, points: Sequence[kept_lines.Line]) -> str:
    """The mean over seeds with Student's interval: of shares that of their log-odds, of FID that of its
    logarithm."""
    values = [point[figure] for point in points if figure in point]
    if not values:
        return "–"
    if figure in SHARES:
        return f"{kept_lines.percent(values, '.1f')} %"
    mean = geometric_mean_over_seeds if figure == "fid" else mean_over_seeds
    return kept_lines.interval(mean(values), ".3g")


def main(arguments: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(arguments):
        case ["make", folder, *names] if {*names} <= {*ATTEMPTS}:
            make(Path(folder), names)
        case ["write"]:
            kept_lines.write(PAGE, RECORD, page)
            kept_lines.write(FRONT, RECORD, in_equal_time)
            lines = kept_lines.read(RECORD)
            draw(lines, [*ATTEMPTS], PICTURE)
            kept = {name: ROWS / f"{name}.png" for name in by_fid(lines)}
            rows_of_samples.draw({name: row for name, row in kept.items() if row.is_file()}, SAMPLES)
        case _:
            sys.exit(f"{__doc__}\nNames: {', '.join(ATTEMPTS)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
