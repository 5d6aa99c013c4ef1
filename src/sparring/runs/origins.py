"""What a run was made of: its system and its data, found again without running what may have come with it."""

from __future__ import annotations

import warnings
from pathlib import Path

from sparring.data import READING, load_dataset
from sparring.data.dataset import Dataset
from sparring.data.kinds import kind_from
from sparring.data.loading import Watch, unwatched
from sparring.data.own import is_own
from sparring.errors import DataError, RunError, SettingError
from sparring.exporting.layout import is_exported
from sparring.game import Game
from sparring.runs.folder import Run
from sparring.runs.place import is_group, is_tuning
from sparring.zoo import find_system


def recorded_system(run: Run) -> type[Game]:
    """The class of a run's system.

    Opening a stranger's run must not run code that came with it. So a system of one's own is taken only from
    the full path that `train` recorded, and never from within the run.

    Raises:
        RunError: the path is relative, leads through links, or lies in the run folder.
        SettingError: there is no such system.
    """
    reference = run.description["system"]
    if ":" in reference:
        refuse_what_came_with(run.path, "system", reference)
    return find_system(reference)


def refuse_to_write_over_data(run: Run | Path | str, out: Path | str) -> None:
    """Refuse to write over the file that a run was trained on; an exported model does not say which.

    Raises:
        SettingError: that is where something is to be written.
        RunError: there is no such run.
    """
    if not isinstance(run, Run) and is_exported(run):
        return
    run = run if isinstance(run, Run) else Run.open(run)
    name = run.description["data"]["name"]
    file = Path(name.partition(":")[2])
    if file.is_file() and Path(out).exists() and file.samefile(out):
        raise SettingError(f"{out} is what {run.path} was trained on ({name}): give another name.")


def recorded_dataset(run: Run, watch: Watch = unwatched) -> Dataset:
    """The data that a run was trained on; a warning says where it has changed since.

    Args:
        run: the run.
        watch: is told how many images of a folder are read, and how many there are.

    Raises:
        RunError: the path of the function is relative, leads through links, or lies in the run folder.
        SparringError: the data cannot be loaded any more.
    """
    dataset = data_as_it_is(run, watch)
    if has_changed(run, dataset):
        warnings.warn(
            f"{dataset.name} has changed since {run.path} began: what is held out now may have been trained "
            "on. Restore the data for figures that can be relied on.",
            stacklevel=2,
        )
    else:
        _warn_of_others_held_out(run, dataset)
    return dataset


def data_as_it_is(run: Run, watch: Watch = unwatched) -> Dataset:
    """The same, whether or not it has changed.

    A function of one's own that gives it is taken as a system of one's own is.
    """
    name = run.description["data"]["name"]
    if is_own(name):
        refuse_what_came_with(run.path, "data", name)
    return dataset_of_run(run, name, watch)


def unchanged_dataset(run: Run, name: str | None, watch: Watch = unwatched) -> Dataset:
    """The data that a run was trained on, which must not have changed since.

    Args:
        run: the run.
        name: where it is now, if it has moved.
        watch: is told how many files are read.

    Raises:
        DataError: it has changed, or is another.
        SparringError: as `recorded_dataset` does.
    """
    dataset = data_as_it_is(run, watch) if name is None else dataset_of_run(run, name, watch)
    if has_changed(run, dataset):
        raise DataError(
            f"{dataset.name} is not what {run.path} was trained on (its examples, or what their "
            "numbers stand for, differ): restore the data, give --data if it has moved, or start a new run "
            "with --from."
        )
    _warn_of_others_held_out(run, dataset)
    return dataset


def has_changed(run: Run, dataset: Dataset) -> bool:
    """Whether what would be trained on is something else than when a run began: other numbers, or such as
    stand for other tokens."""
    recorded = run.description["data"]
    described = kind_from(recorded["spec"]["examples"]).description()
    return bool(
        dataset.fingerprint != recorded["fingerprint"] or dataset.examples.kind.description() != described
    )


def _warn_of_others_held_out(run: Run, dataset: Dataset) -> None:
    """Warn where other examples are held out than when a run began, if it says which these were."""
    held_out = dataset.held_out
    recorded = run.description["data"].get("held_out_fingerprint")
    if recorded is not None and (held_out is None or held_out.fingerprint != recorded):
        warnings.warn(
            f"What {dataset.name} holds out has changed since {run.path} began: figures of before and after "
            "are of different examples.",
            stacklevel=3,
        )


def dataset_of_run(run: Run, name: str, watch: Watch = unwatched) -> Dataset:
    """A data set, read as that of a run was.

    Args:
        run: that says how.
        name: of the data, as `load_dataset` takes it.
        watch: is told how many files are read.

    Raises:
        SparringError: it cannot be loaded.
    """
    data = run.description["data"]
    # A run of before there was a choice of fit, or of stretching, does not record one.
    return load_dataset(name, **{option: data[option] for option in READING if option in data}, watch=watch)


def refuse_what_came_with(folder: Path, what: str, reference: str) -> None:
    """Raise RunError unless `path/to/file.py:name` certainly did not come with a run, or a group of runs."""
    file, came = Path(reference.rpartition(":")[0]), folder.resolve()
    if is_group(came.parent) or is_tuning(came.parent):
        came = came.parent
    # A path through links, such as the system's own link to the current folder, is as good as relative.
    if not file.is_absolute() or file != file.resolve() or file.is_relative_to(came):
        raise RunError(
            f"{folder} names its {what} as {reference}, which may have come with the run: a {what} of "
            "one's own is only taken from a full path, without links, outside the run folder."
        )


def refuse_code_of(folder: Path, system: str, data: str) -> None:
    """Raise RunError where a system or a data set of one's own may have come with a folder of runs."""
    if ":" in system:
        refuse_what_came_with(folder, "system", system)
    if is_own(data):
        refuse_what_came_with(folder, "data", data)
