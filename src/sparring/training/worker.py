"""A worker: the process that trains one seed of a group.

It saves itself and ends when it is asked to, and when the process that started it is no more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from sparring.opening import plain_itself
from sparring.runs.files import writing
from sparring.runs.group import Group
from sparring.runs.origins import refuse_code_of
from sparring.settings import as_option

SAVED_ITSELF = (0, 128 + signal.SIGTERM, -signal.SIGTERM)
"""How a process ends that was asked to: finished, interrupted, or before it had begun anything."""


class Worker:
    """Trains one seed, or goes on with its run where that has begun.

    Args:
        group: of which it is.
        seed: its own.
        options: what a run that has begun is told from now on, as `resume` takes it.

    Raises:
        RunError: its log cannot be written, or it would run code that came with the group.
    """

    def __init__(self, group: Group, seed: int, options: Mapping[str, Any]) -> None:
        self.log = group.folders[seed].with_suffix(".log")
        self.asked = 0
        command = [sys.executable, "-m", __name__, *_words(group, seed, options)]
        with writing(self.log), open(self.log, "a", encoding="utf-8", opener=plain_itself) as log:
            self.process = subprocess.Popen(
                command,
                # Nothing is ever written: it ends when we do.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                # Ctrl-C comes to us alone, and we ask.
                start_new_session=True,
            )

    def ask_to_end(self, times: int = 1) -> None:
        """See to it that it was asked so many times: once to save itself, twice to end at once."""
        while self.asked < min(times, 2):
            self.process.send_signal(signal.SIGKILL if self.asked else signal.SIGTERM)
            self.asked += 1

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def close(self) -> None:
        """Wait for its end."""
        with self.process:
            pass

    def failure(self) -> str | None:
        """Why it ended otherwise than it should have, in a sentence; None where it did not."""
        self.close()
        code = self.process.returncode
        if code in (SAVED_ITSELF if self.asked else (0,)):
            return None
        if code < 0:
            return f"its process was ended by signal {-code}."
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line for line in lines if line.startswith("sparring: ")] or [f"see {self.log}."]
        return said[-1].removeprefix("sparring: ")


def _words(group: Group, seed: int, options: Mapping[str, Any]) -> list[str]:
    """The command line of a seed."""
    folder = group.folders[seed]
    if os.path.isfile(folder / "run.json"):
        return ["resume", str(folder), *_as_options(options)]
    described = group.description
    system, asked = described["system"], described["options"]
    refuse_code_of(group.path, system, str(asked.get("data", "")))
    own = {"seed": seed, "threads": 1, "out": str(folder)}
    return ["train", system, *_as_options(asked | own)]


def _as_options(options: Mapping[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in as_option(name, value)]


def _end_with_parent() -> None:
    """Wait for the end of what the parent could say, and ask this process to save itself and end."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    from sparring.cli import main

    threading.Thread(target=_end_with_parent, daemon=True).start()
    main()
