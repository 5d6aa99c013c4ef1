"""Rounds of several processes, which share each batch, against those of one, each of them with one thread.

    OMP_NUM_THREADS=1 python benchmarks/processes.py [SYSTEM] [--count 2] [--blocks 5]

SYSTEM is a case of `zoo.py`. One process and several take turns, begun anew as `torchrun` begins them.
Printed are the medians of a round, and which share of the ideal that is: half the time by two. Then what one
process takes for its part of a batch, alone and beside others that share nothing with it: what is lost to
smaller batches, and to the machine. Nothing else should be running.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from dataclasses import replace
from typing import Annotated

import roofline
import torch
import tyro
import zoo

from sparring.kept_memory import memory_kept
from sparring.processes import join_processes
from sparring.zoo import find_system

ROUNDS = 6
"""Rounds of a block, after one that is not counted."""


@memory_kept()
def block(case: zoo.Case) -> None:
    """Play rounds as one of the processes; the first prints how long one takes."""
    torch.set_num_threads(1)
    processes = join_processes("cpu")
    engine, _ = zoo.both(case, processes)
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


def part_of(case: zoo.Case, count: int) -> zoo.Case:
    """The same with so many times smaller batches."""
    game = find_system(case.system)
    given = game.presets.get(case.settings, {}) if isinstance(case.settings, str) else case.settings
    whole = game.Settings.of(given, case.system).batch_size
    return replace(case, settings={**given, "batch_size": whole // count})


def seconds_apart(case: str, count: int, beside: int) -> float:
    """A round of a part of a batch, by a process with so many like it, each by itself."""
    command = [sys.executable, __file__, case, "--count", str(count), "--part"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(beside + 1)]
    return statistics.fmean(float(each.communicate()[0].split()[-1]) for each in started)


def main(
    system: Annotated[str, tyro.conf.Positional] = "acgan",
    count: int = 2,
    blocks: int = 5,
    inside: bool = False,
    part: bool = False,
) -> None:
    """Measure and print, or play as one of the processes."""
    if inside or part:
        block(part_of(zoo.CASES[system], count) if part else zoo.CASES[system])
        return
    times = [(seconds(system, 1), seconds(system, count)) for _ in range(blocks)]
    one, several = (statistics.median(column) for column in zip(*times, strict=True))
    low, middle, high = statistics.quantiles([alone / together / count for alone, together in times], n=4)
    print(
        f"a round of {system}: {1e3 * one:.0f} ms by one process, {1e3 * several:.0f} ms by {count}: "
        f"{middle:.2f} ({low:.2f} to {high:.2f}) of the ideal"
    )
    alone, beside = (
        statistics.median(seconds_apart(system, count, others) for _ in range(blocks))
        for others in (0, count - 1)
    )
    print(
        f"its part of a batch: {1e3 * alone:.0f} ms alone, {1e3 * beside:.0f} ms beside {count - 1} like it"
    )


if __name__ == "__main__":
    tyro.cli(main)
