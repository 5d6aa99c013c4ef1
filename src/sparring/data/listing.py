"""Which image files a folder holds, at any depth."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sparring.data.decoding import image_suffixes
from sparring.errors import DataError
from sparring.shown import counted

LEFT_BY_SYSTEMS = {"__macosx", "@eadir", "thumbs.db", "desktop.ini"}
"""Folders and files, in lower case, that systems leave beside images; hidden ones are passed over as well."""
COPIES = "without a label that equal held-out ones"
"""What is said of examples that are left out for being that."""


@dataclass(frozen=True)
class Listing:
    """The files of a folder, at any depth."""

    images: list[Path]
    """Relative to the folder, sorted."""
    others: list[Path]
    """Files that are no images."""
    folders: list[str]
    """Names of the folders directly in it."""


def list_folder(root: Path) -> Listing:
    """All files of a folder; those that are hidden or that systems leave behind are passed over.

    Links are followed, except back to a folder that one is in.

    Raises:
        DataError: a folder cannot be read.
    """
    suffixes = image_suffixes()
    images: list[Path] = []
    others: list[Path] = []
    for file in _files(root):
        (images if file.suffix.lower() in suffixes else others).append(file.relative_to(root))
    folders = sorted(entry.name for entry in _entries(root) if entry.is_dir())
    return Listing(sorted(images), others, folders)


def count_by_suffix(files: Iterable[Path]) -> dict[str, int]:
    """How many files there are of each suffix, the most frequent first."""
    counts = Counter(file.suffix.lower() or "without suffix" for file in files)
    return dict(counts.most_common())


def left_out_text(left_out: Mapping[str, int]) -> str:
    """How many files were left out, such as `53 files left out: 50 .heic, 3 without suffix`; copies of
    held-out ones may lie in one file, and alone are called examples."""
    if not left_out:
        return ""
    total = sum(left_out.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in left_out.items())
    noun = "example" if left_out.keys() == {COPIES} else "file"
    return f"{counted(total, noun)} left out: {kinds}"


def _files(root: Path) -> Iterator[Path]:
    """The files below a folder, and links that lead nowhere, which are to be reported."""
    # With each folder come those that it lies in, by where links lead.
    waiting = [(root, frozenset({os.path.realpath(root)}))]
    while waiting:
        folder, within = waiting.pop()
        for entry in _entries(folder):
            if entry.is_dir():
                real = os.path.realpath(entry.path)
                if real not in within:
                    waiting.append((Path(entry.path), within | {real}))
            elif entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path)):
                yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not _is_passed_over(entry.name)]
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in LEFT_BY_SYSTEMS
