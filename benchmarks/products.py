"""Rounds of whole systems with matrices multiplied by oneDNN, against rounds by the library torch takes.

    OMP_NUM_THREADS=1 python benchmarks/products.py [SYSTEM@DATA ...]

Both are the same engine. Printed are the multiplications of the largest product, whether the rule takes
oneDNN there, and the median, over blocks in turn, of the time without over that with, with quartiles.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial

import pairs
import torch

from sparring.data import load_dataset
from sparring.kept_memory import memory_kept
from sparring.nn.products import has_large_products, largest_product, onednn_multiplies
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo import find_system

PAIRS, SECONDS = 12, 0.3
"""Blocks of either kind, and how long one takes."""
CASES = (
    *(f"{name}@mnist" for name in ("gan", "dcgan-tflearn", "acgan", "dcgan", "wgan-gp", "began", "r3gan")),
    *(f"{name}@mnist" for name in ("improved-gan", "bad-gan")),
    *(f"{name}@ring" for name in ("dcgan", "wgan", "wgan-gp", "r3gan")),
)


def engine_of(case: str) -> Engine:
    """A system on some data, with the settings of its paper."""
    system, _, data = case.partition("@")
    game = find_system(system)
    return Engine(game, game.Settings(), load_dataset(data), 10**6, 0, Processes(torch.device("cpu")))


def rounds(engine: Engine, count: int, onednn: bool) -> None:
    """So many rounds, by one of the two libraries."""
    engine.onednn = onednn
    for _ in range(count):
        engine.play_round()


@memory_kept()
def main(cases: Sequence[str]) -> None:
    """Measure and print."""
    if not onednn_multiplies():
        print("On this processor matrices are multiplied by the library that torch takes by itself.")
        return
    for case in cases or CASES:
        engine = engine_of(case)
        largest = largest_product(engine.game, engine.batch_size)
        taken = "taken" if has_large_products(engine.game, engine.batch_size) else "not taken"
        rounds(engine, 1, True)
        began = time.perf_counter()
        rounds(engine, 1, False)
        count = max(1, round(SECONDS / (time.perf_counter() - began)))
        found = pairs.ratios(
            partial(rounds, engine, count, False), partial(rounds, engine, count, True), PAIRS
        )
        print(
            f"{case}: {largest / 1e6:.1f} million, {taken}: {pairs.summary(found)} times as fast", flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
