"""How a step grows: with the batch, the size of images, the width of networks, and threads.

    python benchmarks/scaling.py [--seconds 1]

Each line is the time of a round of `dcgan` on random images with one thing changed from 128 grey images of 28
pixels, width 32 and one thread; then the largest memory of a process in which rounds of a system are played.
"""

from __future__ import annotations

import subprocess
import sys
import time

import torch
import tyro
import zoo

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Images
from sparring.kept_memory import memory_kept
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo import find_system

USUAL = {"batch": 128, "size": 28, "width": 32, "threads": 1}
OTHERS = {"batch": (32, 64, 256), "size": (16, 32, 64), "width": (8, 16, 64), "threads": (2,)}

MEMORY = """
import sys
sys.path.insert(0, sys.argv[1])
import zoo
from sparring.kept_memory import memory_kept
engine, _ = zoo.both(zoo.CASES[sys.argv[2]])
with memory_kept():
    for _ in range(3):
        engine.play_round()
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")))
"""
"""Its own peak: that among its usage may be its parent's, from before it began."""


def seconds_of_dcgan(batch: int, size: int, width: int, threads: int, seconds: float) -> float:
    """A round, over about so many seconds."""
    torch.set_num_threads(threads)
    images = torch.randint(0, 256, (2 * batch, 1, size, size), dtype=torch.uint8)
    dataset = Dataset("random", Column(Images((1, size, size)), images))
    game = find_system("dcgan")
    settings = game.Settings.of({"batch_size": batch, "width": width}, "dcgan")
    engine = Engine(game, settings, dataset, 10**6, 0, Processes(torch.device("cpu")))
    engine.play_round()
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        engine.play_round()
        rounds += 1
    return (time.perf_counter() - began) / rounds


def megabytes(case: str) -> float:
    """The largest memory of a process that plays some rounds of a case, with its data."""
    folder = str(zoo.__file__).rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, folder, case], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout.split()[-1])


@memory_kept()
def main(seconds: float = 1.0) -> None:
    """Measure and print."""
    usual = seconds_of_dcgan(**USUAL, seconds=seconds)
    sizes = ", ".join(f"{name} {value}" for name, value in USUAL.items())
    print(f"a round of dcgan, {sizes}: {1e3 * usual:.0f} ms")
    for name, values in OTHERS.items():
        for value in values:
            taken = seconds_of_dcgan(**(USUAL | {name: value}), seconds=seconds)
            print(f"{name} {value}: {1e3 * taken:.0f} ms, {taken / usual:.2f} of that", flush=True)
    for case in zoo.CASES:
        print(f"{case}: {megabytes(case):.0f} MB at most", flush=True)


if __name__ == "__main__":
    tyro.cli(main)
