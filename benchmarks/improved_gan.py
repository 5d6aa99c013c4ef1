"""What a round of `improved-gan` takes, beside what its matrices alone would.

    OMP_NUM_THREADS=1 python benchmarks/improved_gan.py

Rounds through the engine, on MNIST with the system's own settings, alternate with products of two square
matrices of 1,000, whose rate is taken for the machine's peak. Printed are the medians over all blocks: a
round's milliseconds, the arithmetic of its matrices as torch counts it, the share of the peak that they come
to, and the shares of the round's time by kind of work, from a profile of rounds of their own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from sparring.data import load_dataset
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo.improved_gan import ImprovedGAN

SIDE = 1000
BLOCKS, ROUNDS, PRODUCTS = 16, 5, 10
PARTS = {
    "matrices": ("aten::mm", "aten::addmm"),
    "noise": ("aten::normal_", "aten::uniform_"),
    "optimisers": ("aten::_fused_adam_", "Optimizer.step", "aten::_foreach_add_"),
    "averages": ("aten::lerp_", "aten::_foreach_lerp_"),
    "lengths of weights": ("aten::linalg_vector_norm",),
}
"""Kinds of work, by the beginnings of their names in the profile; all else is elementwise or the engine's."""


def seconds(work: Callable[[], object], times: int) -> float:
    """How long one call takes, of so many in a row."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def shares(work: Callable[[], object]) -> dict[str, float]:
    """Shares of the time of some calls by kind of work."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(2 * ROUNDS):
            work()
    times = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    whole = sum(times.values())
    by_part = {
        part: sum(spent for key, spent in times.items() if key.startswith(beginnings)) / whole
        for part, beginnings in PARTS.items()
    }
    return by_part | {"all else": 1.0 - sum(by_part.values())}


def main() -> None:
    """Measure, and print."""
    torch.set_num_threads(1)
    here = Processes(torch.device("cpu"))
    engine = Engine(ImprovedGAN, ImprovedGAN.Settings(), load_dataset("mnist"), 10**6, 0, here)
    with FlopCounterMode(display=False) as counter:
        engine.play_round()
    arithmetic = counter.get_total_flops()
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    products, rounds = [], []
    for _ in range(BLOCKS):
        products.append(seconds(lambda: left @ right, PRODUCTS))
        rounds.append(seconds(engine.play_round, ROUNDS))
    peak = 2 * SIDE**3 / statistics.median(products)
    taken = statistics.median(rounds)
    print(f"a round: {1e3 * taken:.1f} ms, {arithmetic / 1e9:.2f} GFLOP of matrices")
    print(f"peak {peak / 1e9:.0f} GFLOP/s; share of it {arithmetic / taken / peak:.2f}")
    print(", ".join(f"{part} {share:.0%}" for part, share in shares(engine.play_round).items()))


if __name__ == "__main__":
    main()
