"""The files of a run: each appears whole or not at all, and none is read or written through a link."""

from __future__ import annotations

import errno
import fcntl
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
from sparring.opening import LINK, plain_itself, read_bounded
from sparring.validation import Misfit, check, parse_json

LARGEST_JSON = 64 * 2**20
"""Bytes of a JSON file that are read at the most."""
LARGEST_ROWS = 256 * 2**20
"""Bytes of a file of rows that are read at the most; a row has a few hundred."""
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
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()


def cut_torn_line(path: Path) -> None:
    """Remove from a file of lines, if it exists, a last one that was not written to its end."""
    if os.path.lexists(path):
        whole = read(path, LARGEST_ROWS).rfind(b"\n") + 1
        with writing(path), open(path, "r+b", opener=plain_itself) as file:
            file.truncate(whole)


def sync_folder(path: Path) -> None:
    """Make a rename in this folder survive a power cut, where the system can open folders."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def refuse_links(folder: Path) -> None:
    """Raise RunError where something in a folder, at any depth, is neither a plain file nor a plain folder.

    Whoever made the folder could else have us write to, or show, what lies elsewhere.
    """
    waiting = [folder]
    while waiting:
        with reading(inside := waiting.pop()):
            try:
                entries = list(os.scandir(inside))
            except FileNotFoundError:
                # Whoever writes to the run has just renamed it.
                continue
        for entry in entries:
            # Junctions are Windows' links between folders.
            linked = entry.is_symlink() or getattr(entry, "is_junction", bool)()
            if linked or not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)):
                what = LINK if linked else "it is neither a file nor a folder"
                raise RunError(
                    f"{entry.path} is not opened: {what}. Put the file or folder itself in its place, or "
                    "remove it."
                )
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))


def own_copy(path: Path) -> None:
    """Write a file anew if it has another name elsewhere, as in a backup of hard links, which must stay."""
    if os.path.isfile(path) and os.stat(path).st_nlink > 1:
        write_atomically(path, read(path, LARGEST_ROWS))


def json_bytes(value: Any, indent: int | None = None) -> bytes:
    """A value as a line, or lines, of JSON in UTF-8; what UTF-8 cannot say is escaped as JSON does it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    write_atomically(path, json_bytes(value, indent=2))


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Append a value to a file of rows.

    Raises:
        RunError: it cannot be written.
    """
    with writing(path), open(path, "ab", opener=plain_itself) as file:
        file.write(json_bytes(row))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a file that cannot be read into one sentence."""
    try:
        yield
    except OSError as error:
        raise RunError(f"Cannot read {path}: {(error.strerror or str(error)).lower()}.") from error


def read(path: Path, most: int = LARGEST_JSON) -> bytes:
    """The content of a file of at most so many bytes.

    Raises:
        RunError: it is larger, no plain file, or cannot be read.
    """
    with reading(path):
        return read_bounded(path, most)


def read_json(path: Path, hint: Any) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        path: the file.
        hint: a dataclass that declares what it must hold (see `validation.py`).

    Raises:
        RunError: it cannot be read, or is something else.
    """
    try:
        value = parse_json(read(path))
        if not isinstance(value, dict):
            raise RunError(f"{path} is damaged: it holds JSON but not an object.")
        check(value, hint)
        return value
    except Misfit as misfit:
        raise RunError(f"{path} is damaged: {misfit}. Restore it from a copy.") from misfit
    except ValueError as error:
        raise RunError(f"{path} is damaged: it does not hold JSON ({error}).") from error


def read_rows(path: Path, *hints: Any) -> list[dict[str, Any]]:
    """All rows of a file that are whole; none where there is no file.

    Args:
        path: the file.
        hints: what each row must be.

    Raises:
        RunError: it cannot be read, or a row is something else.
    """
    if not os.path.lexists(path):
        return []
    content = read(path, LARGEST_ROWS)
    rows = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            row = parse_json(line)
            for hint in hints:
                check(row, hint)
        except Misfit as misfit:
            raise RunError(f"{path} is damaged: in line {number:,} {misfit}.") from misfit
        except ValueError as error:
            raise RunError(f"{path} is damaged: line {number:,} is not JSON ({error}).") from error
        rows.append(row)
    return rows


def is_locked(path: Path) -> bool:
    """Whether a process of this machine holds a lock file; it is neither made nor written to."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
