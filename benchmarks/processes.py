"""Rounds of several processes, which share each batch, against those of one, each of them with one thread.

    OMP_NUM_THREADS=1 python benchmarks/processes.py [SYSTEM] [--count 2] [--blocks 5]

SYSTEM is a case of `zoo.py`. One process and several take turns, begun anew as `torchrun` begins them.
Printed are the medians of a round, and which share of the ideal that is: half the time by two. Nothing else
should be running.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Annotated

import roofline
import torch
import tyro
import zoo

from sparring.kept_memory import memory_kept
from sparring.processes import join_processes

ROUNDS = 6
"""Rounds of a block, after one that is not counted."""


@memory_kept()
def block(case: str) -> None:
    """Play rounds as one of the processes; the first prints how long one takes."""
    torch.set_num_threads(1)
    processes = join_processes("cpu")
    engine, _ = zoo.both(zoo.CASES[case], processes)
    engine.play_round()
    taken = roofline.seconds(engine.play_round, ROUNDS)
    if processes.is_first:
        print(taken)


def seconds(case: str, count: int) -> float:
    """A round by so many processes."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    done = subprocess.run(
        [*launch, __file__, case, "--inside"],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


def main(
    system: Annotated[str, tyro.conf.Positional] = "acgan",
    count: int = 2,
    blocks: int = 5,
    inside: bool = False,
) -> None:
    """Measure and print, or play as one of the processes."""
    if inside:
        block(system)
        return
    times = [(seconds(system, 1), seconds(system, count)) for _ in range(blocks)]
    one, several = (statistics.median(column) for column in zip(*times, strict=True))
    low, middle, high = statistics.quantiles([alone / together / count for alone, together in times], n=4)
    print(
        f"a round of {system}: {1e3 * one:.0f} ms by one process, {1e3 * several:.0f} ms by {count}: "
        f"{middle:.2f} ({low:.2f} to {high:.2f}) of the ideal"
    )


if __name__ == "__main__":
    tyro.cli(main)
