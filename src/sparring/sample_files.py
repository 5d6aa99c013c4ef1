"""Sample files: pictures and arrays of samples, written while they are drawn, however many there are."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sparring.animation import FILMS, FRAME_SECONDS, write_animation
from sparring.data.dataset import Column
from sparring.data.kinds import KINDS, Kind
from sparring.data.kinds.kind import padded
from sparring.data.pictures import check_format, save_pictures
from sparring.data.samples import save_parts
from sparring.disk import require_space
from sparring.errors import SettingError
from sparring.runs.files import write_atomically
from sparring.shown import counted, visible

ALL_FORMATS = tuple(form for kind in KINDS.values() for form in kind.formats)
"""The formats of files that hold one sample, of any kind."""
SMALLEST_FILE = 26
"""Bytes of the smallest picture in a file of its own, a webp of one pixel."""
USUAL_COLUMNS = 10
"""Columns of a picture."""
SHOWN_IN_CELLS = 100
"""Samples that a notebook shows."""
BLANK = 255
"""What fills the last row of a grid."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Generated examples."""

    columns: Column
    """The samples."""
    told: Column
    """What each was told to be: its class, its source; of kind `Nothing` where a system is told nothing."""

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def examples(self) -> Tensor:
        """Images as uint8 (count, channels, height, width), points as float32 (count, dimensions), tokens as
        int64 (count, length)."""
        return self.columns.values

    @property
    def condition(self) -> Tensor:
        """What each was told to be: the number of its class among the classes, int64 (count,), whose own
        label `save` writes; or of shape (count, 0)."""
        return self.told.values

    def save(self, path: Path | str, columns: int | None = None, form: str | None = None) -> list[Path]:
        """Write what shows the samples (a picture `.png`, or a text `.txt`), a film whose frames are the
        columns of that picture (`.gif`, or a video such as `.mp4`), their arrays (`.npz`), or a file for each
        (a folder, whose name ends in `/`).

        Returns:
            The files: one, or several pictures where the samples are too many for one; see `write_samples`.

        Raises:
            SettingError: the name is none of these, or the folder holds something.
            RunError: it cannot be written.
        """
        return write_samples(path, [self], len(self), columns, form)

    def _repr_png_(self) -> bytes | None:
        """The first of them as a notebook shows them; None where they are shown as text."""
        return self._shown.picture() if self.columns.kind.suffix == ".png" else None

    def _repr_html_(self) -> str | None:
        """The same of what is shown as text."""
        if self.columns.kind.suffix == ".png":
            return None
        return f"<pre>{html.escape(visible(self._shown.picture().decode()))}</pre>"

    @property
    def _shown(self) -> Samples:
        return Samples(self.columns[:SHOWN_IN_CELLS], self.told[:SHOWN_IN_CELLS])

    def picture(self, columns: int | None = None) -> bytes:
        """What shows the samples, row by row: a PNG, or a text.

        Args:
            columns: in how many columns they stand; by default one for each class where all classes are there
                in turn, else ten.
        """
        kind, found = self.columns.kind, self.told.kind.columns_of(self.condition.cpu(), USUAL_COLUMNS)
        wanted, titles = found if columns is None else (columns, ())
        _, wide = kind.grid(1, min(wanted, len(self)))
        return kind.picture([in_rows(self.columns, wide)], titles=[titles])


def in_rows(samples: Column, columns: int) -> Tensor:
    """Samples in rows of so many, the last filled up with blanks; where all are drawn in one plot, where a
    blank would be one more, a row for each."""
    return padded(samples.values, columns if samples.kind.drawn_apart else 1, BLANK)


def is_samples_folder(path: Path | str) -> bool:
    """Whether samples are to be written to a folder of that name, a file for each."""
    return str(path).endswith(("/", os.sep)) or Path(path).is_dir()


