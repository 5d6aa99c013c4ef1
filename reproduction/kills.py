"""Kills: a training that is killed over and over is, bit for bit, the training that never was.

    python reproduction/kills.py FOLDER [KILLS]      # by default 100; a row of kills.md in the end

Every run is killed five times with SIGKILL, at moments that a seed decides: while it imports, trains, saves
itself or draws. Half of the runs meet a loss that is no number, twice, and go back. What is left in the end
is compared with one run of each kind that nobody killed: networks, optimisers, all else in the newest
checkpoint, the history, what roll-backs put aside, the pictures.
"""

from __future__ import annotations

import json
import math
import platform
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from sparring.game import Batch, Terms, Turn
from sparring.randomness import derived_seed
from sparring.runs.folder import Run
from sparring.settings import Natural
from sparring.zoo.wgan import WGAN

HERE = Path(__file__)
RECORD = HERE.with_suffix(".md")
KILLS_OF_A_RUN = 5
STEPS = 1500
SECONDS = (0.0, 2.5)
"""Between its first line, or the start of its process, and the moment at which a run is killed."""


class Trembling(WGAN):
    """A wgan one of whose losses is no number at a step, as long as the noise is that of the beginning; and
    at a later step once more, with the noise after the first roll-back."""

    @dataclass(frozen=True)
    class Settings(WGAN.Settings):
        """When it breaks."""

        break_at: Natural = 0
        """The first time; 0 for never."""
        break_again_at: Natural = 0
        """The second time."""

    settings: Settings

    def round(self) -> list[Turn]:
        """The turns of a wgan."""
        noises = [self.random.seed, derived_seed(self.random.seed, "roll-back 1")]
        places = [self.settings.break_at, self.settings.break_again_at]

        def broken(turn: Turn) -> Turn:
            def loss(*batches: Batch) -> Terms:
                breaks = (self.random.seed, self.step) in zip(noises, places, strict=True) and self.step > 0
                terms = turn.loss(*batches)
                return Terms(**{name: term * math.nan if breaks else term for name, term in terms.items()})

            return replace(turn, loss=loss)

        first, *others = super().round()
        return [broken(first), *others]


def command(out: Path, breaks: bool) -> list[str]:
    """The training of a run."""
    places = ["--break-at", "310", "--break-again-at", "690"] if breaks else []
    return [
        *[
            "train",
            f"{HERE.resolve()}:Trembling",
            "--data",
            "ring",
            "--out",
            str(out),
            "--max-steps",
            str(STEPS),
        ],
        *["--health-every", "20", "--history-every", "7", "--threads", "1", "--on-unhealthy", "rollback"],
        *["--checkpoint-minutes", "0.0001", "--n-critic", "1", *places],
    ]


def started(words: list[str]) -> subprocess.Popen[str]:
    """A process of sparring."""
    return subprocess.Popen(
        [sys.executable, "-m", "sparring", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def killed(words: list[str], dice: random.Random) -> str:
    """Start a process and kill it; where it was, in words."""
    process = started(words)
    assert process.stdout is not None
    importing = dice.random() < 0.2
    while not importing and not process.stdout.readline().startswith(("Training", "Resuming")):
        assert process.poll() is None, "it ended by itself"
    time.sleep(dice.uniform(*SECONDS))
    process.kill()
    process.communicate()
    if process.returncode == 0:
        return "had ended"
    return "importing" if importing else "training"


def survivor(folder: Path, breaks: bool, dice: random.Random) -> Iterator[str]:
    """Train a run that is killed over and over, and let it end; where each kill met it."""
    for _ in range(KILLS_OF_A_RUN):
        begun = (folder / "run.json").exists()
        place = killed(["resume", str(folder)] if begun else command(folder, breaks), dice)
        backs = sum(event["event"] == "rolled back" for event in Run(folder).events())
        yield f"{place} after {backs} roll-back{'s' * (backs != 1)}" if backs else place
    last = started(["resume", str(folder)] if (folder / "run.json").exists() else command(folder, breaks))
    said, _ = last.communicate()
    assert last.returncode == 0, said


def contents(folder: Path) -> dict[str, Any]:
    """All that must be the same."""
    run = Run.open(folder)
    newest = folder / "checkpoints" / f"step-{run.checkpoints.steps()[-1]:08d}"
    files = [*newest.glob("*.safetensors"), folder / "history.jsonl", folder / "samples.png"]
    files += [*(folder / "samples").iterdir(), *folder.glob("before-rollback-*.jsonl")]
    found: dict[str, Any] = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    return found | {"state": json.loads((newest / "state.json").read_text())["parts"]}


def campaign(folder: Path, kills: int) -> None:
    """Kill, compare, and write a row of the record."""
    dice, began = random.Random(0), time.monotonic()
    whole: dict[bool, dict[str, Any]] = {}
    for breaks in (False, True):
        path = folder / f"whole-{breaks}"
        subprocess.run([sys.executable, "-m", "sparring", *command(path, breaks), "--quiet"], check=True)
        whole[breaks] = contents(path)
        backs = [event for event in Run.open(path).events() if event["event"] == "rolled back"]
        assert len(backs) == 2 * breaks, backs
    places: list[str] = []
    differing: list[str] = []
    backs_of_killed = 0
    for number in range(kills // KILLS_OF_A_RUN):
        path, breaks = folder / f"run-{number}", number % 2 == 1
        for place in survivor(path, breaks, dice):
            places.append(place)
            print(f"run {number}, {'with' if breaks else 'without'} roll-backs: {place}", flush=True)
        found = contents(path)
        names = sorted(
            name for name in found.keys() | whole[breaks].keys() if found.get(name) != whole[breaks].get(name)
        )
        differing += [f"run {number}: {', '.join(names)}"] * bool(names)
        backs_of_killed += breaks
    runs = kills // KILLS_OF_A_RUN
    met = ", ".join(f"{places.count(place)} {place}" for place in sorted(set(places)))
    versions = f"torch {torch.__version__}, {platform.machine()}, {(time.monotonic() - began) / 60:.0f} min"
    cells = [f"{datetime.now(UTC):%Y-%m-%d}", kills, met, runs, backs_of_killed, len(differing), versions]
    row = f"| {' | '.join(map(str, cells))} |\n"
    print(row, *differing, sep="\n")
    with RECORD.open("a", encoding="utf-8") as record:
        record.write(row)
    sys.exit(bool(differing))


if __name__ == "__main__":
    campaign(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
