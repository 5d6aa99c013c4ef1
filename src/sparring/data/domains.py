"""Where the images of two domains, A and B, lie in a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from sparring.data.layout import SPLITS, TRAINING, composed
from sparring.data.listing import Listing, count_by_suffix
from sparring.errors import DataError, nearest

SPLIT_FOLDER = re.compile(f"({'|'.join(sorted(SPLITS))})_?([AB])", re.IGNORECASE)
"""Folders as the data sets of CycleGAN have them, such as `trainA`."""
LETTERS = ("A", "B")
OWN_LETTER = re.compile("_[AB]$")
"""What the names of a pair may end in."""


@dataclass(frozen=True)
class Domains:
    """The images of two domains."""

    names: tuple[str, str]
    """What they are called in the folder, A first."""
    training: tuple[list[Path], list[Path]]
    """Files of A and of B, relative to the folder."""
    held_out: tuple[list[Path], list[Path]] | None
    left_out: dict[str, int]
    """How many files were left out, by what they are."""


@dataclass(frozen=True)
class _Place:
    """Where a file stands."""

    domain: int
    held_out: bool


def domains_of(root: Path, listing: Listing, classes: Sequence[str] = ()) -> Domains | None:
    """The images of two domains; None where the folder has no two.

    Its folders are `trainA`, `trainB` and perhaps `testA`, `testB` (or `valA` ...); or `A` and `B`; or they
    are two, of any names, of which the first in the order of the alphabet is A. In the latter two, a domain
    may have a `train` and a `test` (or `val` ...) folder.

    Args:
        root: the folder.
        listing: what is in it.
        classes: folders within both domains whose images are held out, where none are by themselves.

    Raises:
        DataError: a split has only one domain, there is no such folder, or some are held out by themselves.
    """
    tops = sorted({file.parts[0] for file in listing.images})
    found = _split_folders(tops) or _two_folders(listing, tops)
    if found is None:
        return None
    names, place_of = found
    files: dict[_Place, list[Path]] = {
        _Place(domain, held): [] for domain in (0, 1) for held in (False, True)
    }
    if classes:
        place_of = _by_classes(root, listing, place_of, classes)
    outside = 0
    for file in listing.images:
        place = place_of(file)
        if place is None:
            outside += 1
        else:
            files[place].append(file)
    splits = [(files[_Place(0, held)], files[_Place(1, held)]) for held in (False, True)]
    for (a, b), what in zip(splits, ("train on", "hold out"), strict=True):
        if bool(a) != bool(b):
            raise DataError(
                f"{root} has images to {what} of only one domain, {names[0] if a else names[1]}: give "
                "both, or neither."
            )
    if not splits[0][0]:
        raise DataError(f"{root} has no images to train on: give it trainA and trainB, or A and B.")
    left_out = count_by_suffix(listing.others) | ({"outside of both domains": outside} if outside else {})
    return Domains(names, splits[0], splits[1] if splits[1][0] else None, left_out)


def _by_classes(
    root: Path, listing: Listing, place_of: Callable[[Path], _Place | None], classes: Sequence[str]
) -> Callable[[Path], _Place | None]:
    """Where files stand if those in some folders within the domains are held out, and no others.

    Raises:
        DataError: some are held out already, no folder has one of the names, or nothing else is left.
    """
    inside = [file for file in listing.images if place_of(file) is not None]
    if any(place.held_out for file in inside if (place := place_of(file))):
        raise DataError(f"{root} has held-out images of its own; leave --hold-out-classes away.")
    known = {_class_of(file) for file in inside} - {""}
    for name in classes:
        if name not in known:
            raise DataError(
                f"The two domains in {root} have no folder '{name}' to hold out.{nearest(name, known)} "
                f"They have: {', '.join(sorted(known)) or 'none'}."
            )
    if all(_class_of(file) in classes for file in inside):
        raise DataError(
            f"To hold out {', '.join(classes)} leaves nothing of {root} to train on: leave one out of "
            "--hold-out-classes."
        )

    def parted(file: Path) -> _Place | None:
        place = place_of(file)
        return place and _Place(place.domain, _class_of(file) in classes)

    return parted


def _class_of(file: Path) -> str:
    """The folder within a domain that a file lies in; none where it lies directly in it."""
    return file.parts[1] if len(file.parts) > 2 else ""


def _split_folders(tops: Sequence[str]) -> tuple[tuple[str, str], Callable[[Path], _Place | None]] | None:
    """Folders such as `trainA`."""
    if not any(SPLIT_FOLDER.fullmatch(top) for top in tops):
        return None

    def place_of(file: Path) -> _Place | None:
        found = SPLIT_FOLDER.fullmatch(file.parts[0])
        if found is None:
            return None
        return _Place(LETTERS.index(found[2].upper()), found[1].lower() not in TRAINING)

    return LETTERS, place_of


def _two_folders(
    listing: Listing, tops: Sequence[str]
) -> tuple[tuple[str, str], Callable[[Path], _Place | None]] | None:
    """`A` and `B`, or any two folders that hold all images and are no splits."""
    letters = [top for top in tops if top in LETTERS]
    chosen = letters if len(letters) == 2 else tops
    inside = [file for file in listing.images if file.parts[0] in chosen]
    if len(chosen) != 2 or any(len(file.parts) == 1 for file in inside):
        return None
    if {top.lower() for top in chosen} <= SPLITS:
        return None
    seconds = {file.parts[1].lower() if len(file.parts) > 2 else "" for file in inside}
    has_splits = bool(seconds & TRAINING) and seconds <= SPLITS

    def place_of(file: Path) -> _Place | None:
        if file.parts[0] not in chosen:
            return None
        return _Place(chosen.index(file.parts[0]), has_splits and file.parts[1].lower() not in TRAINING)

    return (chosen[0], chosen[1]), place_of


def partners(domains: Domains, files: tuple[list[Path], list[Path]]) -> tuple[list[Path], list[Path]]:
    """The files of A and of B that have the same name in both, in the order of their names.

    A name is the path within the domain without its suffix, and without `_A` or `_B` at its end.

    Raises:
        DataError: a domain has two files of one name, or no name is in both.
    """
    by_name = [_by_name(own) for own in files]
    both = sorted(by_name[0].keys() & by_name[1].keys())
    if not both:
        examples = " and ".join(f"{own[0]}" for own in files)
        raise DataError(
            f"No image of {domains.names[0]} has the name of one of {domains.names[1]} (they hold, for "
            f"example, {examples}): give pairs equal names, or read them as unpaired:PATH."
        )
    return [by_name[0][name] for name in both], [by_name[1][name] for name in both]


def _by_name(files: Sequence[Path]) -> dict[PurePath, Path]:
    named: dict[PurePath, Path] = {}
    for file in files:
        inside = PurePath(*map(composed, file.parts[1:]))
        name = inside.with_name(OWN_LETTER.sub("", inside.stem) or inside.stem)
        if name in named:
            raise DataError(
                f"{named[name]} and {file} have the same name, so it is not clear which is meant."
            )
        named[name] = file
    return named
