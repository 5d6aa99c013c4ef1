"""Which image files a folder holds."""

from __future__ import annotations

import os
from pathlib import Path

from sparring.data.decoding import image_suffixes
from sparring.errors import DataError


def entries(path: Path) -> tuple[list[Path], list[Path]]:
    """The visible sub-folders and the images directly in a folder, each sorted."""
    try:
        visible = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
        folders = [entry for entry in visible if entry.is_dir()]
        return folders, [entry for entry in visible if _looks_like_image(entry)]
    except OSError as error:
        raise _unreadable(path, error) from error


def images_below(folder: Path) -> list[Path]:
    """All images in a folder and the folders in it, sorted."""

    def fail(error: OSError) -> None:
        raise _unreadable(folder, error) from error

    found: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        visible = (Path(parent, name) for name in files if not name.startswith("."))
        found += [file for file in visible if _looks_like_image(file)]
    return sorted(found)


def _looks_like_image(file: Path) -> bool:
    """Whether this is a file (or a link that leads nowhere, to be reported) with an image's suffix."""
    if file.suffix.lower() not in image_suffixes():
        return False
    return file.is_file() or (file.is_symlink() and not file.exists())


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.")
