"""Exploring a run: its directions, and the noise of an image in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sparring.data.decoding import sizes
from sparring.data.loading import read_image
from sparring.errors import SettingError
from sparring.exploring.projection import Projection
from sparring.loading import load
from sparring.model import Model
from sparring.runs.folder import Run
from sparring.sample_files import Samples

WHITE = 255


def directions(
    run: Run | Path | str,
    count: int | None = None,
    *,
    steps: int = 7,
    furthest: float = 3.0,
    label: str | int | None = None,
    seed: int = 0,
    epoch: int | None = None,
    device: str = "auto",
) -> Samples:
    """Generate examples along the directions of the noise in which they change most, found in the weights.

    Args:
        run: the run or its folder.
        count: how many directions, that of most effect first: a row of the picture each; by default 5, or as
            many as there are.
        steps: examples along each, the same noise in their middle.
        furthest: how far to either side, in standard deviations of noise in N(0, I).
        label: the class of all of them, by its label in the data; by default the first.
        seed: decides the noise in the middle.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to generate them: auto, cpu, cuda ...
    """
    return load(run, epoch, device).directions(count, steps, furthest, label, seed)


def image_for(model: Model, path: Path | str) -> Tensor:
    """An image in a file, as the examples of a model are stored: uint8 (channels, height, width).

    Raises:
        SparringError: there is no such file, or the model generates other things than images.
    """
    kind = model.game.data.kind
    if not kind.has_size:
        raise SettingError(
            f"An image is like images, and this {type(model.game).__name__} generates {kind.about}."
        )
    return read_image(Path(path), kind.shape, model.white, model.fit)


def project(
    run: Run | Path | str,
    image: Path | str,
    *,
    label: str | int | None = None,
    steps: int = 300,
    mask: Path | str | None = None,
    blur: float = 0.0,
    seed: int = 0,
    epoch: int | None = None,
    device: str = "auto",
) -> tuple[Projection, Samples]:
    """Find the noise from which a run generates something like an image.

    Args:
        run: the run or its folder.
        image: a file of any format and size.
        label: its class, by its label in the data; by default every class is tried.
        steps: of the search.
        mask: an image that is black where the image is missing and is to be completed, and white elsewhere;
            of the shape of the image, or of that of the run's.
        blur: where the image is blurred and is to be made sharp, by how much: the standard deviation in
            pixels of the run's images.
        seed: decides where the search begins.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to search: auto, cpu, cuda ...

    Returns:
        What was found, and beside it the image itself, the image without what is missing, and what is
        generated, as samples.

    Raises:
        SparringError: no such run or file, or a run of other things than images.
    """
    model = load(run, epoch, device)
    kind, target = model.game.data.kind, image_for(model, image)
    seen = None
    if mask is not None:
        seen = read_image(Path(mask), (1, *kind.shape[1:]), fit=model.fit).float() / WHITE
        _require_shape(Path(mask), Path(image), kind.shape[1:])
    if seen is not None and not seen.any():
        raise SettingError(f"{mask} is black: of the image nothing would be left to go by.")
    found = model.project(target, label, steps, seed, seen, blur)
    shown = [target, found.examples.values[0]]
    if seen is not None:
        shown.insert(1, (seen * target + (1 - seen) * WHITE / 2).round().to(target.dtype))
    told = found.told[torch.zeros(len(shown), dtype=torch.int64)]
    return found, Samples(type(found.examples)(kind, torch.stack(shown)), told)


def _require_shape(mask: Path, image: Path, shape: Sequence[int]) -> None:
    """Raise SettingError if a mask would be cut otherwise than its image, so that its holes moved.

    Args:
        mask: its file.
        image: the image's.
        shape: height and width of the images of the run, which both are brought to.
    """
    found, picture = (size for size in sizes([mask, image]) if not isinstance(size, str))
    if not any(found[0] * high == found[1] * wide for wide, high in (picture, (shape[1], shape[0]))):
        raise SettingError(
            f"{mask} has {found[0]} x {found[1]} pixels and {image} has {picture[0]} x {picture[1]}: give a "
            f"mask of the same shape, or of that of the images of the run, {shape[1]} x {shape[0]}."
        )
