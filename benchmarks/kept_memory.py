"""Rounds of systems where freed memory stays with the process, against rounds where the allocator decides.

    OMP_NUM_THREADS=1 python benchmarks/kept_memory.py [CASE ...]

Cases are those of `zoo.py`. Each of the two is a process of its own; blocks of rounds go in turn. Printed are
the median, over pairs of blocks, of the time without over that with, with quartiles, the pages faulted in per
round, and the largest memory of each process. Nothing else should be running.
"""

from __future__ import annotations

import resource
import statistics
import sys
from collections.abc import Sequence
from contextlib import nullcontext

import pairs
import roofline
import torch
import zoo

from sparring.kept_memory import glibc, memory_kept

BLOCKS, SECONDS = 8, 1.0
"""Blocks of each, and about how long one takes."""
KEPT = "--kept"
INSIDE = ("--given-back", KEPT)
CASES = ("gan", "dcgan-tflearn", "acgan", "dcgan", "wgan", "wgan-gp", "began", "r3gan", "improved-gan")


def inside(case: str, kept: bool) -> None:
    """Play as many rounds as each line of the input says, and print how long one took and its faults."""
    torch.set_num_threads(1)
    engine, _ = zoo.both(zoo.CASES[case])
    with memory_kept() if kept else nullcontext():
        roofline.seconds(engine.play_round, 2)
        for line in sys.stdin:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            taken = roofline.seconds(engine.play_round, int(line))
            used = resource.getrusage(resource.RUSAGE_SELF)
            print(taken, (used.ru_minflt - before) / int(line), used.ru_maxrss / 1024, flush=True)


def compare(case: str) -> None:
    """Measure one case, and print."""
    players = [pairs.Other(sys.executable, __file__, case, way) for way in INSIDE]
    rounds = max(1, round(SECONDS / max(player.block(1)[0] for player in players)))
    found = []
    for block in range(BLOCKS):
        order = players[:: -1 if block % 2 else 1]
        said = {player: player.block(rounds) for player in order}
        found.append([said[player] for player in players])
    for player in players:
        player.end()
    low, middle, high = statistics.quantiles([without[0] / kept[0] for without, kept in found], n=4)
    (_, faults, memory), (_, few, most) = found[-1]
    print(
        f"| `{case}` | {middle:.2f} ({low:.2f} to {high:.2f}) | {faults:,.0f}, {few:,.0f} | "
        f"{memory:,.0f} MB, {most:,.0f} MB |",
        flush=True,
    )


def main(words: Sequence[str]) -> None:
    """Measure and print, or play as one of the processes."""
    if words and words[-1] in INSIDE:
        inside(words[0], words[-1] == KEPT)
    elif glibc() is None:
        print("Here the allocator is not glibc's.")
    else:
        for case in words or CASES:
            compare(case)


if __name__ == "__main__":
    main(sys.argv[1:])
