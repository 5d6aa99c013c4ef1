"""How a folder of images is laid out: its splits, with the class of each image."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparring.data.decoding import HEIC_ADVICE, HEIC_SUFFIXES
from sparring.data.labels import LABELS_FILE, read_labels
from sparring.data.listing import Listing, count_by_suffix, left_out_text
from sparring.errors import DataError
from sparring.shown import counted

TRAINING = {"train", "training"}
HELD_OUT = {"val", "valid", "validation", "test", "testing"}
SPLITS = TRAINING | HELD_OUT
DOMAIN = re.compile(f"({'|'.join(sorted(SPLITS))})_?[AB]")
"""Folders of data for translation between two domains, as CycleGAN has them."""


@dataclass(frozen=True)
class Split:
    """The images of a split."""

    files: list[Path]
    """Relative to the folder of the data set."""
    classes: list[str] | None
    """The class of each, or no classes at all."""


@dataclass(frozen=True)
class Layout:
    """How a folder of images is laid out."""

    training: Split
    held_out: Split | None
    class_names: tuple[str, ...]
    """The classes in the order of their numbers."""
    left_out: dict[str, int]
    """How many files are no images, by their suffix."""
    hints: tuple[str, ...]
    """What looks as if something else had been meant."""


def layout_of(root: Path, listing: Listing) -> Layout:
    """Which images of a folder are trained on, which are held out, and the class of each.

    Raises:
        DataError: there is nothing to train on, images lie beside class folders, the folder is laid out for
            translation between two domains, or its labels do not fit its images.
    """
    _refuse_domains(root, listing)
    trained_on, kept_aside = _split_folders(root, listing)
    label_files = _label_files(listing, [*trained_on, *kept_aside])
    labels = _labels(root, label_files) if label_files else None
    training = _split(root, listing, trained_on, labels)
    held_out = _split(root, listing, kept_aside, labels) if kept_aside else None
    if held_out is not None:
        _check_classes(root, training, held_out)
    names = sorted(set(training.classes or []), key=int if labels else None)
    left_out = count_by_suffix(set(listing.others).difference(label_files))
    hints = [
        *_split_hint(listing, trained_on),
        *_inner_split_hint(root, listing, trained_on),
        *([] if trained_on or labels is not None else _empty_hint(listing)),
        *_label_hint(listing, labels or {}),
        *_heic_hint(left_out),
    ]
    return Layout(training, held_out, tuple(names), left_out, tuple(hints))


def _refuse_domains(root: Path, listing: Listing) -> None:
    domains = [name for name in listing.folders if DOMAIN.fullmatch(name)]
    if domains:
        raise DataError(
            f"{root} is laid out for translation between two domains ({', '.join(domains)}): read it as "
            f"unpaired:{root}, or give the folder of one of them, such as folder:{root / max(domains)}."
        )


def _split_folders(root: Path, listing: Listing) -> tuple[list[str], list[str]]:
    """Names of the folders that are trained on, and of those that are held out; none where all is one."""
    trained_on = [name for name in listing.folders if name.lower() in TRAINING]
    kept_aside = [name for name in listing.folders if name.lower() in HELD_OUT]
    if {file.parts[0] for file in listing.images}.difference(trained_on, kept_aside):
        return [], []
    if kept_aside and not trained_on:
        raise DataError(
            f"{root} has {' and '.join(kept_aside)} but no train: give the folder that is to be trained "
            f"on, such as folder:{root / kept_aside[0]}."
        )
    return trained_on, kept_aside


def _label_files(listing: Listing, folders: Sequence[str]) -> list[Path]:
    """The files of labels, directly in the folder or in a split."""
    places = {Path(LABELS_FILE), *(Path(folder, LABELS_FILE) for folder in folders)}
    return sorted(places.intersection(listing.others))


def _labels(root: Path, files: Sequence[Path]) -> dict[Path, int]:
    """The label of each image; none where there are files that say so."""
    labels: dict[Path, int] = {}
    for file in files:
        labels |= read_labels(root, file)
    return labels


def _split(root: Path, listing: Listing, folders: Sequence[str], labels: Mapping[Path, int] | None) -> Split:
    """The images of some folders, or of all, with the class of each: by its label or else by its folder."""
    files = [file for file in listing.images if not folders or file.parts[0] in folders]
    place = root.joinpath(*folders[:1])
    if not files:
        left_out = count_by_suffix(listing.others)
        raise DataError(
            f"{place} holds no images: no file in it has a suffix of a format that Pillow opens."
            + " ".join(["", left_out_text(left_out), *_heic_hint(left_out)])
        )
    if labels is not None:
        return Split(files, [_label(root, file, labels) for file in files] if labels else None)
    depth = 1 if folders else 0
    direct = [file for file in files if len(file.parts) == depth + 1]
    inside = [file for file in files if len(file.parts) > depth + 1]
    if direct and inside:
        raise DataError(
            f"{place} holds images, such as {direct[0].name}, beside folders of images, such as "
            f"{inside[0].parts[depth]}; put every image into its class folder, or all directly into "
            f"{place.name}."
        )
    return Split(files, [composed(file.parts[depth]) for file in inside] if inside else None)


def composed(name: str) -> str:
    """A name as most systems write it: some write letters with accents as two characters."""
    return unicodedata.normalize("NFC", name)


def _label(root: Path, file: Path, labels: Mapping[Path, int]) -> str:
    if file not in labels:
        raise DataError(
            f"{LABELS_FILE} in {root} gives no label for {file}; give every image one, or "
            '{"labels": null} where there are none.'
        )
    return str(labels[file])


def _check_classes(root: Path, training: Split, held_out: Split) -> None:
    trained_on, kept_aside = training.files[0].parts[0], held_out.files[0].parts[0]
    if (training.classes is None) != (held_out.classes is None):
        raise DataError(
            f"{root} has class folders in only one of {trained_on} and {kept_aside}; give both, or neither."
        )
    unknown = sorted(set(held_out.classes or []).difference(training.classes or []))
    if unknown:
        raise DataError(
            f"{root / kept_aside} has the class '{unknown[0]}', which {root / trained_on} has not."
        )


def _split_hint(listing: Listing, trained_on: Sequence[str]) -> list[str]:
    """Folders that would have been splits, were there no others beside them."""
    places = sorted({file.parts[0] for file in listing.images})
    splits = [name for name in places if name.lower() in SPLITS]
    if trained_on or not splits:
        return []
    other = next(name for name in places if name not in splits)
    return [
        f"{' and '.join(splits)} count as classes, because {other} lies beside them; if they are splits, "
        f"move {other} elsewhere."
    ]


def _inner_split_hint(root: Path, listing: Listing, trained_on: Sequence[str]) -> list[str]:
    """Folders called as what is held out that lie further in, where they are no splits."""
    outer = 1 if trained_on else 0
    places = [
        Path(*file.parts[: depth + 1])
        for file in listing.images
        for depth, name in enumerate(file.parts[:-1])
        if depth > outer and name.lower() in HELD_OUT
    ]
    if not places:
        return []
    place, tops = min(places), {file.parts[0] for file in listing.images}
    mend = (
        f"put {place.name} outermost, as in {place.name}/{place.parts[0]}"
        if len(tops) > 1
        else f"give the folder that holds it, such as folder:{root / place.parent}"
    )
    are = "is" if len(places) == 1 else "are"
    return [
        f"{counted(len(places), 'image')} in folders such as {place} {are} not held out, because these lie "
        f"within others; if they are a split, {mend}."
    ]


def _empty_hint(listing: Listing) -> list[str]:
    """Folders beside those of classes that would be classes, too, were there images in them."""
    classes = {file.parts[0] for file in listing.images if len(file.parts) > 1}
    empty = sorted(set(listing.folders) - classes) if classes else []
    return [f"No class, for no image lies in it: {', '.join(empty)}."] if empty else []


def _label_hint(listing: Listing, labels: Mapping[Path, int]) -> list[str]:
    missing = set(labels).difference(listing.images)
    if not missing:
        return []
    return [
        f"{LABELS_FILE} gives labels for {counted(len(missing), 'file')} that cannot be found, such as "
        f"{min(missing)}."
    ]


def _heic_hint(left_out: Mapping[str, int]) -> list[str]:
    """What to install, where images are left out for the lack of it."""
    found = [suffix for suffix in left_out if suffix in HEIC_SUFFIXES]
    return [f"To read {' and '.join(found)} files: {HEIC_ADVICE}."] if found else []
