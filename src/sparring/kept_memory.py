"""Memory that is freed stays with the process meanwhile, for the next step asks for as much again.

glibc gives large pieces back to the system as soon as they are free, and every page of them, once it is asked
for again, costs a fault: a tenth of a step of some systems, and of an evaluation
(`benchmarks/kept_memory.py`).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache

from sparring.process_wide import ProcessWide, Undo

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""What `mallopt` calls the free bytes at the end of the heap from which on they are given back, and the size
from which on a piece is asked of the system by itself (malloc.h of glibc)."""
MOST = 2**31 - 1
"""Free bytes that are kept."""
LARGE = 32 * 2**20
"""The size at which glibc's own rule, which watches what is freed, comes to its end
(DEFAULT_MMAP_THRESHOLD_MAX); the heap's end is then given back from twice that on. Larger pieces always go
back: where they were, small ones that are kept would soon lie, and as much would be asked for anew."""
CHOSEN = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_")
"""How the names of variables begin by which someone has chosen an allocator, or how it works."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep what is freed meanwhile, but for pieces of 32 MiB and more, where the allocator is glibc's and
    works as it does by itself; afterwards all of it goes back to the system."""
    with nullcontext() if glibc() is None else _KEPT.changed():
        yield


def keep() -> Undo:
    """Keep what is freed from now on."""
    allocator = glibc()
    assert allocator is not None
    allocator.mallopt(M_MMAP_THRESHOLD, LARGE)
    allocator.mallopt(M_TRIM_THRESHOLD, MOST)

    def give_back() -> None:
        allocator.mallopt(M_TRIM_THRESHOLD, 2 * LARGE)
        allocator.malloc_trim(0)

    return give_back


_KEPT = ProcessWide(keep)
"""The allocator is that of the whole process."""


@cache
def glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it has the two functions and nobody has chosen otherwise."""
    if not sys.platform.startswith("linux") or any(name.startswith(CHOSEN) for name in os.environ):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
