"""A grid of 10 x 10 Gaussians by `r3gan` and by particlegan, on the latter's own terms.

    OMP_NUM_THREADS=1 python benchmarks/points.py PARTICLEGAN_PYTHON [--seeds 5] [--steps 7000] [--whole]

PARTICLEGAN_PYTHON is the Python of an environment with particlegan; its set-up is in `peers/particles.py`.
Its gate is all 100 modes, and as many samples within three standard deviations of one as true ones have,
98.9 %, after 7,000 updates. Ours is planned for so many steps from the beginning, with what is chosen by rule
for modes; its samples are looked at once, at the end. The peer then has as many seconds, and with --whole all
of its updates, which is a matter of hours; it is looked at on the way as well. Printed is its last look, and
the first from which on each later one has all modes and as large a share of good samples as ours at its end.
Seconds are of training alone, of one thread; seeds take turns. Nothing else should be running.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro

import sparring
from sparring.data.truth import Mixture

PEER = Path(__file__).with_name("peers") / "particles.py"
SIDE, DEVIATION, SAMPLES = 10, 0.03, 10_000
UPDATES, LOOK = 7000, 50
"""The peer's updates, and those from one of its looks to the next."""


@dataclass(frozen=True)
class Look:
    """Samples at some point of a run, judged."""

    steps: int
    seconds: float
    modes: int
    """Modes with a good sample."""
    good: float
    """Share of good samples."""

    def __str__(self) -> str:
        return f"{self.steps:,} steps, {self.seconds:.0f} s: {self.modes} modes, {self.good:.2%} good"


def grid() -> Mixture:
    """Centres 1 apart."""
    places = torch.arange(SIDE) - (SIDE - 1) / 2
    return Mixture(torch.cartesian_prod(places, places), DEVIATION)


def look(samples: torch.Tensor, steps: int, seconds: float) -> Look:
    """Judge samples."""
    modes = grid().mode_of(samples)
    good = modes[modes >= 0]
    return Look(steps, seconds, len(good.unique()), len(good) / len(modes))


def ours(seed: int, steps: int, folder: Path) -> Look:
    """The end of a run."""
    data = folder / "grid.json"
    data.write_text(json.dumps({"means": grid().means.tolist(), "deviation": DEVIATION}))
    out = folder / f"ours-{seed}"
    run = sparring.train(
        "r3gan", data=f"mixture:{data}", max_steps=steps, seed=seed, out=out, threads=1, quiet=True
    )
    samples = sparring.load(run).sample(SAMPLES, seed=0).examples
    return look(samples, steps, run.status["seconds"])


def theirs(python: str, seed: int, seconds: float, folder: Path) -> list[Look]:
    """All looks at a run of the peer's, of at most so many seconds or a little more."""
    command = [python, str(PEER), *map(str, (seed, UPDATES, seconds, LOOK, folder))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        look(torch.from_numpy(np.load(each["samples"])), each["updates"], each["seconds"]) for each in lines
    ]


def first_as_good(looks: Sequence[Look], wanted: Look) -> Look | None:
    """The first of the last looks that all are as good, if there is one."""
    found = None
    for each in reversed(looks):
        if each.modes < wanted.modes or each.good < wanted.good:
            break
        found = each
    return found


def main(
    particlegan_python: Annotated[str, tyro.conf.Positional],
    seeds: int = 5,
    steps: int = 7000,
    whole: bool = False,
) -> None:
    """Train, and print."""
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            own = ours(seed, steps, Path(folder))
            looks = theirs(particlegan_python, seed, math.inf if whole else own.seconds, Path(folder))
        equal = first_as_good(looks, own)
        print(f"seed {seed}, here: {own}")
        print(f"  particlegan at its end: {looks[-1]}; as good as ours: {equal or 'never'}", flush=True)


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
