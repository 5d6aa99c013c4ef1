"""Disks: whether there is room, so that what would not fit is refused before it is begun."""

from __future__ import annotations

import shutil
from pathlib import Path

from sparring.errors import RunError
from sparring.memory import size_text


def require_space(path: Path, needed: int, what: str) -> None:
    """Raise RunError unless so many bytes are free where a file is to be.

    Args:
        path: the file or folder, which need not exist yet.
        needed: bytes.
        what: what needs them, as a sentence begins.
    """
    place = path.absolute()
    while not place.is_dir():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise RunError(
            f"{what} would take about {size_text(needed)} at {path}, and {size_text(free)} are free "
            "there: give less, or free some."
        )
