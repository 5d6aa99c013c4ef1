"""PacGAN's table 1: modes of ring and grid found by a GAN, and by the same with packs of 2 and of 4.

    python reproduction/pacgan.py make FOLDER short|full    # make the runs that are missing; go on any time
    python reproduction/pacgan.py write                     # the table in pacgan.md

Networks, data, optimisers and the figures' definitions are the paper's (see packed_points.py). `full` is its
length as well, 400,000 steps, with ten seeds; `short` is a fiftieth of that, with three. Run folders may be
deleted once their lines are in pacgan.jsonl.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines

from sparring import __version__
from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.evaluation.evaluate import evaluate_samples
from sparring.model import load
from sparring.reporting.statistics import mean_over_seeds
from sparring.runs.folder import Run
from sparring.training.train import resume, train

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "pacgan.jsonl", HERE / "pacgan.md"
SYSTEM = f"{HERE / 'packed_points.py'}:PackedPoints"
PACKS = 100
"""Packs in a batch."""
SAMPLES = 2500
FIGURES = ("modes", "high_quality_share", "reverse_kl")


@dataclass(frozen=True)
class Length:
    """How long each run is, and how many there are."""

    steps: int
    seeds: int


LENGTHS = {"short": Length(8_000, 3), "full": Length(400_000, 10)}
PUBLISHED = {
    ("ring", 1): "6.3 ± 0.5, 98.2 ± 0.2 %, 0.45 ± 0.09",
    ("ring", 2): "7.9 ± 0.1, 95.6 ± 2.0 %, 0.07 ± 0.03",
    ("ring", 4): "7.8 ± 0.1, 95.9 ± 1.4 %, 0.07 ± 0.02",
    ("grid", 1): "17.3 ± 0.8, 94.8 ± 0.7 %, 0.70 ± 0.07",
    ("grid", 2): "23.8 ± 0.7, 91.3 ± 0.8 %, 0.13 ± 0.04",
    ("grid", 4): "24.8 ± 0.2, 93.6 ± 0.6 %, 0.04 ± 0.01",
}
"""Modes, share within three deviations, reverse KL: of ten trials, with standard errors."""


def make(folder: Path, length: str) -> None:
    """Make the runs of a length that have no line in the record, those of a seed before those of the next."""
    steps, seeds = LENGTHS[length].steps, LENGTHS[length].seeds
    done = {(line["data"], line["packing"], line["steps"], line["seed"]) for line in kept_lines.read(RECORD)}
    for seed in range(seeds):
        for data, packing in PUBLISHED:
            if (data, packing, steps, seed) in done:
                continue
            out = folder / f"{data}-{packing}-{steps}-{seed}"
            if not (out / "run.json").is_file():
                options: dict[str, Any] = {"preset": "paper", "max_steps": steps, "seed": seed, "threads": 1}
                options |= {"packing": packing, "batch_size": PACKS * packing, "history_every": 500}
                train(SYSTEM, data=data, out=out, health_every=0, quiet=True, **options)
            elif not Run.open(out).finished:
                resume(out, quiet=True)
            line = {
                "data": data,
                "packing": packing,
                "steps": steps,
                "seed": seed,
                "figures": figures(out, data),
            }
            kept_lines.append(
                RECORD, line | {"date": f"{datetime.now(UTC):%Y-%m-%d}", "sparring": __version__}
            )
            print(line, flush=True)


def figures(out: Path, data: str) -> dict[str, float]:
    """The paper's figures of a run."""
    samples = load(out).sample(SAMPLES, seed=0)
    shown = Dataset("samples", samples.columns, samples.told)
    found = evaluate_samples(shown, load_dataset(data), figures=FIGURES).figures
    return {name: found[name].value for name in FIGURES}


def table(lines: Sequence[kept_lines.Line]) -> str:
    """The table as Markdown, with a row for each data, packing and length of which there are runs."""
    rows = [
        "| data | packing | steps | seeds | modes | good, % | reverse KL | published, 400,000 steps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (data, packing), published in PUBLISHED.items():
        for name, length in LENGTHS.items():
            wanted = (data, packing, length.steps)
            runs = [line for line in lines if (line["data"], line["packing"], line["steps"]) == wanted]
            if not runs:
                continue
            cells = [cell([run["figures"][figure] for run in runs], figure) for figure in FIGURES]
            said = f"{length.steps:,}" + (" (short)" if name == "short" else "")
            words = [data, str(packing), said, str(len(runs)), *cells, published]
            rows.append(f"| {' | '.join(words)} |")
    return "\n".join(rows) + "\n" if len(rows) > 2 else ""


def cell(values: Sequence[float], figure: str) -> str:
    """The mean over seeds with Student's interval."""
    factor, digits = (100, 1) if figure == "high_quality_share" else (1, 2 if figure == "reverse_kl" else 1)
    return kept_lines.interval(mean_over_seeds([factor * value for value in values]), f".{digits}f")


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["make", folder, length] if length in LENGTHS:
            make(Path(folder), length)
        case ["write"]:
            kept_lines.write(PAGE, RECORD, table)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
