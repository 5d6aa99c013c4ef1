"""Where a run is to be: in a folder that holds nothing yet."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from sparring.errors import RunError
from sparring.runs.files import TEMPORARY, refuse_links, writing
from sparring.shown import quoted

GROUP_FILE = "seeds.json"
"""What a folder of runs of several seeds is known by."""
TUNING_FILE = "tune.json"
"""What a folder of a search for settings is known by."""


def is_run(path: Path | str) -> bool:
    """Whether a folder is a run, whatever may be wrong with it."""
    return os.path.isfile(Path(path) / "run.json")


def is_group(path: Path | str) -> bool:
    """Whether a folder is a group of runs; see `group.py`."""
    return os.path.isfile(Path(path) / GROUP_FILE)


def is_tuning(path: Path | str) -> bool:
    """Whether a folder is that of a search for settings; see `training/search.py`."""
    return os.path.isfile(Path(path) / TUNING_FILE)


def claim(path: Path | str | None, title: str) -> Path:
    """A folder that is ours: the one asked for if it is empty or new, or the next free one in runs/.

    Raises:
        RunError: the folder holds something already, or cannot be written.
    """
    if path is not None:
        if not str(path):
            raise RunError("out is '': give the name of a folder.")
        if "\0" in str(path):
            raise RunError("out holds a zero byte, which no name can: give the name of a folder.")
        folder = Path(path)
        refuse_occupied(folder)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
    for number in itertools.count(1):
        folder = Path("runs") / f"{title}-{number}"
        with writing(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
        return folder
    raise AssertionError("itertools.count has no end")


def refuse_occupied(folder: Path) -> None:
    """Raise RunError where the folder holds a run or anything else but the traces of a killed beginning."""
    held = "a group of runs" if is_group(folder) else "a run" if is_run(folder) else None
    if held is not None:
        raise RunError(
            f"{folder} already holds {held}: continue it with `sparring resume {quoted(folder)}`, "
            "or choose another --out."
        )
    if not os.path.isdir(folder):
        return
    refuse_links(folder)
    with writing(folder):
        names = sorted(entry.name for entry in folder.iterdir())
    others = [name for name in names if name != ".lock" and not name.startswith(TEMPORARY)]
    if others:
        raise RunError(f"{folder} is not empty (it has {others[0]}): choose a new folder as --out.")
