"""The commands that there are, by name: a new one is a function in a file here with its line in the table."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

HEADING = (
    "sparring: generative adversarial networks that train, explain themselves, and are held to their numbers."
)
ENDING = """\
Each takes --help, and --traceback to show errors whole; `sparring train SYSTEM --help` lists the system's
own settings."""


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        file: the file of this folder that has its function, which is imported when the command is called.
        takes: what stands behind its name.
        does: what it is for.
        example: a right use, with `RUN` for a run.
    """

    file: str
    takes: str
    does: str
    example: str

    def right_use(self) -> str:
        """Its example with the name of a run, for errors."""
        return self.example.replace("RUN", "runs/gan-mnist-1", 1).replace("RUN", "runs/gan-mnist-2")


COMMANDS: dict[str, Command] = {
    "zoo": Command("listing", "", "what there is to train", "sparring zoo --search wasserstein"),
    "tricks": Command("listing", "", "what may help it", "sparring tricks packing"),
    "train": Command(
        "training", "[SYSTEM]", "train a system", "sparring train --data folder:photos"
    ),
    "resume": Command(
        "training", "RUN", "go on with a run", "sparring resume runs/gan-mnist-1"
    ),
    "tune": Command(
        "training", "[SYSTEM]", "search for settings", "sparring tune r3gan --max-steps 1000 --trials 20"
    ),
    "sample": Command(
        "sampling", "RUN", "generate from a run", "sparring sample RUN --count 100 --out digits.png"
    ),
    "classify": Command(
        "judging", "RUN FILE", "name pictures' classes", "sparring classify RUN photo.png folder/ --csv"
    ),
    "translate": Command(
        "sampling", "RUN IN OUT", "pictures of pictures", "sparring translate RUN photo.jpg made.png"
    ),
    "directions": Command(
        "sampling", "RUN", "what its noise does", "sparring directions RUN --out directions.png"
    ),
    "project": Command(
        "sampling", "RUN IMAGE", "find an image in it", "sparring project RUN photo.jpg --out found.png"
    ),
    "film": Command(
        "sampling", "RUN FILE.gif", "how its samples came", "sparring film RUN run.gif"
    ),
    "export": Command(
        "sampling", "RUN DIR", "for others to use", "sparring export RUN digits"
    ),
    "evaluate": Command(
        "judging", "RUN", "say how good a run is", "sparring evaluate RUN --json"
    ),
    "sweep": Command(
        "judging", "RUN", "texts by temperature", "sparring sweep RUN"
    ),
    "report": Command(
        "judging", "RUN", "one HTML file of a run", "sparring report RUN --out run.html"
    ),
    "compare": Command(
        "judging", "RUN RUN ...", "runs in a table", "sparring compare RUN RUN --out all.html"
    ),
    "tensorboard": Command(
        "judging", "RUN ...", "for TensorBoard to show", "sparring tensorboard RUN --logdir logs"
    ),
    "check": Command(
        "judging", "FILE.py:CLASS", "try a system of yours", "sparring check mygame.py:LSGAN"
    ),
}  # fmt: skip


def usage() -> str:
    """The list of commands."""
    calls = [f"{name} {command.takes}" for name, command in COMMANDS.items()]
    widths = max(map(len, calls)), max(len(command.does) for command in COMMANDS.values())
    lines = [
        f"  sparring {call:<{widths[0]}}  {command.does:<{widths[1]}}  {command.example}"
        for call, command in zip(calls, COMMANDS.values(), strict=True)
    ]
    return "\n".join([HEADING, "", *lines, "", ENDING, ""])


def run(name: str, arguments: list[str]) -> None:
    """Run a command with its arguments."""
    getattr(importlib.import_module(f"sparring.cli.{COMMANDS[name].file}"), name)(arguments)
