"""Opening files that someone else made: plain files of a bounded size, so that nothing hangs or overflows.

Each function is used with `open(path, mode, opener=...)`.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_CAREFULLY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
"""So that a pipe that nobody writes to does not stop us before we see what it is."""
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
LINK = "it is a link, which may lead to another place"


def plain(path: str, flags: int) -> int:
    """Open what is a plain file; links are followed.

    Raises:
        OSError: it is a pipe, a device or the like, or cannot be opened.
    """
    handle = os.open(path, flags | _CAREFULLY, 0o666)
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return handle
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.EINVAL, "it is no plain file", path)


def plain_itself(path: str, flags: int) -> int:
    """Open what is a plain file itself and no link to one.

    Raises:
        OSError: it is a link, a pipe, a device or the like, or cannot be opened.
    """
    # Systems without the flag have no way to do both at once.
    if not _NOFOLLOW and os.path.islink(path):
        raise OSError(errno.ELOOP, LINK, path)
    try:
        return plain(path, flags | _NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK) and os.path.islink(path):
            raise OSError(errno.ELOOP, LINK, path) from error
        raise


def read_bounded(path: Path, most: int, *, follow: bool = False) -> bytes:
    """The content of a plain file.

    Args:
        path: the file.
        most: bytes that it may have.
        follow: whether it may be a link to one.

    Raises:
        OSError: it is larger, no plain file, or cannot be read.
    """
    with open(path, "rb", opener=plain if follow else plain_itself) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            reason = f"it has {size:,} bytes, and at most {most:,} are read"
            raise OSError(errno.EFBIG, reason, str(path))
        # Whoever writes to it meanwhile does not make it longer for us.
        return file.read(size)
