"""Bayesian GAN's synthetic experiment: ten generators against one, by the Jensen-Shannon divergence.

    python reproduction/bayesian_gan.py make FOLDER    # make the runs that are missing; go on any time
    python reproduction/bayesian_gan.py write          # the table in bayesian_gan.md

Data and divergence are those of the authors' code; networks are the zoo's small ones for points. Run folders
may be deleted once their lines are in bayesian_gan.jsonl.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kept_lines
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import gaussian_kde

from sparring import __version__
from sparring.loading import load
from sparring.runs.folder import Run
from sparring.training.resume import resume
from sparring.training.train import train

HERE = Path(__file__).parent
RECORD, PAGE = HERE / "bayesian_gan.jsonl", HERE / "bayesian_gan.md"
GENERATORS, SEEDS, STEPS = (1, 10), 5, 1000
CLUSTERS, POINTS, DIMENSIONS = 10, 10_000, 100
SAMPLES = 3000
"""Of the data and of a run, of which densities are estimated."""
GRID, MARGIN = 0.1, 3.0
"""Step of the grid on which densities are compared, and how far it goes beyond the data."""

Array = NDArray[np.float64]


def clusters() -> Array:
    """The data: ten clusters, each in a plane of its own in 100 dimensions, standardised (10,000, 100)."""
    chance = np.random.RandomState(1234)
    parts = []
    for _ in range(CLUSTERS):
        mean = 5 * chance.randn(2)
        plane = 5 * chance.randn(DIMENSIONS, 2)
        parts.append((chance.randn(POINTS // CLUSTERS, 2) + mean) @ plane.T)
    raw = np.concatenate(parts)
    return np.asarray((raw - raw.mean(0)) / raw.std(0))


def divergence(real: Array, made: Array) -> float:
    """Jensen-Shannon divergence, in nats, of kernel density estimates in the plane of the two principal
    components of the real points (count, D)."""
    centre = real.mean(0)
    axes = np.linalg.svd(real - centre, full_matrices=False)[2][:2].T
    seen = (real - centre) @ axes
    lines = [
        np.arange(low - MARGIN, high + MARGIN, GRID)
        for low, high in zip(seen.min(0), seen.max(0), strict=True)
    ]
    grid = np.stack(np.meshgrid(*lines)).reshape(2, -1)
    densities = [
        gaussian_kde(points[np.random.RandomState(0).permutation(len(points))[:SAMPLES]].T)(grid)
        for points in (seen, (made - centre) @ axes)
    ]
    return float(jensenshannon(*densities) ** 2)


def make(folder: Path) -> None:
    """Make the runs that have no line in the record, those of a seed before those of the next."""
    done = {(line["generators"], line["seed"], line["steps"]) for line in kept_lines.read(RECORD)}
    folder.mkdir(parents=True, exist_ok=True)
    real, data = clusters(), folder / "clusters.npz"
    if not data.is_file():
        np.savez(data, points=real.astype(np.float32))
    for seed in range(SEEDS):
        for generators in GENERATORS:
            if (generators, seed, STEPS) in done:
                continue
            out = folder / f"{generators}-{STEPS}-{seed}"
            if not (out / "run.json").is_file():
                options: dict[str, Any] = {"preset": "points", "latent_size": 10, "generators": generators}
                options |= {"max_steps": STEPS, "seed": seed, "threads": 1, "health_every": 0, "quiet": True}
                train("bayesian-gan", data=f"npz:{data}", out=out, **options)
            elif not Run.open(out).finished:
                resume(out, quiet=True)
            made = load(out).sample(SAMPLES, seed=0).examples.double().numpy()
            line = {"generators": generators, "seed": seed, "steps": STEPS, "jsd": divergence(real, made)}
            kept_lines.append(
                RECORD, line | {"date": f"{datetime.now(UTC):%Y-%m-%d}", "sparring": __version__}
            )
            print(line, flush=True)


def table(lines: Sequence[kept_lines.Line]) -> str:
    """The table as Markdown, with a row for each seed, and how often ten are better."""
    found = {(line["generators"], line["seed"]): line["jsd"] for line in lines if line["steps"] == STEPS}
    seeds = [seed for seed in range(SEEDS) if all((each, seed) in found for each in GENERATORS)]
    rows = ["| seed | 1 generator | 10 generators |", "|---|---|---|"]
    rows += [f"| {seed} | {found[1, seed]:.3f} | {found[10, seed]:.3f} |" for seed in seeds]
    better = sum(found[10, seed] < found[1, seed] for seed in seeds)
    return (
        "\n".join(rows)
        + f"\n\nTen generators have the lesser divergence with {better} of {len(seeds)} seeds.\n"
    )


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
