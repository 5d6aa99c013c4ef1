"""Sketches that are played by two processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("together.py")


def test_two_processes_agree_and_equal_one() -> None:
    """They have the same weights, pools and averages, bit for bit; so has a run that goes on from the state
    of the first of them alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            env=os.environ | shared | {"RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    results = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], "\n".join(error for _, error in results)
    distances = dict(line.rsplit(" ", 1) for line in results[0][0].splitlines())
    # Batch normalisation, a loss of a batch's mean, and a look ahead are of each process's share; all else is
    # one within rounding.
    of_shares = {"semi_supervised.py:SemiSupervised", "unrolled.py:Plane"}
    assert len(distances) == 6
    for system in distances.keys() - of_shares:
        assert float(distances[system]) < 2e-4, system
