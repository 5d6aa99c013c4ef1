"""Several processes: whether two that train together stay the same."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch.distributed as dist

from sparring.checking.report import Remark, Verdict, note, wrong
from sparring.checking.state import in_words
from sparring.checking.subject import Subject
from sparring.errors import SparringError

SECONDS = 120
"""How long the processes may take."""


def check_processes(subject: Subject) -> Iterator[Remark]:
    """Two processes that share every batch have, after some rounds, the same weights and the same memory."""
    if not (dist.is_available() and dist.is_gloo_available()):
        yield note("Not checked: this torch has no gloo, by which processes talk to one another.")
        return
    first, second = together(subject)
    # Where one stops because the other has, the other knows why.
    for told in sorted((first, second), key=lambda told: told.get("follows", True)):
        if "mistake" in told:
            sentence = f"With two processes: {told['mistake']}"
            yield Remark(Verdict.WRONG, sentence, told["traceback"])
            return
    different = [name for name, value in first["digests"].items() if second["digests"].get(name) != value]
    weights = [name for name in different if name not in first["buffers"]]
    if weights:
        yield wrong(
            f"Two processes that train together come apart: {in_words(weights)} differ. What depends on a "
            "process's share of the data or of the noise, beyond gradients, must be drawn alike by all."
        )
    elif different:
        yield note(
            f"Each of two processes has its own {in_words(different)}: a checkpoint holds only what the "
            "first has."
        )


def together(subject: Subject) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What two processes tell of some rounds that they play together.

    Raises:
        SparringError: they do not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{rank}.json" for rank in range(2)]
        task = {"reference": subject.reference, "data": subject.data, "values": dict(subject.values)}
        shared = os.environ | {
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(free_port()),
            "OMP_NUM_THREADS": "1",
        }
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "sparring.checking.peer", json.dumps(task | {"tell": str(file)})],
                env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank, file in enumerate(files)
        ]
        complaints = _finished(started)
        first, second = (
            json.loads(file.read_text())
            if file.exists()
            else {"mistake": "one of them ended without a word.", "traceback": complaint}
            for file, complaint in zip(files, complaints, strict=True)
        )
        return first, second


def _finished(started: list[subprocess.Popen[str]]) -> list[str]:
    """What each process complained of, once all have ended."""
    try:
        return [process.communicate(timeout=SECONDS)[1] for process in started]
    except subprocess.TimeoutExpired as error:
        raise SparringError(
            f"Two processes that train together did not end within {SECONDS} seconds: one may be waiting for "
            "another, as where not all take the same turns."
        ) from error
    finally:
        for process in started:
            process.kill()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
