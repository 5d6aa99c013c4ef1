"""A round of the listing's ACGAN here against the same in Keras, with its networks and batches.

    python benchmarks/acgan.py KERAS_PYTHON [--bf16] [--blocks 6]

KERAS_PYTHON is the Python of an environment that has Keras and a backend. Each of the two is a process of
its own, with the threads that it takes by itself; blocks of rounds go in turn. Printed are the median seconds
of a round of each, and the median ratio of neighbouring blocks with its quartiles. Nothing else should be
running.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Annotated

import pairs
import torch
import tyro

from sparring.data import load_dataset
from sparring.kept_memory import memory_kept
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.training.precision import Precision
from sparring.zoo import find_system

PEER = Path(__file__).with_name("peers") / "acgan_keras.py"
ROUNDS = 2
"""Rounds in a block."""


class Ours:
    """The same through the engine."""

    def __init__(self, bf16: bool) -> None:
        game = find_system("acgan")
        here = Processes(torch.device("cpu"))
        precision = Precision("bf16" if bf16 else "float32")
        self.engine = Engine(
            game, game.Settings(), load_dataset("mnist"), 10**6, 0, here, precision=precision
        )
        self.block()

    def block(self) -> float:
        """Seconds of a round."""
        began = time.perf_counter()
        for _ in range(ROUNDS):
            self.engine.play_round()
        return (time.perf_counter() - began) / ROUNDS


@memory_kept()
def main(keras_python: Annotated[str, tyro.conf.Positional], bf16: bool = False, blocks: int = 6) -> None:
    """Measure and print."""
    ours, keras = Ours(bf16), pairs.Other(keras_python, str(PEER), quiet=True)
    # Its first answer comes when it is ready.
    keras.block(ROUNDS)
    times = [(ours.block(), *keras.block(ROUNDS)) for _ in range(blocks)]
    ratios = [theirs / own for own, theirs in times]
    low, middle, high = statistics.quantiles(ratios, n=4)
    own, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"here {own:.3f} s, Keras {theirs:.3f} s: {middle:.2f} times as fast ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
