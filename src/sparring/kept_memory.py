"""Memory that is freed stays with the process meanwhile, for the next step asks for as much again.

glibc gives large pieces back to the system as soon as they are free, and every page of them, once it is asked
for again, costs a fault: a tenth of a step of most image systems, a fifth of an evaluation
(`benchmarks/kept_memory.py`).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""What `mallopt` calls free bytes at the end of the heap that are kept, the size from which on a piece is
asked of the system by itself, and how many such pieces there may be (malloc.h of glibc)."""
ALL = 2**31 - 1
PIECES, LARGE = 65_536, 32 * 2**20
"""How many pieces may be asked for by themselves where nothing is said, and the size at which glibc's own
rule, which watches what is freed, comes to its end; it keeps twice that."""
_BLOCKS = Lock()
_open: list[None] = []
"""An entry for each block that is open, in whichever thread: the allocator is that of the whole process."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep what is freed meanwhile, where the allocator is glibc's; afterwards it goes back to the system."""
    allocator = glibc()
    if allocator is None:
        yield
        return
    with _BLOCKS:
        _open.append(None)
        allocator.mallopt(M_MMAP_MAX, 0)
        allocator.mallopt(M_TRIM_THRESHOLD, ALL)
    try:
        yield
    finally:
        with _BLOCKS:
            _open.pop()
            if not _open:
                allocator.mallopt(M_MMAP_MAX, PIECES)
                allocator.mallopt(M_MMAP_THRESHOLD, LARGE)
                allocator.mallopt(M_TRIM_THRESHOLD, 2 * LARGE)
                allocator.malloc_trim(0)


@cache
def glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it has the two functions."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
