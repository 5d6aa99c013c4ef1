"""Writing so that what was there is never lost: each file appears whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sparring.errors import RunError

TEMPORARY = ".writing-"
"""How the names of files begin that are not whole yet."""

TRIED_BYTES = 2**17
"""Of a file by which it is tried whether there is room for a small one."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a write (disk full, read-only) into one sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunError(f"Cannot write {path}: {reason}. What was saved before is intact.") from error


@contextmanager
def writing_atomically(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` once it is whole; the umask says who reads it.

    Raises:
        RunError: it cannot be written; what was there is unchanged.
    """
    with writing(path):
        if path.exists() and not path.is_file():
            # A device, a pipe: to take its place would do harm to others.
            raise OSError(errno.EINVAL, "something that is no plain file has this name")
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file; see `writing_atomically`."""
    with writing_atomically(path) as file:
        file.write(content)


def check_writable(path: Path) -> None:
    """Raise RunError where a file of some size could not be written now."""
    with writing(path), tempfile.TemporaryFile(prefix=TEMPORARY, dir=path.parent) as file:
        file.write(bytes(TRIED_BYTES))
        file.flush()
        os.fsync(file.fileno())


def write_folder_atomically(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write into a temporary folder beside `path`, then rename it to `path`.

    Raises:
        RunError: something in it cannot be written; nothing appears at `path`.
    """
    with writing(path), tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=path.parent) as temporary:
        filled = Path(temporary) / path.name
        filled.mkdir()
        fill(filled)
        sync_folder(filled)
        os.replace(filled, path)
        sync_folder(path.parent)


def remove_folder_atomically(path: Path) -> None:
    """Take a folder away, whole: what is removed only in part has a name that counts for nothing.

    Raises:
        RunError: it cannot be removed.
    """
    with writing(path):
        removed = path.with_name(f"{TEMPORARY}{path.name}")
        os.replace(path, removed)
        shutil.rmtree(removed)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed while they wrote into this folder left half-written."""
    with writing(folder):
        for leftover in folder.glob(f"{TEMPORARY}*"):
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()


def cut_torn_line(path: Path) -> None:
    """Remove from a file of lines, if it exists, a last one that was not written to its end."""
    with writing(path):
        if path.exists():
            os.truncate(path, path.read_bytes().rfind(b"\n") + 1)


def sync_folder(path: Path) -> None:
    """Make a rename in this folder survive a power cut, where the system can open folders."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    write_atomically(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        RunError: it cannot be read, or is not a JSON object.
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise RunError(f"Cannot read {path}: {(error.strerror or str(error)).lower()}.") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: it does not hold JSON ({error}).") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} is damaged: it holds JSON but not an object.")
    return value
