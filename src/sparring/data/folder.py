"""A folder of one's own images, of any size, in any format that Pillow opens."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sparring.data.dataset import Dataset, dataset_of
from sparring.data.decoding import decoded
from sparring.data.listing import entries, images_below
from sparring.data.resizing import Frame
from sparring.errors import DataError
from sparring.memory import require_memory

DEFAULT_FRAME = Frame(28, 28)


@dataclass(frozen=True)
class _Split:
    """The image files of a data set, and the class of each, or no classes at all."""

    files: list[Path]
    classes: list[str] | None


def read_folder(path: Path, frame: Frame | None = None, skip_bad_images: bool = False) -> Dataset:
    """Read a folder of images.

    Sub-folders are classes, named by the folders and numbered in their sorted order; the images of a class
    may lie at any depth in its folder. Images directly in `path` are data without labels. If `path` has
    exactly the sub-folders `train` and `test`, these are the training and the test split, each laid out as
    above. Hidden files, files whose suffix is none of Pillow's, and folders without images are ignored.

    Each image is turned as its EXIF orientation says, put on white where it is transparent, brought to 8
    bits, and resized as the frame says (Lanczos). Of an animation the first frame is taken. 16-bit images are
    scaled from 0 ... 65535; images of floats from 0 ... 1, or from 0 ... 255 where they hold more than 1. The
    data has one channel if no image has colour in what is left of it, otherwise three.

    Args:
        path: the folder.
        frame: size of the images, and how they come to it; None stands for the central square at 28 pixels.
        skip_bad_images: leave out files that cannot be decoded, with a warning.

    Returns:
        Images as uint8 (count, 1 or 3, height, width), in the sorted order of their paths.

    Raises:
        DataError: the folder cannot be read or holds no images, mixes images with class folders, or (unless
            they are skipped) an image cannot be decoded.
    """
    frame = frame or DEFAULT_FRAME
    folders, files = entries(path)
    if {folder.name for folder in folders} == {"train", "test"} and not files:
        training, held_out = _split(path / "train"), _split(path / "test")
    else:
        training, held_out = _split(path), None
    names = tuple(sorted(set(training.classes or [])))
    name = f"folder:{path}"
    images, labels = _load(training, names, frame, skip_bad_images)
    if held_out is None:
        return dataset_of(name, images, labels, names)
    _check_classes(path, training, held_out)
    test_images, test_labels = _load(held_out, names, frame, skip_bad_images)
    channels = max(images.shape[1], test_images.shape[1])
    test = dataset_of(name, _with_channels(test_images, channels), test_labels, names)
    return dataset_of(name, _with_channels(images, channels), labels, names, test)


def _check_classes(path: Path, training: _Split, held_out: _Split) -> None:
    if (training.classes is None) != (held_out.classes is None):
        raise DataError(f"{path} has class folders in only one of train and test; give both, or neither.")
    unknown = sorted(set(held_out.classes or []) - set(training.classes or []))
    if unknown:
        raise DataError(f"{path / 'test'} has the class '{unknown[0]}', which {path / 'train'} has not.")


def _split(path: Path) -> _Split:
    """The images of a folder, with their classes if they lie in sub-folders."""
    folders, direct = entries(path)
    inside = [(file, folder.name) for folder in folders for file in images_below(folder)]
    if direct and inside:
        raise DataError(
            f"{path} holds images, such as {direct[0].name}, beside folders of images, such as "
            f"{inside[0][1]}; put every image into its class folder, or all directly into {path.name}."
        )
    if not direct and not inside:
        raise DataError(f"{path} holds no images: no file in it has a suffix of a format that Pillow opens.")
    if direct:
        return _Split(direct, None)
    return _Split([file for file, _ in inside], [name for _, name in inside])


def _load(
    split: _Split, names: Sequence[str], frame: Frame, skip_bad_images: bool
) -> tuple[Tensor, Tensor | None]:
    """Decode all images of a split, and number their classes."""
    # Grey until the first image with colour: nothing but the final tensor is ever whole in memory.
    require_memory(len(split.files) * frame.area, f"{len(split.files):,} images of {frame}")
    images = torch.empty((len(split.files), 1, frame.height, frame.width), dtype=torch.uint8)
    kept: list[int] = []
    bad: list[str] = []
    for index, pixels in enumerate(decoded(split.files, frame)):
        if isinstance(pixels, str):
            fault = f"{split.files[index]} cannot be read as an image ({pixels})"
            if not skip_bad_images:
                raise DataError(f"{fault}; mend or remove it, or pass --skip-bad-images to skip such files.")
            bad.append(str(split.files[index]))
            continue
        images = _with_channels(images, max(images.shape[1], len(pixels)))
        images[len(kept)] = torch.from_numpy(pixels)
        kept.append(index)
    if not kept:
        raise DataError(f"None of the {len(bad)} images can be read, {bad[0]} being the first.")
    if bad:
        shown = ", ".join(bad[:3]) + (", ..." if len(bad) > 3 else "")
        warnings.warn(f"Skipped {len(bad)} of {len(split.files)} images: {shown}", stacklevel=2)
        images = images[: len(kept)].clone()
    if split.classes is None:
        return images, None
    numbers = {name: number for number, name in enumerate(names)}
    return images, torch.tensor([numbers[split.classes[index]] for index in kept])


def _with_channels(images: Tensor, channels: int) -> Tensor:
    """Images of one channel repeated in three if three are wanted; else untouched."""
    return images if images.shape[1] == channels else images.expand(-1, channels, -1, -1).contiguous()
