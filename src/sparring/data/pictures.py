"""Generated samples as a folder with a file for each; where they have classes, in a folder for each class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from sparring.data.colours import with_channels
from sparring.data.dataset import Column, Dataset, no_condition
from sparring.data.folder import read_folder
from sparring.data.holding_out import none_held_out
from sparring.data.kinds import kind_of
from sparring.data.kinds.classes import MOST_COLUMNS
from sparring.data.layout import SPLITS
from sparring.data.loading import Watch, unwatched
from sparring.data.resizing import Frame
from sparring.errors import DataError, SettingError
from sparring.runs.files import write_folder_atomically

PLAIN_NAME = re.compile(r"[\w+-]([\w .,+-]{0,60}[\w+-])?")
"""Names of classes that are names of folders on every system."""


def check_format(path: Path, form: str | None, formats: tuple[str, ...], about: str) -> str:
    """The format of the files of a folder of samples.

    Args:
        path: the folder, which must not be there yet, or be empty.
        form: the format that was asked for; None takes the first.
        formats: those in which a sample can be written by itself.
        about: what the samples are, in words.

    Raises:
        SettingError: there is no such format, or the folder holds something.
    """
    if not formats:
        raise SettingError(f"There is no file for each of {about}: write all of them as FILE.npz.")
    if form is not None and form not in formats:
        raise SettingError(f"There is no format '{form}' for {about}; there are {', '.join(formats)}.")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise SettingError(f"{path} is there already, and nothing in it is replaced: give another folder.")
    return form or formats[0]


def save_pictures(
    path: Path, parts: Iterable[tuple[Column, Column]], count: int, form: str | None = None
) -> None:
    """Write each sample to its own file, such as `00042.png`, or `cat/00042.png` where they have classes.

    Args:
        path: the folder; it appears whole or not at all.
        parts: samples, and what each was told to be, a few at a time: they are written as they come.
        count: how many they are in all.
        form: the format of the files; None takes the first that their kind has.

    Raises:
        SettingError: there is no such format, or the folder holds something.
        RunError: it cannot be written.
    """
    digits = max(5, len(str(count - 1)))

    def fill(folder: Path) -> None:
        index = 0
        for examples, condition in parts:
            ending = check_format(path, form, examples.kind.formats, examples.kind.about)
            folders = _folders(condition.kind.class_names)
            for value, told in zip(examples.values.cpu(), condition.values, strict=True):
                place = folder / folders[int(told)] if folders else folder
                place.mkdir(exist_ok=True)
                (place / f"{index:0{digits}}.{ending}").write_bytes(examples.kind.file(value, ending))
                index += 1

    write_folder_atomically(path, fill)


def read_pictures(path: Path, dataset: Dataset, watch: Watch = unwatched) -> Dataset:
    """Samples from a folder of pictures, such as those of a data set.

    Where they lie in folders that are called like the data's classes, these are what was asked for.

    Args:
        path: the folder.
        dataset: the real examples, of the size of the pictures.
        watch: is told how many are read.

    Raises:
        DataError: the folder cannot be read, the data holds no images, the pictures are of another size, or
            the data has no such classes.
    """
    if not dataset.examples.kind.has_size:
        about = dataset.examples.kind.about
        raise DataError(
            f"{path} is a folder of pictures, and '{dataset.name}' has {about}: give an .npz file."
        )
    channels, height, width = dataset.spec.shape
    # All of them are samples, whatever splits they lie in.
    pictures = none_held_out(read_folder(path, Frame(width, height), alpha=channels == 4, watch=watch))
    if pictures.parts:
        raise DataError(
            f"{path} has a folder of pictures of no class, {' and '.join(pictures.parts)}, beside those of "
            "classes: move it elsewhere, or put all pictures directly into one folder."
        )
    found = pictures.provenance
    if not found.all_are(height, width):
        only = found.only_size
        advice = f"--size {only} brings those to it" if only else "write all of the same size"
        raise DataError(
            f"The pictures in {path} are of {found.sizes_text}, and the examples of '{dataset.name}' of "
            f"{width} x {height} px: {advice}."
        )
    images = pictures.examples.values
    if channels > images.shape[1]:
        # A file does not say whether what is grey in it might have had colour.
        images = with_channels(images, channels)
    return Dataset(path.name, Column(kind_of(images), images), _asked_for(pictures, dataset))


def _asked_for(pictures: Dataset, dataset: Dataset) -> Column:
    """The class of each, as the data numbers it; nothing where either has no classes."""
    if not pictures.class_names or not dataset.class_names:
        return no_condition(len(pictures))
    numbers = {name: number for number, name in enumerate(_folders(dataset.class_names))}
    unknown = [name for name in pictures.class_names if name not in numbers]
    if unknown:
        raise DataError(
            f"The pictures have a folder '{unknown[0]}', and '{dataset.name}' has no such class: its classes "
            f"are {', '.join(dataset.class_names[:MOST_COLUMNS])}."
        )
    places = torch.tensor([numbers[name] for name in pictures.class_names])
    return Column(dataset.condition.kind, places[pictures.condition.values])


def _folders(names: Sequence[str]) -> list[str]:
    """A folder for each class: called like it where that is a name on every system and means nothing else,
    and like no other class."""
    return [
        name if PLAIN_NAME.fullmatch(name) and name.lower() not in SPLITS else _other_name(number, names)
        for number, name in enumerate(names)
    ]


def _other_name(number: int, names: Sequence[str]) -> str:
    """A name of a folder that no class has."""
    taken, name = {each.lower() for each in names}, f"class-{number}"
    while name in taken:
        name += "_"
    return name
