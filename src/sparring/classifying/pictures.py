"""Pictures to classify: files, folders, arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sparring.data.arrays import LABELS, Array, Arrays, examples_in, labels_in, only_key
from sparring.data.colours import ON_WHITE, with_channels
from sparring.data.dataset import DataSpec
from sparring.data.folder import load_images
from sparring.data.layout import composed
from sparring.data.listing import list_folder
from sparring.data.loading import Wanted
from sparring.data.resizing import Frame, frame_of
from sparring.data.unlabelled import NO_LABEL
from sparring.errors import DataError


@dataclass(frozen=True, eq=False)
class Pictures:
    """Examples to classify."""

    names: list[str]
    """A name for each: its path, or its place in an array."""
    examples: Tensor
    """Stored, as the run's data has them."""
    classes: Tensor | None
    """The class of each, int64 (count,), where all are known."""


def read_pictures(
    paths: Sequence[Path | str],
    spec: DataSpec,
    reading: Mapping[str, Any],
    background: Callable[[], Sequence[int]] = lambda: ON_WHITE,
) -> Pictures:
    """Examples from files, folders and .npz files, brought to the size and the colours of the data of a run.

    Their classes are known where the folders they lie in, given ones or folders within these, are called like
    the classes of the run, or where an .npz has labels, none of which is -1 for no label.

    Args:
        paths: of all of them.
        spec: what the run was trained on.
        reading: how images are read there: `fit`, and `white`, the share of their range that becomes white.
        background: gives what transparent pictures are put on, where the data has no transparent ones.

    Raises:
        DataError: one cannot be read, or is of another kind.
    """
    if not paths:
        raise DataError("Nothing to classify: give image files, folders, or .npz files.")
    parts = [_read(Path(path), spec, reading, background) for path in paths]
    known = [part.classes for part in parts if part.classes is not None]
    return Pictures(
        [name for part in parts for name in part.names],
        torch.cat([part.examples for part in parts]),
        torch.cat(known) if len(known) == len(parts) else None,
    )


def _read(
    path: Path, spec: DataSpec, reading: Mapping[str, Any], background: Callable[[], Sequence[int]]
) -> Pictures:
    frame = None
    if spec.kind.has_size:
        _, height, width = spec.shape
        frame = frame_of(f"{width}x{height}", reading.get("fit", "crop"))
    if not path.exists():
        raise DataError(f"There is no file or folder {path}.")
    white = reading.get("white", 1.0)
    if path.suffix.lower() == ".npz":
        return _of_arrays(path, spec, frame, white)
    if frame is None:
        raise DataError(f"The run was trained on {spec.kind.about}: give an .npz file, and not {path}.")
    files = list_folder(path).images if path.is_dir() else [Path(path.name)]
    if not files:
        raise DataError(f"{path} holds no images.")
    root = path if path.is_dir() else path.parent
    channels = spec.shape[0]
    behind = background() if channels in (1, 3) else ON_WHITE
    # What the data itself was read with where it is white, so that its own files are seen as they were.
    alpha = channels == 4 or tuple(behind) != ON_WHITE
    loaded = load_images(root, files, Wanted(frame, white, skip_bad=None, alpha=alpha))
    names = spec.condition.class_names
    own = path.resolve().name
    folders = [composed(file.parts[0] if len(file.parts) > 1 else own) for file in files]
    named = path.is_dir() and all(folder in names for folder in folders)
    classes = torch.tensor([names.index(folder) for folder in folders]) if named else None
    shown = [str(root / file) for file in files]
    return Pictures(shown, with_channels(loaded.images, channels, behind), classes)


def _of_arrays(path: Path, spec: DataSpec, frame: Frame | None, white: float) -> Pictures:
    arrays = Arrays(path)
    key = only_key(arrays, ("images", "points"), path)
    examples = examples_in(arrays, key, path)
    examples = spec.kind.brought(examples, frame, white)
    misfit = spec.kind.misfit(examples)
    if misfit:
        raise DataError(f"'{key}' in {path} is not {spec.kind.about}, as the run's data is: it is {misfit}.")
    labels = labels_in(arrays, LABELS[key], len(examples), path)
    # Where some are without a label, as in the data of the run, not all classes are known.
    if labels is not None and _lack_labels(labels, spec.condition.class_names):
        labels = None
    classes = None if labels is None else spec.condition.from_arrays(labels)
    return Pictures([f"{path}[{place}]" for place in range(len(examples))], examples, classes)


def _lack_labels(labels: Array, names: Sequence[str]) -> bool:
    """Whether the label of some examples says that they have none."""
    return NO_LABEL not in names and NO_LABEL in labels.astype(str)
