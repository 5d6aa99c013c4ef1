"""A group: a folder of runs that differ only by their seed.

    seeds.json          what is trained: the system, the options of every run, the seeds; where the limit is a
                        time, the steps that all came to
    seed-0/             the run of a seed, as `folder.py` has it
    seed-0.log          what its process said

A run's folder is there once its process has begun it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from sparring.errors import RunError
from sparring.runs.description import FORMAT
from sparring.runs.files import read_json, refuse_links, write_json, writing
from sparring.runs.folder import Run
from sparring.runs.place import GROUP_FILE, claim, is_group
from sparring.settings import Natural

__all__ = ["Group", "agreed_length", "is_group", "runs_in"]


MINUTES = "max_minutes"
"""The option whose length all runs agree on."""


@dataclass(frozen=True)
class GroupDescription:
    """What the group's file holds."""

    system: str
    options: dict[str, str | int | float | bool | None]
    seeds: list[Natural]
    total_steps: Natural | None = None


class Group:
    """The runs of several seeds.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Group({str(self.path)!r})"

    @classmethod
    def create(
        cls,
        path: Path | str | None,
        title: str,
        system: str,
        options: Mapping[str, Any],
        seeds: Sequence[int],
    ) -> Group:
        """Make the folder.

        Args:
            path: the folder, or None for the next free one in `runs/`.
            title: what it is called there.
            system: what is trained.
            options: what every run is told beside its seed and its folder, as `train` takes it.
            seeds: one for each run.

        Raises:
            RunError: the folder holds something already, or cannot be written.
        """
        group = cls(claim(path, title))
        group._describe({"system": system, "options": dict(options), "seeds": list(seeds)})
        return group

    @classmethod
    def open(cls, path: Path | str) -> Group:
        """A group that exists.

        Raises:
            RunError: there is none, its file is damaged, or something in it is a link.
        """
        group = cls(path)
        refuse_links(group.path)
        made = read_json(group.path / GROUP_FILE, dict[str, Any]).get("format")
        if made != FORMAT:
            raise RunError(
                f"{group.path / GROUP_FILE} is damaged: its format is {made!r} and not {FORMAT}. Restore it "
                "from a copy."
            )
        read_json(group.path / GROUP_FILE, GroupDescription)
        return group

    @property
    def description(self) -> dict[str, Any]:
        """The contents of the group's file: system, options, seeds."""
        return read_json(self.path / GROUP_FILE, GroupDescription)

    @property
    def folders(self) -> dict[int, Path]:
        """The folder of each seed's run, whether it has begun or not."""
        return {seed: self.path / f"seed-{seed}" for seed in self.description["seeds"]}

    def change_options(self, options: Mapping[str, Any]) -> None:
        """Tell the runs that have not begun something else.

        Args:
            options: all that every run is told from now on.
        """
        before = self.description
        same = options.get(MINUTES) == before["options"].get(MINUTES)
        agreed = before.get("total_steps") if same else None
        self._describe(before | {"options": dict(options), "total_steps": agreed})

    def agree(self, total: int) -> int:
        """The length of all runs: what the first of them that knows its own proposes.

        Args:
            total: the steps that a run finds right for the minutes it has.

        Raises:
            RunError: the group's file is damaged, or cannot be written.
        """
        with writing(self.path / ".lock"), filelock.FileLock(self.path / ".lock"):
            agreed: int = self.description.get("total_steps") or total
            self._describe(self.description | {"total_steps": agreed})
        return agreed

    def runs(self) -> list[Run]:
        """Those that have begun."""
        return [Run.open(folder) for folder in self.folders.values() if os.path.isfile(folder / "run.json")]

    def _describe(self, description: dict[str, Any]) -> None:
        write_json(self.path / GROUP_FILE, {"format": FORMAT} | description)


def agreed_length(run: Path, minutes: float, total: int) -> int:
    """How long a run is that finds so many steps right for its minutes: all runs of a group that were given
    these have one length."""
    group = Group(run.parent)
    if not is_group(group.path) or run not in group.folders.values():
        return total
    return group.agree(total) if group.description["options"].get(MINUTES) == minutes else total


def runs_in(paths: Iterable[Run | Path | str]) -> list[Run | Path | str]:
    """The same runs, with those of a group in its place.

    Raises:
        RunError: none of a group's runs has begun, or its file is damaged.
    """
    found: list[Run | Path | str] = []
    for path in paths:
        if isinstance(path, Run) or not is_group(path):
            found.append(path)
            continue
        begun = Group.open(path).runs()
        if not begun:
            raise RunError(f"None of the runs in {path} has begun: `sparring resume {path}` begins them.")
        found += begun
    return found
