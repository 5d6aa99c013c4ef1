"""Whether generated images help a classifier beside the few real ones that their generator learned from.

    python reproduction/augmentation.py make FOLDER    # make the runs that are missing; go on any time
    python reproduction/augmentation.py table          # the table in augmentation.md

The classifier is the one by which `evaluate` measures classification accuracy. Run folders may be deleted
once their lines are in augmentation.jsonl.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines
import numpy as np
import torch

from sparring import __version__
from sparring.data import load_dataset
from sparring.data.dataset import Dataset
from sparring.data.few_labels import chosen_evenly
from sparring.evaluation.fitting import accuracy, fit
from sparring.loading import load
from sparring.randomness import Randomness
from sparring.reporting.statistics import Spread, mean_over_seeds
from sparring.runs.folder import Run
from sparring.training.resume import resume
from sparring.training.train import train

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "augmentation.jsonl", HERE / "augmentation.md"
COUNTS, SEEDS = (100, 1_000, 10_000), 3
STEPS = 1_500
"""Of the GAN."""
EPOCHS = 6
"""Of a classifier, over twice as many images as are generated."""
GENERATED = 10_000


def make(folder: Path) -> None:
    """Make the runs that have no line in the record, those of a seed before those of the next."""
    done = {(line["real"], line["seed"], line["steps"]) for line in kept_lines.read(RECORD)}
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(SEEDS):
        for count in COUNTS:
            if (count, seed, STEPS) in done:
                continue
            line = {"real": count, "seed": seed, "steps": STEPS, **errors(folder, count, seed)}
            kept_lines.append(
                RECORD, line | {"date": f"{datetime.now(UTC):%Y-%m-%d}", "sparring": __version__}
            )
            print(line, flush=True)


def errors(folder: Path, count: int, seed: int) -> dict[str, float]:
    """The test error of a classifier of so many real digits, alone and with those of a GAN."""
    digits = load_dataset("mnist")
    real = digits[chosen_evenly(digits, count, seed)]
    samples = load(trained(folder, real, seed)).sample(GENERATED, seed=seed)
    images, labels = real.examples.values, real.condition.values
    # Of either as many, so that half of what the classifier sees is real.
    repeats = -(-GENERATED // count)
    together = torch.cat([images.repeat(repeats, 1, 1, 1), samples.examples])
    labels_of_both = torch.cat([labels.repeat(repeats), samples.condition])
    return {
        "alone": error(images.repeat(2 * repeats, 1, 1, 1), labels.repeat(2 * repeats), digits, seed),
        "with_generated": error(together, labels_of_both, digits, seed),
    }


def trained(folder: Path, real: Dataset, seed: int) -> Path:
    """The folder of a GAN that has learned from some digits alone."""
    data, out = folder / f"{len(real)}-{seed}.npz", folder / f"{len(real)}-{seed}-{STEPS}"
    if not data.is_file():
        np.savez(data, images=real.examples.values[:, 0].numpy(), labels=real.condition.values.numpy())
    if not (out / "run.json").is_file():
        options: dict[str, Any] = {"preset": "digits", "max_steps": STEPS, "seed": seed, "threads": 1}
        train("r3gan", data=f"npz:{data}", out=out, health_every=0, quiet=True, **options)
    elif not Run.open(out).finished:
        resume(out, quiet=True)
    return out


def error(images: torch.Tensor, labels: torch.Tensor, digits: Dataset, seed: int) -> float:
    """The test error of a classifier of some images, which are as many for all."""
    assert digits.held_out is not None
    network = digits.examples.kind.small_classifier(digits.condition.kind.classes, seed)
    assert network is not None
    fit(network, images, labels, randomness=Randomness(seed), epochs=EPOCHS)
    return 1 - accuracy(network, digits.held_out.examples.values, digits.held_out.condition.values)


def table(lines: Sequence[kept_lines.Line]) -> str:
    """The table as Markdown, with a row for each number of real digits."""
    rows = ["| real | seeds | real alone | with generated | difference | |", "|---|---|---|---|---|---|"]
    for count in COUNTS:
        runs = [line for line in lines if (line["real"], line["steps"]) == (count, STEPS)]
        if runs:
            differences = [run["with_generated"] - run["alone"] for run in runs]
            columns = [[run[name] for run in runs] for name in ("alone", "with_generated")]
            apart = mean_over_seeds([100 * number for number in differences])
            cells = [
                *(kept_lines.percent(each, ".2f") for each in columns),
                kept_lines.interval(apart, ".2f"),
            ]
            rows.append(f"| {count:,} | {len(runs)} | {' | '.join(cells)} | {said(apart)} |")
    return "\n".join(rows) + "\n" if len(rows) > 2 else ""


def said(difference: Spread) -> str:
    """What a difference of errors comes to."""
    if difference.low is None or difference.high is None:
        return "one seed says nothing"
    if difference.low <= 0 <= difference.high:
        return "no difference is shown"
    return "generated digits help" if difference.value < 0 else "generated digits harm"


def main(words: Sequence[str]) -> None:
    """Carry out one of the two commands."""
    match list(words):
        case ["make", folder]:
            make(Path(folder))
        case ["table"]:
            kept_lines.write(PAGE, RECORD, table)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
