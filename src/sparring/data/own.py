"""A data set of one's own: what a function in a Python file gives, for data that no other name stands for."""

from __future__ import annotations

import inspect
import typing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from sparring.data.dataset import Dataset
from sparring.errors import DataError, nearest
from sparring.imports import import_file


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
        SettingError: there is no such file, or it cannot be imported.
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
    dataset = getattr(module, function)()
    if not isinstance(dataset, Dataset):
        raise DataError(f"'{function}' in {path} gave {type(dataset).__name__} and not a Dataset.")
    check(dataset, f"'{function}' in {path}")
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
    if not len(dataset) or len(dataset.condition) != len(dataset):
        raise DataError(
            f"{owner} has {len(dataset)} examples and {len(dataset.condition)} conditions: it needs at least "
            "one example, and a condition for each or none at all."
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
