"""A folder of one's own images, of any size, in any format that Pillow opens."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median_low

import torch

from sparring.data.cache import cached
from sparring.data.dataset import Dataset, dataset_of
from sparring.data.decoding import sizes
from sparring.data.layout import layout_of
from sparring.data.listing import list_folder
from sparring.data.loading import Loaded, Wanted, Watch, load_files, unwatched
from sparring.data.provenance import Provenance, cut_hint
from sparring.data.resizing import Frame
from sparring.data.unlabelled import folder_without_label, unlabelled_apart
from sparring.errors import DataError

DEFAULT_FRAME = Frame(28, 28)
LOOKED_AT = 50
"""Files whose size is looked at to choose one for all."""
SMALLEST = 8
"""Pixels that every system can do with."""


def read_folder(
    path: Path,
    frame: Frame | None = None,
    skip_bad_images: bool = False,
    *,
    stretch: bool = False,
    alpha: bool = False,
    watch: Watch = unwatched,
) -> Dataset:
    """Read a folder of images.

    Sub-folders are classes, named by the folders and numbered in their sorted order; the images of a class
    may lie at any depth in its folder. Beside two or more, a folder `unlabelled` is no class: its images
    become the part of that name. Images directly in `path` are data without labels. If a `dataset.json`
    lies there, labels come from it alone (see `labels.py`). If all images lie in `train` and in `val`,
    `valid`, `validation` or `test`, in any case of letters, these are the splits: what is not in `train` is
    held out; each is laid out as above. Hidden files, what systems leave behind (such as `__MACOSX`), files
    whose suffix is that of no image, and folders without images are ignored.

    Each image is turned as its EXIF orientation says, put on white where it is transparent, brought to 8
    bits, and resized as the frame says (Lanczos). Of an animation the first frame is taken. 16-bit images are
    scaled from 0 ... 65535; images of floats from 0 ... 1, or from 0 ... 255 where they hold more than 1. The
    data has one channel if no image has colour in what is left of it, otherwise three. Where alpha is asked
    for, nothing is put on white, and a fourth channel says how opaque images are.

    Args:
        path: the folder.
        frame: size of the images, and how they come to it; None stands for the central square at 28 pixels.
        skip_bad_images: leave out files that cannot be decoded, with a warning.
        stretch: scale all values so that the brightest of all files, as a share of its range, becomes white.
        alpha: keep how opaque images are.
        watch: is told how many images are read.

    Returns:
        Images as uint8 (count, 1, 3 or 4, height, width), in the sorted order of their paths.

    Raises:
        DataError: the folder cannot be read or holds no images, it is laid out otherwise, or (unless they are
            skipped) an image cannot be decoded.
    """
    layout = layout_of(path, list_folder(path))
    splits = [layout.training] if layout.held_out is None else [layout.training, layout.held_out]
    files = [file for split in splits for file in split.files]
    wanted = Wanted(frame or DEFAULT_FRAME, None if stretch else 1.0, skip_bad_images, alpha)
    loaded = load_images(path, files, wanted, watch)
    classes = [name for split in splits for name in split.classes or []]
    numbers = {name: number for number, name in enumerate(layout.class_names)}
    labels = torch.tensor([numbers[classes[index]] for index in loaded.kept]) if classes else None
    whole = dataset_of(f"folder:{path}", loaded.images, labels, layout.class_names)
    border = bisect_left(loaded.kept, len(layout.training.files))
    training, held_out = whole[:border], whole[border:]
    if not len(training) or (layout.held_out and not len(held_out)):
        (first, *_) = set(range(len(files))).difference(loaded.kept)
        raise DataError(f"No image of a split of {path} can be read, {path / files[first]} being the first.")
    bad = len(files) - len(loaded.kept)
    left_out = layout.left_out | ({"damaged": bad} if bad else {})
    hints = (*layout.hints, *cut_hint(loaded.cut, len(loaded.kept), wanted.frame))
    dataset = replace(
        training,
        held_out=held_out if layout.held_out else None,
        provenance=Provenance(loaded.widths, loaded.heights, left_out, hints, loaded.white),
    )
    return unlabelled_apart(dataset, folder_without_label(layout.class_names))


def usual_side(path: Path, most: int) -> int:
    """The size in pixels to which the images of a folder are best brought: their own, if it is not larger.

    Args:
        path: the folder.
        most: no larger than this.

    Raises:
        DataError: the folder cannot be read or holds no images, or is laid out otherwise.
    """
    files = layout_of(path, list_folder(path)).training.files
    looked_at = files[:: -(-len(files) // LOOKED_AT)]
    found = sizes([path / file for file in looked_at])
    sides = [min(size) for size in found if not isinstance(size, str)]
    side = min(most, median_low(sides)) if sides else most
    # What can be halved wastes nothing.
    return max(SMALLEST, side // 4 * 4)


def load_images(
    root: Path,
    files: Sequence[Path],
    wanted: Wanted,
    watch: Watch = unwatched,
    beside: Sequence[Path] = (),
) -> Loaded:
    """Some images of a folder, decoded or found in the cache; a warning names those that are skipped.

    Args:
        root: the folder.
        files: the images, relative to it.
        wanted: what they are brought to.
        watch: is told how many are read.
        beside: further files that count where the brightest of all becomes white.

    Raises:
        DataError: a file cannot be decoded and such are not left out, or none can.
    """

    def decode() -> Loaded:
        return load_files([root / file for file in files], wanted, watch, [root / file for file in beside])

    loaded = cached(root, files, wanted, decode, beside)
    bad = [root / files[index] for index in sorted(set(range(len(files))).difference(loaded.kept))]
    if bad:
        shown = ", ".join(map(str, bad[:3])) + (", ..." if len(bad) > 3 else "")
        warnings.warn(f"Skipped {len(bad)} of {len(files)} images: {shown}", stacklevel=3)
    return loaded
