"""Beginning with the weights of another run, on data of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from sparring.data.kinds import Classes, kind_from
from sparring.errors import CheckpointError, SettingError
from sparring.game import Game
from sparring.randomness import Randomness, seeded_initialisation
from sparring.runs.folder import Run
from sparring.training.engine import Engine
from sparring.zoo import usual_system

NAMED = 5
"""Tensors that are named in a sentence at the most."""


@dataclass
class Taken:
    """What networks took of others, and what they did not."""

    whole: list[str] = field(default_factory=list)
    """Tensors of the same name and shape."""
    by_class: list[str] = field(default_factory=list)
    """Those that have a row for each class: the rows of classes that both data sets have."""
    new: list[str] = field(default_factory=list)
    """Those that begin as in any run."""
    new_classes: list[str] = field(default_factory=list)
    """Classes of which the other run knew nothing."""

    @property
    def text(self) -> str:
        """In words, such as `41 of 43 tensors; new are critic.head.weight and critic.head.bias`."""
        found = len(self.whole + self.by_class)
        parts = [f"{found} of {found + len(self.new)} tensors"]
        if self.by_class:
            classes = f", new rows for {_listed(self.new_classes)}" if self.new_classes else ""
            parts.append(f"by the names of classes {_listed(self.by_class)}{classes}")
        if self.new:
            parts.append(f"new are {_listed(self.new)}")
        return "; ".join(parts)


def unnamed_system(data: str, before: Run | Path | str | None) -> str:
    """The system to train where none is named: that of the run whose weights it begins with, else what is
    known to do best on the data.

    Args:
        data: its name, as `load_dataset` takes it.
        before: that run or its folder, if there is one.

    Raises:
        SparringError: there is no such run or data, or no system is known for such data.
    """
    if before is None:
        return usual_system(data)
    run = Run.open(before.path if isinstance(before, Run) else str(before))
    return str(run.description["system"])


def begin_from(path: str, engine: Engine) -> str:
    """Put the weights of a run's newest checkpoint into the networks of an engine, as far as they match.

    Args:
        path: the run's folder.
        engine: of a new run; its optimisers begin anew.

    Returns:
        What was taken, in a sentence.

    Raises:
        SparringError: there is no such run, it has no checkpoint, or nothing of it matches.
    """
    run = Run.open(path)
    checkpoint = run.checkpoints.latest()
    if checkpoint is None:
        raise CheckpointError(f"{path} has no checkpoint yet: there is nothing to begin from.")
    networks = engine.game.state_dict()
    before = kind_from(run.description["condition"]).class_names
    now = engine.game.data.condition.class_names
    rows = rows_of_classes(engine.game) if len(before) == len(now) and before != now else ()
    taken = take(networks, checkpoint.networks, before, now, rows)
    if not taken.whole:
        raise SettingError(
            f"Nothing in {path} matches these networks: give the system and the settings that it was trained "
            f"with ({run.description['system']})."
        )
    engine.game.load_state_dict(networks)
    return f"Begins with the weights of {path} at step {checkpoint.step:,}: {taken.text}."


def rows_of_classes(game: Game) -> set[str]:
    """The names of a game's tensors that have a row for each class: with one class more they are others."""
    classes = Classes((*game.data.condition.class_names, "one more"))
    with seeded_initialisation(0):
        wider = type(game)(game.settings, replace(game.data, condition=classes), Randomness(0)).state_dict()
    return {name for name, own in game.state_dict().items() if wider[name].shape[:1] != own.shape[:1]}


@torch.no_grad()
def take(
    networks: dict[str, Tensor],
    others: dict[str, Tensor],
    before: Sequence[str],
    now: Sequence[str],
    rows: Collection[str] = (),
) -> Taken:
    """Copy what matches, in place.

    Args:
        networks: the tensors of a game, by name.
        others: those of another.
        before: the names of the other's classes.
        now: those of ours.
        rows: the tensors that have a row for each class, where the classes are as many and others.
    """
    taken = Taken(new_classes=[name for name in now if name not in before])
    for name, own in networks.items():
        other = others.get(name)
        if other is not None and other.shape == own.shape and name not in rows:
            own.copy_(other)
            taken.whole.append(name)
        elif other is not None and before and _are_rows(own, other, len(now), len(before)):
            for row, label in enumerate(now):
                if label in before:
                    own[row] = other[before.index(label)]
            taken.by_class.append(name)
        else:
            taken.new.append(name)
    return taken


def _are_rows(own: Tensor, other: Tensor, now: int, before: int) -> bool:
    """Whether two tensors have a row for each class, of the same shape."""
    return own.dim() == other.dim() > 0 and own.shape == (now, *other.shape[1:]) and len(other) == before


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:NAMED], *([f"{len(names) - NAMED} more"] if len(names) > NAMED else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
