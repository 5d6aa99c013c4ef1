"""The settings of a run beside their defaults, and the command that repeats it."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass
from typing import Any

from sparring.reporting.facts import Facts
from sparring.settings import as_option
from sparring.training import RunSettings

RUN_OPTIONS = (
    "seed", "threads", "device", "keep_every", "history_every", "health_every", "on_unhealthy",
    "checkpoint_minutes", "size", "skip_bad_images",
)  # fmt: skip
UNWATCHED = {"health_every": 0, "on_unhealthy": "warn"}
"""What a run was told, in effect, that was made before there were these options."""


@dataclass(frozen=True)
class Setting:
    """One setting of a run."""

    name: str
    value: Any
    default: Any
    """None where it is not known, or where there is none."""
    known: bool
    """Whether `default` is the default."""

    @property
    def differs(self) -> bool:
        """Whether it is known to be another than the default."""
        return self.known and (self.value != self.default or type(self.value) is not type(self.default))


def system_settings(facts: Facts) -> list[Setting]:
    """The settings of the system; their defaults are known for those of the zoo."""
    fields = dataclasses.fields(facts.system.Settings) if facts.system else ()
    defaults = {field.name: field.default for field in fields}
    return [
        Setting(name, value, defaults.get(name), name in defaults)
        for name, value in facts.description["settings"].items()
    ]


def run_settings(facts: Facts) -> list[Setting]:
    """What the run was told beside them, in the same order as `sparring train --help` has it."""
    defaults = {field.name: field.default for field in dataclasses.fields(RunSettings)}
    if facts.system:
        defaults["keep_every"] = facts.system.keep_every
    recorded = UNWATCHED | facts.description | {name: facts.description["data"][name] for name in _OF_DATA}
    # Without --threads, torch chooses; without the class of a system, nobody knows what it keeps.
    unknown = {"threads"} | (set() if facts.system else {"keep_every"})
    return [Setting(name, recorded[name], defaults[name], name not in unknown) for name in RUN_OPTIONS]


_OF_DATA = ("size", "skip_bad_images")


def train_command(facts: Facts) -> str:
    """The command that trains this run again: all options that are not known to be the defaults."""
    description = facts.description
    words = ["sparring", "train", description["system"], *as_option("data", description["data"]["name"])]
    words += _length(facts)
    for setting in [*run_settings(facts), *system_settings(facts)]:
        if setting.differs or not setting.known:
            words += as_option(setting.name, setting.value)
    return shlex.join(words)


def _length(facts: Facts) -> list[str]:
    """Minutes are another number of steps on another day: the steps that they came to are what to repeat."""
    limit, total = facts.limit, facts.description["total_steps"]
    if limit is not None and limit.epochs is not None:
        return as_option("epochs", limit.epochs)
    if total is not None:
        return as_option("max_steps", total)
    if limit is None:
        return []
    return as_option("max_steps", limit.steps) if limit.steps else as_option("max_minutes", limit.minutes)
