"""Tables beside published ones: makes their runs, and writes them from what is recorded of these.

    python reproduction/tables.py make FOLDER TABLE short|full [ARM ...]    # what is missing; go on any time
    python reproduction/tables.py write                                     # all tables, in TABLE.md

What is compared in each stands in experiments.py. Of each run a line is kept in tables.jsonl; its folder may
be deleted then.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines
from experiments import EXPERIMENTS, GAN, WGAN_GP, Arm, Experiment, Length

from sparring import __version__
from sparring.data.dataset import Dataset
from sparring.errors import TrainingError
from sparring.evaluation.evaluate import evaluate_samples
from sparring.loading import load
from sparring.reporting.statistics import mean_over_seeds
from sparring.runs.folder import Run
from sparring.runs.origins import recorded_dataset
from sparring.training.resume import resume
from sparring.training.train import train

HERE = Path(__file__).parent
RECORD = HERE / "tables.jsonl"
SHARES = ("high_quality_share", "precision", "recall", "coverage", "memorised")


def make(folder: Path, name: str, length: str, arms: Sequence[str]) -> None:
    """Make the runs that have no line in the record, those of a seed before those of the next."""
    experiment = EXPERIMENTS[name]
    done = {
        (line["arm"], line["seed"])
        for line in kept_lines.read(RECORD)
        if (line["table"], line["length"]) == (name, length)
    }
    for seed in range(experiment.lengths[length].seeds):
        for arm in arms or experiment.arms:
            if (arm, seed) not in done:
                out = folder / f"{name}-{length}-{arm.replace(', ', '-').replace(' ', '-')}-{seed}"
                line = {"table": name, "length": length, "arm": arm, "seed": seed}
                line |= made(out, experiment, experiment.arms[arm], experiment.lengths[length], seed)
                kept_lines.append(RECORD, line)
                print(line, flush=True)


def made(out: Path, experiment: Experiment, arm: Arm, length: Length, seed: int) -> dict[str, Any]:
    """What is recorded of a run."""
    broken = None
    try:
        if not (out / "run.json").is_file():
            options: dict[str, Any] = {"preset": "paper", "threads": 1, "quiet": True, **arm.options}
            train(arm.system, data=arm.data, out=out, seed=seed, **options, **length.settings)
        elif not Run.open(out).finished:
            resume(out, quiet=True)
    except TrainingError as error:
        broken = str(error).replace(str(out), "RUN")
    run = Run.open(out)
    findings = {row["finding"]: row["step"] for row in run.history() if row["kind"] == "finding"}
    return {
        "figures": {} if broken else figures(run, experiment),
        "findings": findings,
        "broken": broken,
        "steps": run.status["step"],
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "sparring": __version__,
    }


def figures(run: Run, experiment: Experiment) -> dict[str, float]:
    """The figures of a run's samples that the table shows."""
    samples = load(run).sample(experiment.samples, seed=0)
    shown = Dataset("samples", samples.columns, samples.told)
    found = evaluate_samples(shown, recorded_dataset(run), figures=experiment.figures).figures
    return {name: found[name].value for name in experiment.figures if name in found}


def write() -> None:
    """Write each table into its page."""
    lines = kept_lines.read(RECORD)
    for name, experiment in EXPERIMENTS.items():
        own = [line for line in lines if line["table"] == name]
        table = successes(experiment, own) if experiment.thresholds else comparison(experiment, own)
        page = experiment.page
        page.write_text(kept_lines.rewritten(page.read_text(), table or "Not run yet.\n"))


def comparison(experiment: Experiment, lines: Sequence[kept_lines.Line]) -> str:
    """A row for each arm and length of which there are runs; nothing where there are none."""
    published = [experiment.published] if experiment.published else []
    titles = ["runs of", "length", "seeds", "steps", *experiment.figures.values(), "findings", *published]
    rows = []
    for name, arm in experiment.arms.items():
        for length in experiment.lengths:
            runs = [line for line in lines if (line["arm"], line["length"]) == (name, length)]
            whole = [run for run in runs if not run["broken"]]
            if not runs:
                continue
            cells = [
                cell(figure, [run["figures"][figure] for run in whole if figure in run["figures"]])
                for figure in experiment.figures
            ]
            steps = f"{min(run['steps'] for run in runs):,}"
            found = sorted({finding for run in runs for finding in run["findings"]})
            ended = f"{len(runs) - len(whole)} broke; " if len(whole) < len(runs) else ""
            said = [name, length, str(len(runs)), steps, *cells, ended + (", ".join(found) or "none")]
            rows.append([*said, *([arm.published] if published else [])])
    return markdown(titles, rows) if rows else ""


def successes(experiment: Experiment, lines: Sequence[kept_lines.Line]) -> str:
    """How many architectures reach an FID with one objective, with the other, with both, with neither."""
    rows = []
    for length in experiment.lengths:
        fid = {
            line["arm"]: line["figures"].get("fid", float("inf"))
            for line in lines
            if line["length"] == length
        }
        pairs = [
            (fid[f"{n}, {GAN}"], fid[f"{n}, {WGAN_GP}"])
            for n in range(len(experiment.arms) // 2)
            if {f"{n}, {GAN}", f"{n}, {WGAN_GP}"} <= fid.keys()
        ]
        for threshold in experiment.thresholds if pairs else ():
            reached = [tuple(value <= threshold for value in pair) for pair in pairs]
            kinds = [(True, False), (False, True), (True, True), (False, False)]
            counts = [reached.count(kind) for kind in kinds]
            rows.append([length, f"{threshold:g}", *map(str, counts), f"{sign_test(*counts[:2]):.2g}"])
    titles = ["length", "FID at most", f"only {GAN}", f"only {WGAN_GP}", "both", "neither", "p, sign test"]
    return markdown(titles, rows) if rows else ""


def sign_test(one: int, other: int) -> float:
    """How likely it is that of so many cases one side has as few by chance, or the other."""
    cases = one + other
    tail = sum(math.comb(cases, few) for few in range(min(one, other) + 1)) / 2**cases
    return min(1.0, 2 * tail)


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(figure: str, values: Sequence[float]) -> str:
    """The mean over seeds with Student's interval, of shares that of their log-odds."""
    if not values:
        return "–"
    if figure not in SHARES:
        return kept_lines.interval(mean_over_seeds(values), ".3g")
    return f"{kept_lines.percent(values, '.1f')} %"


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["make", folder, name, length, *arms] if name in EXPERIMENTS:
            experiment = EXPERIMENTS[name]
            if length in experiment.lengths and {*arms} <= {*experiment.arms}:
                return make(Path(folder), name, length, arms)
        case ["write"]:
            return write()
    sys.exit(f"{__doc__}\nTables: {', '.join(EXPERIMENTS)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
