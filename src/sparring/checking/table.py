"""The table of all checks: a new one is a function with its line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sparring.checking.construction import check_building
from sparring.checking.declaration import check_class
from sparring.checking.doors import check_doors
from sparring.checking.health import check_health
from sparring.checking.losses import check_losses
from sparring.checking.noise import check_noise
from sparring.checking.passes import check_passes
from sparring.checking.players import check_players
from sparring.checking.report import Remark
from sparring.checking.resumption import check_resumption
from sparring.checking.samples import check_samples
from sparring.checking.several import check_processes
from sparring.checking.subject import Subject
from sparring.checking.tricks import check_tricks
from sparring.checking.variety import check_other_data


@dataclass(frozen=True)
class Check:
    """One check."""

    name: str
    look: Callable[[Subject], Iterator[Remark]]
    """Says what it finds; what it raises is said, too."""
    proves: str
    """What is true where it finds nothing, in a line."""
    essential: bool = False
    """Whether nothing after it makes sense where it finds something wrong."""


CHECKS = (
    Check("class", check_class, "Methods, settings and help texts are as they should be.", essential=True),
    Check("build", check_building, "Its networks, players and phases are built.", essential=True),
    Check("players", check_players, "Every weight has its player, every turn its player.", essential=True),
    Check(
        "losses",
        check_losses,
        "Losses are named, finite scalars with a gradient, also on a smaller batch.",
        essential=True,
    ),
    Check("samples", check_samples, "Samples are like the data in shape, type and range."),
    Check("data", check_other_data, "It trains and samples on all small data that it accepts."),
    Check(
        "resume",
        check_resumption,
        "A run resumed from its checkpoint goes on as if never stopped, bit for bit.",
    ),
    Check(
        "noise", check_noise, "All chance comes from the run's own noise; a step played again is the same."
    ),
    Check("passes", check_passes, "Tests, samples and measurements leave the run as it was, bit for bit."),
    Check("processes", check_processes, "Two processes that train together stay equal, bit for bit."),
    Check("doors", check_doors, "Critics are called through judge or show, costs come from the objective."),
    Check("tricks", check_tricks, "All tricks work."),
    Check("health", check_health, "Its health can be watched."),
)
"""All checks, in the order in which they are made."""
