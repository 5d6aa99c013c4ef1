"""What becomes of bad input: each must end in one sentence and exit code 2.

    python benchmarks/abuse.py                 # all, a few minutes
    python benchmarks/abuse.py --kind runs     # one kind
    python benchmarks/abuse.py --show          # every sentence, to read

Each input is tried in a process of its own, in an empty folder beside files that must stay as they are. Held
against it are: another exit code, a traceback, nothing or too much said, a signal, more than a minute,
a file that was touched, and a run left behind that calls itself running.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bad_inputs import SHORT, BadInput, bad_inputs, images

LONGEST_SECONDS = 60
OUT_OF_TIME = -1000
"""Stands for an exit code where a command did not end."""
LONGEST_SENTENCE = 1200
"""Characters that may be said about a mistake: a sentence or two, and names that may be long."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    said: str
    touched: tuple[str, ...] = ()
    running: bool = False

    @property
    def faults(self) -> list[str]:
        """What is held against it; empty where it ended as it should."""
        lines = [line for line in self.said.splitlines() if line.startswith("sparring: ")]
        wrong = {
            "took more than a minute": self.code == OUT_OF_TIME,
            f"exit code {self.code}": self.code not in (2, OUT_OF_TIME),
            "a traceback": "Traceback (most recent call last)" in self.said,
            "no sentence": not lines,
            "several sentences": len(lines) > 1,
            "too much said": len(self.said) > LONGEST_SENTENCE,
            f"touched {', '.join(self.touched)}": bool(self.touched),
            "a run left running": self.running,
        }
        return [fault for fault, found in wrong.items() if found]


def tried(bad: BadInput) -> Outcome:
    """What becomes of it."""
    folder = Path(tempfile.mkdtemp(prefix="abuse-"))
    try:
        work = folder / "work"
        work.mkdir()
        bad.prepare(work)
        before = digests(work)
        code = in_shell(bad, work) if bad.shell or bad.environment else in_fork(bad, work)
        said = (folder / "said").read_text(errors="replace")
        after = digests(work)
        touched = tuple(name for name, digest in before.items() if after.get(name) != digest)
        return Outcome(code, said, touched, left_running(work, before))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_fork(bad: BadInput, work: Path) -> int:
    """Run the command in a copy of this process, which has everything imported already."""
    child = multiprocessing.get_context("fork").Process(target=command_line, args=(bad, work))
    child.start()
    child.join(LONGEST_SECONDS)
    if child.is_alive():
        child.kill()
        child.join()
        return OUT_OF_TIME
    assert child.exitcode is not None
    return child.exitcode


def command_line(bad: BadInput, work: Path) -> None:
    """The command in this process, whose output goes into files from now on."""
    os.chdir(work)
    for descriptor, target in ((0, os.devnull), (1, "../out"), (2, "../said")):
        os.dup2(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC), descriptor)
    from sparring.cli import main

    main(bad.arguments)


def in_shell(bad: BadInput, work: Path) -> int:
    """Run the command as a user does, in a new process."""
    command = [sys.executable, "-m", "sparring", *map(os.fsencode, bad.arguments)]
    if bad.shell:
        (work.parent / "sparring").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sparring "$@"\n')
        (work.parent / "sparring").chmod(0o755)
        command = ["sh", "-c", bad.shell]
    path = f"{work.parent}{os.pathsep}{os.environ['PATH']}"
    with (work.parent / "said").open("wb") as said:
        try:
            return subprocess.run(
                command,
                cwd=work,
                env=os.environ | {"PATH": path} | bad.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                timeout=LONGEST_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return OUT_OF_TIME


def digests(work: Path) -> dict[str, str]:
    """The content of every file there, by its path; a lock comes and goes."""
    return {
        str(path.relative_to(work)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in work.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def left_running(work: Path, before: dict[str, str]) -> bool:
    """Whether a run was made that says it is running although nobody runs it."""
    made = [path for path in work.rglob("status.json") if str(path.relative_to(work)) not in before]
    return any(json.loads(path.read_text()).get("state") == "running" for path in made)


def small_run(folder: Path) -> Path:
    """A run of twenty steps on noise, finished, as the command line makes it."""
    np.savez(folder / "noise.npz", images=images())
    small = ("--data", f"npz:{folder / 'noise.npz'}", "--batch-size", "8", "--hidden-size", "8")
    command = [sys.executable, "-m", "sparring", "train", "gan", *small, *SHORT, "--max-steps", "20"]
    subprocess.run(
        [*command, "--out", str(folder / "run")], check=True, stdout=subprocess.DEVNULL, timeout=300
    )
    # Without those before it, a damaged last checkpoint cannot be made up for.
    for earlier in sorted((folder / "run" / "checkpoints").iterdir())[:-1]:
        shutil.rmtree(earlier)
    return folder / "run"


def main() -> None:
    """Try them all, and print a table by kind and whatever did not end as it should."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", help="try this kind alone")
    parser.add_argument("--every", type=int, default=1, help="try each Nth alone")
    parser.add_argument("--show", action="store_true", help="print every sentence")
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    import sparring.cli
    import sparring.evaluation.evaluate
    import sparring.reporting.report
    import sparring.training.train  # noqa: F401

    tried_ones: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        chosen = [bad for bad in bad_inputs(small_run(Path(folder))) if asked.kind in (None, bad.kind)]
        for bad in chosen[:: asked.every]:
            outcome = tried(bad)
            tried_ones[bad.kind] += 1
            refused[bad.kind] += not outcome.faults
            if outcome.faults or asked.show:
                faults = "; ".join(outcome.faults) or "ok"
                print(f"{bad.kind} | {bad.name!r} | {faults} | {outcome.said[-400:]!r}", flush=True)
    for kind, count in tried_ones.items():
        print(f"{kind:14} {refused[kind]:4} of {count:4}")
    print(f"{'all':14} {refused.total():4} of {tried_ones.total():4} ended in one sentence and exit code 2")
    sys.exit(refused != tried_ones)


if __name__ == "__main__":
    main()
