"""What a round of `improved-gan` takes, beside what its matrices alone would.

    OMP_NUM_THREADS=1 python benchmarks/improved_gan.py

Rounds through the engine, on MNIST with the system's own settings, alternate with products of two square
matrices of 1,000, whose rate is taken for the machine's peak. Printed are the medians over all blocks: a
round's milliseconds, the arithmetic of its matrices as torch counts it, the share of the peak that they come
to, and the shares of the round's time by kind of work, from a profile of rounds of their own.
"""

from __future__ import annotations

import statistics

import roofline
import torch

from sparring.data import load_dataset
from sparring.kept_memory import memory_kept
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo.improved_gan import ImprovedGAN

BLOCKS, ROUNDS = 16, 5
PARTS = {
    "matrices": ("aten::mm", "aten::addmm"),
    "noise": ("aten::normal_", "aten::uniform_"),
    "optimisers": ("aten::_fused_adam_", "Optimizer.step", "aten::_foreach_add_"),
    "averages": ("aten::lerp_", "aten::_foreach_lerp_"),
    "lengths of weights": ("aten::linalg_vector_norm",),
}
"""Kinds of work, by the beginnings of their names in the profile; all else is elementwise or the engine's."""


@memory_kept()
def main() -> None:
    """Measure, and print."""
    torch.set_num_threads(1)
    here = Processes(torch.device("cpu"))
    engine = Engine(ImprovedGAN, ImprovedGAN.Settings(), load_dataset("mnist"), 10**6, 0, here)
    arithmetic = roofline.arithmetic(engine.play_round)
    peaks, rounds = [], []
    for _ in range(BLOCKS):
        peaks.append(roofline.peak())
        rounds.append(roofline.seconds(engine.play_round, ROUNDS))
    peak, taken = statistics.median(peaks), statistics.median(rounds)
    print(f"a round: {1e3 * taken:.1f} ms, {arithmetic / 1e9:.2f} GFLOP of matrices")
    print(f"peak {peak / 1e9:.0f} GFLOP/s; share of it {arithmetic / taken / peak:.2f}")
    found = roofline.shares(engine.play_round, 2 * ROUNDS, PARTS)
    print(", ".join(f"{part} {share:.0%}" for part, share in found.items()))


if __name__ == "__main__":
    main()