def check_samples_file(path: Path | str, kind: Kind | None = None, form: str | None = None) -> Path:
    """The path, if samples can be written under such a name.

    Args:
        path: where to.
        kind: what the samples are; any kind where it is not known yet.
        form: the format of the files in a folder, where one was asked for.

    Raises:
        SettingError: its ending is none that they can have, it is a folder that holds something, or the
            format is none of theirs.
    """
    each, path = is_samples_folder(path), Path(path)
    if each:
        formats = ALL_FORMATS if kind is None else kind.formats
        check_format(path, form, formats, "samples" if kind is None else kind.about)
        return path
    if form is not None:
        raise SettingError(
            f"A format is for a folder with a file for each sample: '{path}' is no folder; end its name in /."
        )
    shown = {".png", ".txt"} if kind is None else {kind.suffix}
    shown |= set(FILMS) if ".png" in shown else set()
    if path.suffix.lower() not in {*shown, ".npz"}:
        raise SettingError(
            f"Samples are written as {' or '.join(sorted(shown))} (to look at), .npz (arrays), or FOLDER/ (a "
            f"file for each), not as '{path.name}'."
        )
    return path


def write_samples(
    path: Path | str,
    parts: Iterable[Samples],
    count: int,
    columns: int | None = None,
    form: str | None = None,
) -> list[Path]:
    """Write samples as they come, in memory that does not grow with their number.

    Args:
        path: the file. Where samples are too many for one picture, `digits.png` becomes `digits-001.png` and
            so on.
        parts: the samples, a few at a time.
        count: how many they are in all, at least one.
        columns: of a picture, as `Samples.picture` takes them.
        form: the format of the files in a folder: png, jpg or webp.

    Returns:
        The files that were written, or the folder.

    Raises:
        SettingError: the file's ending is none that such samples can have.
        RunError: a file cannot be written, or there is no room for so many.
    """
    parts = iter(parts)
    first = next(parts)
    each_by_itself, kind = is_samples_folder(path), first.columns.kind
    path = check_samples_file(path, kind, form)
    if path.suffix.lower() in FILMS:
        if columns is None:
            raise SettingError(
                "A film needs samples that follow from one another: give --interpolate as well."
            )
        write_animation(path, _film(joined([first, *parts]), columns), last=FRAME_SECONDS)
        return [path]
    is_array = path.suffix.lower() == ".npz" and not each_by_itself
    shown = first.examples.nbytes if is_array else len(first.picture(columns))
    needed = max(count * shown // len(first), count * SMALLEST_FILE * each_by_itself)
    require_space(path, needed, counted(count, "sample"))
    whole = _chain(first, parts)
    if each_by_itself:
        save_pictures(path, ((part.columns, part.told) for part in whole), count, form)
        return [path]
    if is_array:
        save_parts(path, ((part.columns, part.told) for part in whole), count)
        return [path]
    each = kind.most_shown or count
    if columns is not None and kind.most_shown is not None:
        # A row stays in one picture.
        each = max(columns, each // columns * columns)
    pictures = -(-count // each)
    files = []
    for number, part in enumerate(regrouped(whole, each), start=1):
        ordinal = f"-{number:0{max(3, len(str(pictures)))}}" if pictures > 1 else ""
        files.append(path.with_stem(path.stem + ordinal))
        write_atomically(files[-1], part.picture(columns))
    return files


def _film(samples: Samples, columns: int) -> list[bytes]:
    """Pictures of what stands in each column of a picture of samples, column after column and back again."""
    whole = len(samples) // columns * columns
    kind, rows = samples.columns.kind, samples.examples[:whole].unflatten(0, (-1, columns))
    wide = math.ceil(math.sqrt(len(rows)))
    frames = [kind.picture([in_rows(Column(kind, rows[:, column]), wide)]) for column in range(columns)]
    return [*frames, *frames[-2:0:-1]]


def regrouped(parts: Iterable[Samples], size: int) -> Iterator[Samples]:
    """The same samples, so many at a time; the last are what is left."""
    kept: list[Samples] = []
    for part in parts:
        kept.append(part)
        while sum(map(len, kept)) >= size:
            whole = joined(kept)
            yield _cut(whole, 0, size)
            kept = [_cut(whole, size, len(whole))] if len(whole) > size else []
    if kept:
        yield joined(kept)


def joined(parts: list[Samples]) -> Samples:
    """Several samples as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    examples, told = (
        torch.cat(values)
        for values in ([part.examples for part in parts], [part.condition for part in parts])
    )
    return Samples(Column(first.columns.kind, examples), Column(first.told.kind, told))


def _cut(samples: Samples, first: int, end: int) -> Samples:
    return Samples(samples.columns[first:end], samples.told[first:end])


def _chain(first: Samples, others: Iterator[Samples]) -> Iterator[Samples]:
    yield first
    yield from others
