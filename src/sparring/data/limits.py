"""Limits on files of data: what they promise must be true, and fit in memory."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from sparring.errors import DataError
from sparring.memory import Admission, require_memory
from sparring.shown import counted

LARGEST_TEXT = 256 * 2**20
"""Bytes of a JSON file of data that are read at the most."""
STARTS_PROGRAMS = {"EPS"}
"""Formats that Pillow reads by starting another program: whatever a file is called, they are no images."""
BYTES_PER_PIXEL = 16
"""Memory that a picture takes while it is brought to eight bits and put on white, with all its copies."""
COPIES = 2
"""Arrays that exist at a time while one is brought to the order and type in which it is kept."""

SMALL = 2**26
"""Bytes that a picture may always take."""

_LARGE_PICTURES = Admission()


def decodable() -> list[str]:
    """Pillow's names of the formats that are read."""
    Image.init()
    return [name for name in Image.ID if name not in STARTS_PROGRAMS]


@contextmanager
def decoding(width: int, height: int) -> Iterator[None]:
    """Wait with a large picture until there is room for it beside the others.

    Raises:
        DataError: it does not fit in memory.
    """
    needed = width * height * BYTES_PER_PIXEL
    if needed <= SMALL:
        yield
        return
    require_memory(needed, f"a picture of {width:,} x {height:,} pixels")
    with _LARGE_PICTURES.of(needed):
        yield


def check_array(file: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Raise DataError unless an array in a .npz file is as large as it promises, and fits in memory."""
    promised = _promised_bytes(file, member)
    if promised is not None and promised != member.file_size:
        raise DataError(
            f"{path} is damaged: '{member.filename}' promises {counted(promised, 'byte')} and has "
            f"{member.file_size:,}."
        )
    require_memory(COPIES * member.file_size, f"'{member.filename}' in {path}, unzipped,")


def _promised_bytes(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> int | None:
    """What an array should have with its header; None for one of Python objects.

    Raises:
        ValueError: its header is damaged.
    """
    with file.open(member) as array:
        version = np.lib.format.read_magic(array)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"'{member.filename}' is an array of version {version}")
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(array)
        return None if dtype.hasobject else array.tell() + math.prod(shape) * dtype.itemsize
