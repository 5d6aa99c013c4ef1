"""How long the command line takes to begin, beside torch alone.

    python benchmarks/start.py [--times 5]

Processes go in turn: `import torch`; the same that also reads the digits; `sparring --help`; and
`sparring train gan --max-steps 1`, which trains, checks, draws and saves. Printed are the medians of
their seconds by the clock, and that of the last over that of the second. Nothing else should be running.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro

READING = "import torch; from sparring.data.digits import mnist; mnist()"


def seconds(*arguments: str, folder: Path) -> float:
    """How long Python takes with some arguments, in a folder."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(times: int = 5) -> None:
    """Measure and print."""
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(times):
            for what, arguments in {
                "import torch": ("-c", "import torch"),
                "and read the digits": ("-c", READING),
                "sparring --help": ("-m", "sparring", "--help"),
                "sparring train gan --max-steps 1": (
                    *("-m", "sparring", "train", "gan", "--max-steps", "1", "--threads", "1"),
                    *("--out", f"run-{number}"),
                ),
            }.items():
                taken.setdefault(what, []).append(seconds(*arguments, folder=folder))
    for what, each in taken.items():
        print(f"{what}: {statistics.median(each):.2f} s ({min(each):.2f} to {max(each):.2f})")
    _, reading, _, training = taken.values()
    ratios = [whole / least for whole, least in zip(training, reading, strict=True)]
    print(f"training over reading: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    tyro.cli(main)
