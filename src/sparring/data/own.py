"""A data set of one's own: what a function in a Python file gives, for data that no other name stands for."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor

from sparring.blame import place_of
from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Kind
from sparring.data.truth import Truth
from sparring.errors import DataError, nearest
from sparring.imports import import_file, importing_beside
from sparring.mistakes import described
from sparring.shown import counted


def is_own(name: str) -> bool:
    """Whether this names a data set of one's own, as `path/to/file.py:function`."""
    return name.rpartition(":")[0].endswith(".py")


def read_own(name: str) -> Dataset:
    """The data set that a function gives.

    The function takes no arguments and says, by its annotation, that it returns a `Dataset`: no other is
    called. It must give the same examples each time, for a run to be resumed.

    Args:
        name: `path/to/file.py:function`.

    Raises:
        SettingError: there is no such file.
        OwnCodeError: it cannot be imported.
        DataError: it has no such function, or what the function gives is no data set.
    """
    given, _, function = name.rpartition(":")
    path = str(Path(given).expanduser().resolve())
    module = import_file(path, f"data '{function}'")
    if not gives_dataset(module, function):
        functions = [key for key in vars(module) if gives_dataset(module, key)]
        raise DataError(
            f"{path} has no function '{function}() -> Dataset'.{nearest(function, functions)} "
            f"It has: {', '.join(functions) or 'none'}."
        )
    place = place_of(getattr(module, function))
    with importing_beside(Path(path)):
        dataset: Dataset = getattr(module, function)()
    for mistake in dataset_mistakes(dataset, place):
        raise DataError(mistake)
    check(dataset, place)
    return replace(dataset, name=f"{path}:{function}")


def gives_dataset(module: ModuleType, name: str) -> bool:
    """Whether a module has a function of this name that needs nothing and says that it returns a Dataset."""
    function = getattr(module, name, None)
    if not inspect.isfunction(function):
        return False
    needed = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    try:
        return not needed and typing.get_type_hints(function).get("return") is Dataset
    except (NameError, AttributeError):
        # It says that it returns something that is not there while it runs.
        return False


def dataset_mistakes(dataset: Any, owner: str) -> Iterator[str]:
    """What is wrong with the parts of which a data set is made.

    Args:
        dataset: what is looked at.
        owner: what gave it, in words.
    """
    if not isinstance(dataset, Dataset):
        yield f"{owner} gives {described(dataset)}: return a Dataset, as sparring.data.dataset_of makes it."
        return
    for name in ("examples", "condition"):
        column: Any = getattr(dataset, name)
        whole = isinstance(column, Column) and isinstance(column.kind, Kind)
        if not whole or not isinstance(column.values, Tensor):
            yield (
                f"{owner} gives a Dataset whose {name} are {described(column)}: write Column(kind, values), "
                "of a kind of data and a tensor."
            )
    truth: Any = dataset.truth
    parts: Any = dataset.parts
    if not isinstance(truth, Truth):
        yield f"{owner} gives a Dataset whose truth is {described(truth)}: it must be a Truth."
    if not isinstance(parts, Mapping):
        yield f"{owner} gives a Dataset whose parts are {described(parts)}: write {{name: Dataset}}."
        return
    for name, part in {"held_out": dataset.held_out, **parts}.items():
        if name != "held_out" or part is not None:
            yield from dataset_mistakes(part, f"{owner}, as '{name}',")


def check(dataset: Dataset, owner: str) -> None:
    """Raise DataError unless all of a data set, and of what belongs to it, is as its kinds say.

    Args:
        dataset: what is checked.
        owner: what it is called in errors.
    """
    for place, column in (("examples", dataset.examples), ("condition", dataset.condition)):
        misfit = column.kind.misfit(column.values)
        if misfit:
            raise DataError(f"The {place} of {owner} are not {column.kind.about}: they are {misfit}.")
        if not column.values.isfinite().all():
            raise DataError(f"The {place} of {owner} hold infinite numbers or NaN: leave those out.")
    if not len(dataset) or len(dataset.condition) != len(dataset):
        raise DataError(
            f"{owner} has {counted(len(dataset), 'example')} and "
            f"{counted(len(dataset.condition), 'condition')}: it needs at least one example, and a "
            "condition for each or none at all."
        )
    if dataset.held_out is not None:
        check(dataset.held_out, f"the held-out part of {owner}")
        trained, held_out = (
            (each.examples.kind, each.condition.kind) for each in (dataset, dataset.held_out)
        )
        if trained != held_out:
            raise DataError(
                f"The held-out part of {owner} has {held_out[0].about} with {held_out[1].about}, and what is "
                f"trained on {trained[0].about} with {trained[1].about}: both must be of the same kind."
            )
    for name, part in dataset.parts.items():
        check(part, f"the part '{name}' of {owner}")
