"""How long evaluating samples takes, and reading photographs, with the most memory of each.

    python benchmarks/evaluation.py [--count 10000]

The command line in processes of their own: `evaluate` of so many digits of a run; of so many colour images of
64 x 64 against as many others, seen by the default features and as pixels; and Python reading a folder of so
many photographs, decoded the first time, from the cache the second. The images are noise, which takes as long
as others do. Seconds are by the clock, with what a process needs to begin. Nothing else should be running.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from sparring.data.cache import SETTLED_SECONDS

SIDE = 64
SPARRING = ("-m", "sparring")
READING = """
import time
import sparring.data
began = time.perf_counter()
sparring.data.load_dataset("folder:photos")
print(f"{time.perf_counter() - began:.1f} s of them reading")
"""


def report(what: str, *arguments: str, folder: Path) -> None:
    """Run Python in a folder, and print its seconds and memory, and the last line of a program."""
    environment = os.environ | {"SPARRING_CACHE": str(folder / "cache")}
    began = time.perf_counter()
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        lines = said.read().splitlines()
    if status:
        raise SystemExit("\n".join(lines))
    last = f" {lines[-1]}," if arguments[0] == "-c" else ""
    print(
        f"{what}: {time.perf_counter() - began:.1f} s,{last} {usage.ru_maxrss // 1024} MB at most", flush=True
    )


def main(count: int = 10_000) -> None:
    """Measure and print."""
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = ("gan", "--max-steps", "200", "--threads", "1", "--out", "run")
        report("training for 200 steps", *SPARRING, "train", *run, folder=folder)
        digits = ("run", "--count", str(count))
        report(f"evaluating {count:,} digits", *SPARRING, "evaluate", *digits, folder=folder)
        for part in ("samples", "data"):
            images = random.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
            np.savez(folder / f"{part}.npz", images=images)
        for seen, features in {"by default features": (), "as pixels": ("--features", "pixels")}.items():
            images_of = ("samples.npz", "--data", "npz:data.npz", *features)
            what = f"evaluating {count:,} colour images of {SIDE} pixels {seen}"
            report(what, *SPARRING, "evaluate", *images_of, folder=folder)
        (folder / "photos").mkdir()
        for number, pixels in enumerate(images):
            picture = Image.fromarray(pixels).resize((2 * SIDE, 2 * SIDE))
            picture.save(folder / "photos" / f"{number}.jpg")
        # What has just changed is not kept: it may change once more within the same tick of a clock.
        time.sleep(SETTLED_SECONDS + 1)
        for time_of in ("the first time", "from the cache"):
            report(f"reading {count:,} photographs {time_of}", "-c", READING, folder=folder)


if __name__ == "__main__":
    tyro.cli(main)
