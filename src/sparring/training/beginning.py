"""Beginning with the weights of another run, on data of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn

from sparring.errors import CheckpointError, SettingError
from sparring.runs.folder import Run
from sparring.runs.origins import refuse_what_came_with
from sparring.shown import counted
from sparring.training.engine import Engine
from sparring.training.renaming import Renaming, renamings
from sparring.zoo import usual_system

NAMED = 5
"""Tensors that are named in a sentence at the most."""


@dataclass
class Taken:
    """What networks took of others, and what they did not."""

    whole: list[str] = field(default_factory=list)
    """Tensors of the same name and shape."""
    renamed: dict[str, list[str]] = field(default_factory=dict)
    """By what has other numbers, such as `classes`: tensors that have an entry for each, of which those that
    both data sets have were taken."""
    new: list[str] = field(default_factory=list)
    """Those that begin as in any run."""
    unknown: dict[str, list[str]] = field(default_factory=dict)
    """By what they are: classes, or tokens, of which the other run knew nothing."""
    left: list[str] = field(default_factory=list)
    """Tensors of the others that have no place here."""

    @property
    def text(self) -> str:
        """In words, such as `41 of 43 tensors; new are critic.head.weight and critic.head.bias`."""
        found = len({*self.whole, *chain.from_iterable(self.renamed.values())})
        parts = [f"{found} of {counted(found + len(self.new), 'tensor')}"]
        for what, tensors in self.renamed.items():
            new = f", new rows for {_listed(self.unknown[what])}" if self.unknown[what] else ""
            parts.append(f"by the names of {what} {_listed(tensors)}{new}")
        if self.new:
            parts.append(f"new are {_listed(self.new)}")
        if self.left:
            parts.append(f"not taken were {_listed(self.left)}")
        return "; ".join(parts)


def unnamed_system(data: str, before: Run | Path | str | None) -> str:
    """The system to train where none is named: that of the run whose weights it begins with, else what is
    known to do best on the data.

    Args:
        data: its name, as `load_dataset` takes it.
        before: that run or its folder, if there is one.

    Raises:
        SparringError: there is no such run or data, no system is known for such data, or the run's own system
            may have come with it.
    """
    if before is None:
        return usual_system(data)
    run = Run.open(before.path if isinstance(before, Run) else str(before))
    system = str(run.description["system"])
    if ":" in system:
        refuse_what_came_with(run.path, "system", system)
    return system


@dataclass(frozen=True)
class Beginning:
    """With which weights a run begins."""

    step: int
    """Of the other run."""
    text: str
    """What was taken, in a sentence."""


def begin_from(path: str, engine: Engine, step: int | None = None) -> Beginning:
    """Put the weights of another run into the networks of an engine, as far as they match.

    Args:
        path: the run's folder.
        engine: of a new run; its optimisers begin anew.
        step: whose checkpoint it is to be; by default the newest.

    Raises:
        SparringError: there is no such run, it has no such checkpoint, or nothing of it matches.
    """
    run = Run.open(path)
    if step is not None and step not in run.checkpoints.steps():
        raise CheckpointError(
            f"{path} keeps no checkpoint of step {step:,} any more, with whose weights this run began: it "
            "cannot begin so again. Train a new one."
        )
    checkpoint = run.checkpoints.latest() if step is None else run.checkpoints.at(step)
    if checkpoint is None:
        raise CheckpointError(f"{path} has no checkpoint yet: there is nothing to begin from.")
    networks = engine.game.state_dict()
    apart = {*engine.game.of_data, *of_what_begins_anew(engine.game)}
    ours = {name: own for name, own in networks.items() if name not in apart}
    changed = list(renamings(engine.game, run.description["data"]["spec"]))
    theirs = {name: other for name, other in checkpoint.networks.items() if name not in apart}
    taken = take(ours, theirs, changed)
    if not taken.whole:
        raise SettingError(
            f"Nothing in {path} matches these networks: give the system and the settings that it was trained "
            f"with ({run.description['system']})."
        )
    engine.game.load_state_dict(networks)
    text = f"Begins with the weights of {path} at step {checkpoint.step:,}: {taken.text}."
    return Beginning(checkpoint.step, text)


def of_what_begins_anew(networks: nn.Module) -> list[str]:
    """The names of the tensors of modules that say `begins_anew`: what was seen or made in another run, such
    as a pool of its images, is nothing to begin with."""
    modules = networks.named_modules()
    anew = [(path, part) for path, part in modules if getattr(part, "begins_anew", False)]
    return [f"{path}.{name}" for path, part in anew for name in part.state_dict()]


@torch.no_grad()
def take(networks: dict[str, Tensor], others: dict[str, Tensor], changed: Sequence[Renaming] = ()) -> Taken:
    """Copy what matches, in place.

    Args:
        networks: the tensors of a game, by name.
        others: those of another.
        changed: what has other numbers in the other.
    """
    taken = Taken(
        unknown={each.name: each.new for each in changed},
        left=[name for name in others if name not in networks],
    )
    for name, own in networks.items():
        other = others.get(name)
        moved = {at: each for each in changed for at in each.dimensions.get(name, ())}
        if other is None or not _fits(own, other, moved):
            taken.new.append(name)
        elif not moved:
            own.copy_(other)
            taken.whole.append(name)
        else:
            _copy(own, other, moved)
            for what in dict.fromkeys(each.name for each in moved.values()):
                taken.renamed.setdefault(what, []).append(name)
    return taken


def _fits(own: Tensor, other: Tensor, moved: Mapping[int, Renaming]) -> bool:
    """Whether two tensors are of one shape, but along some dimensions for as many things as their games
    know of."""
    wanted = list(own.shape)
    for at, each in moved.items():
        wanted[at] = len(each.before)
    return list(other.shape) == wanted and all(own.shape[at] == len(each.now) for at, each in moved.items())


def _copy(own: Tensor, other: Tensor, moved: Mapping[int, Renaming]) -> None:
    """Copy what is of things that both games know, along some dimensions."""
    places = [torch.arange(size) for size in own.shape]
    for at, each in moved.items():
        places[at], theirs = each.places
        other = other.index_select(at, theirs)
    # What was read from a file is on the CPU.
    own[torch.meshgrid([each.to(own.device) for each in places], indexing="ij")] = other.to(own)


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:NAMED], *([f"{len(names) - NAMED} more"] if len(names) > NAMED else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
