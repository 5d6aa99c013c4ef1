"""Rounds of whole systems with channels side by side where that is faster, against rounds without.

    OMP_NUM_THREADS=1 python benchmarks/orders.py

Both are the same engine; for the others the function that puts them so is switched off. Printed is the
median, over blocks in turn, of the time without over that with, with quartiles. Images are random.
"""

from __future__ import annotations

from functools import partial
from unittest.mock import patch

import pairs
import torch

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Images
from sparring.kept_memory import memory_kept
from sparring.nn import convolution
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo import find_system

PAIRS, ROUNDS = 16, 4
CASES = {"r3gan": (3, 64, 64), "r3gan narrow": (3, 64, 64), "began": (1, 28, 28)}
"""Shapes of the images, by system; `narrow` has the smallest networks that it has by rule."""


def engine_of(name: str, shape: tuple[int, int, int]) -> Engine:
    """A system with what it chooses by rule for such images: the widths between, or the smallest."""
    images = torch.randint(0, 256, (2000, *shape), dtype=torch.uint8)
    dataset = Dataset("random", Column(Images(shape), images))
    system, _, narrow = name.partition(" ")
    game = find_system(system)
    sizes = game.recommended(dataset.spec)
    settings = game.Settings.of(sizes[-1 if narrow else len(sizes) // 2].settings, system)
    return Engine(game, settings, dataset, 10**6, 0, Processes(torch.device("cpu")))


def rounds(engine: Engine) -> None:
    """Some rounds."""
    for _ in range(ROUNDS):
        engine.play_round()


def rounds_without(engine: Engine) -> None:
    """The same with maps left as they are."""
    with patch.object(convolution, "laid_out", lambda layer, maps: maps):
        rounds(engine)


@memory_kept()
def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    for name, shape in CASES.items():
        engine = engine_of(name, shape)
        rounds(engine)
        found = pairs.ratios(partial(rounds_without, engine), partial(rounds, engine), PAIRS)
        print(f"{name}: {pairs.summary(found)} times as fast", flush=True)


if __name__ == "__main__":
    main()
