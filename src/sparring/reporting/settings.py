"""The settings of a run beside their defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparring.data import READING
from sparring.data.resizing import Frame
from sparring.reporting.facts import Facts
from sparring.training.settings import RECORDED, RunSettings
from sparring.tricks import TrickSettings

TRICKS = "tricks"
"""The group of a system's settings in which the flags of tricks are, the same for all systems."""
OF_RUN = frozenset({*RECORDED, *READING, "threads", "keep_every", "precision", "compile"})


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
    """The settings of the system without those of tricks; their defaults are known for systems of the zoo."""
    settings = {name: value for name, value in facts.description["settings"].items() if name != TRICKS}
    return _beside(flat(settings), facts.system.Settings().flat() if facts.system else {})


def trick_settings(facts: Facts) -> list[Setting]:
    """The flags of all tricks."""
    tricks = facts.description["settings"].get(TRICKS)
    return _beside(tricks if isinstance(tricks, Mapping) else {}, TrickSettings().flat())


def run_settings(facts: Facts) -> list[Setting]:
    """What the run was told beside them, in the same order as `sparring train --help` has it."""
    data = facts.description["data"]
    recorded = facts.description | {name: data[name] for name in READING if name in data}
    defaults = {
        field.name: field.default for field in dataclasses.fields(RunSettings) if field.name in OF_RUN
    }
    # What nobody said how to fit is cut to its centre, and recorded so.
    defaults["fit"] = Frame.fit
    if facts.system:
        defaults["keep_every"] = facts.system.keep_every
    # Without --threads, torch chooses; without the class of a system, nobody knows what it keeps.
    unknown = {"threads"} if facts.system else {"threads", "keep_every"}
    return [
        Setting(name, recorded.get(name, default), default, name not in unknown)
        for name, default in defaults.items()
    ]


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, those of a group as if they stood among the others, as on a command line."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= value if isinstance(value, Mapping) else {name: value}
    return found


def _beside(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Setting]:
    return [Setting(name, value, defaults.get(name), name in defaults) for name, value in values.items()]
