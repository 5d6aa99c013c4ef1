"""Why are nearly all of BEGAN's samples ones? Variants of it that each take away one possible reason.

    python reproduction/began.py make FOLDER    # train and evaluate what is missing; go on any time
    python reproduction/began.py write          # the table in began.md

Of each run a line is kept in began.jsonl: how many of the samples are which digit, as a classifier sees them,
and what the run's autoencoder pays for real digits of each class.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines
import torch

from sparring import __version__
from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.evaluation.evaluate import evaluate_samples
from sparring.loading import load
from sparring.reporting.statistics import mean_over_seeds
from sparring.runs.folder import Run
from sparring.training.resume import resume
from sparring.training.train import train

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "began.jsonl", HERE / "began.md"
SYSTEM = f"{HERE / 'began_variants.py'}:Variant"
STEPS, SEEDS, SAMPLES, REAL = 1600, range(3), 2500, 3000
OPTIONS: dict[str, Any] = {"preset": "digits", "width": 8, "max_steps": STEPS, "threads": 1, "quiet": True}
VARIANTS: dict[str, dict[str, Any]] = {
    "the preset": {},
    "thin and thick cost the same": {"even": True},
    "codes keep noise apart": {"constraint": 0.1},
    "codes keep images apart": {"pull_away": 0.1},
    "codes keep both apart": {"constraint": 0.1, "pull_away": 0.1},
    "told the digit": {"conditioning": True},
    "gamma 0.5": {"gamma": 0.5},
    "k at the paper's rate": {"k_rate": 0.001},
}
"""Settings that are changed, by what the change means."""
FIGURES = ("fid", "modes", "reverse_kl", "high_quality_share", "coverage")


def make(folder: Path) -> None:
    """Make the runs that have no line in the record, those of a seed before those of the next."""
    done = {(line["variant"], line["seed"]) for line in kept_lines.read(RECORD)}
    data = load_dataset("mnist")
    for seed in SEEDS:
        for name, settings in VARIANTS.items():
            if (name, seed) in done:
                continue
            out = folder / f"{name.replace(' ', '-')}-{seed}"
            if not (out / "run.json").is_file():
                train(SYSTEM, data="mnist", **{**OPTIONS, **settings}, seed=seed, out=out)
            elif not Run.open(out).finished:
                resume(out, quiet=True)
            line = {"variant": name, "settings": settings, "seed": seed, **found(out, data)}
            line |= {"steps": STEPS, "date": f"{datetime.now(UTC):%Y-%m-%d}", "sparring": __version__}
            kept_lines.append(RECORD, line)
            print(name, seed, line["figures"], flush=True)


def found(out: Path, data: Dataset) -> dict[str, Any]:
    """Figures, digits and costs of a run."""
    model = load(out)
    samples = model.sample(SAMPLES, seed=0)
    shown = Dataset("samples", samples.columns, samples.told)
    figures = evaluate_samples(shown, data, figures=FIGURES).figures
    game: Any = model.game
    return {
        "figures": {name: figures[name].value for name in FIGURES},
        # What is told each digit has no cost without it.
        "cost_of_digits": [] if game.conditional else costs_of_digits(game, data),
        "finished_k": round(float(game.k), 4),
    }


@torch.no_grad()
def costs_of_digits(game: Any, data: Dataset) -> list[float]:
    """The mean squared error of a run's autoencoder for held-out digits, 0 to 9."""
    held_out = data.in_range(*game.value_range).held_out
    assert held_out is not None
    examples, digits = held_out.examples.encoded()[:REAL], held_out.condition.values[:REAL]
    costs = (examples - game.discriminator(examples)).square().flatten(1).mean(1)
    return [round(costs[digits == digit].mean().item(), 5) for digit in range(10)]


def table(lines: Sequence[kept_lines.Line]) -> str:
    """A row for each variant, as Markdown; nothing where there are no runs."""
    rows = []
    for name, settings in VARIANTS.items():
        runs = [line for line in lines if line["variant"] == name]
        if not runs:
            continue
        cells = [cell([run["figures"][figure] for run in runs]) for figure in FIGURES]
        costs = [run["cost_of_digits"] for run in runs if run["cost_of_digits"]]
        ratio = cell([each[1] * len(each) / sum(each) for each in costs]) if costs else "–"
        flags = ", ".join(f"{flag} {value}" for flag, value in settings.items()) or "–"
        rows.append(f"| {' | '.join([name, flags, str(len(runs)), *cells, ratio])} |")
    if not rows:
        return ""
    titles = ["variant", "settings", "seeds", *FIGURES, "cost of a real one, of a digit's mean"]
    return "\n".join([f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *rows]) + "\n"


def cell(values: Sequence[float]) -> str:
    """The mean over seeds with Student's interval."""
    return kept_lines.interval(mean_over_seeds(values), ".3g")


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["make", folder]:
            make(Path(folder))
        case ["write"]:
            kept_lines.write(PAGE, RECORD, table)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
