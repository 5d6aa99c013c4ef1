"""Memory: how much is free, so that what would not fit is refused before it is tried."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparring.errors import DataError, MemoryShortage, SparringError

MEMINFO = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
SIGNS_OF_SHORTAGE = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "size calculation overflowed",
)
"""What torch says, in errors that have no class of their own, where memory is short."""


def free_memory() -> int:
    """Bytes that can still be taken: what is available, within the limit of the control group, if any.

    Where the system does not say (it is no Linux) this is all the memory that it has, or no bound at all.
    """
    return min(_available(), _left_in_group())


def require_memory(needed: int, what: str, error: type[SparringError] = DataError) -> None:
    """Raise an error unless so many bytes are free.

    Args:
        needed: bytes.
        what: what needs them, as a sentence begins.
        error: which one.
    """
    free = free_memory()
    if needed > free:
        raise error(
            f"{what} would take {size_text(needed)} of memory, and {size_text(free)} are free: give less, or "
            "free some."
        )


def size_text(size: int) -> str:
    """Bytes in the unit a person would use, such as `3.6 GB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size = size / 1000  # type: ignore[assignment]
    return f"{size:,.0f} TB"


@contextmanager
def telling_shortage() -> Iterator[None]:
    """Raise MemoryShortage, with the size that was asked for, where memory is short."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        said = shortage(error)
        if said is None:
            raise
        raise MemoryShortage(said) from error


def shortage(error: BaseException) -> str | None:
    """A sentence for an error by which Python, NumPy or torch say that memory is short, else None."""
    told = str(error)
    if not isinstance(error, MemoryError) and not any(sign in told for sign in SIGNS_OF_SHORTAGE):
        return None
    found = re.search(r"allocate (\d+ bytes|[\d.]+ [KMGTPE]i?B)", told)
    size = found.group(1) if found else ""
    if size.endswith("bytes"):
        size = size_text(int(size.split()[0]))
    asked = f": {size} more were asked for" if size else ""
    return (
        f"There is not enough memory{asked}. Smaller networks, a smaller --batch-size or --count, or "
        "--microbatches take less."
    )


class Admission:
    """Lets work go on at the same time only while it fits, all together, in a share of the free memory.

    Args:
        share: of the memory that is free while nothing is at work.
    """

    def __init__(self, share: float = 0.25) -> None:
        self.share = share
        self._most = 0.0
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, needed: int) -> Iterator[None]:
        """Wait until so many bytes fit beside the rest, or until nothing else is at work."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken == 0 or self._taken + needed <= self._most)
            if self._taken == 0:
                self._most = self.share * free_memory()
            self._taken += needed
        try:
            yield
        finally:
            with self._changed:
                self._taken -= needed
                self._changed.notify_all()


def _available() -> int:
    if MEMINFO.exists():
        fields = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines() if ":" in line)
        if "MemAvailable" in fields:
            return int(fields["MemAvailable"].split()[0]) * 1024
    if hasattr(os, "sysconf") and {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= os.sysconf_names.keys():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize


def _left_in_group() -> int:
    """Bytes left within the limit of a container; files that are only cached there give way."""
    try:
        limit = (GROUP / "memory.max").read_text().strip()
        if limit == "max":
            return sys.maxsize
        used = int((GROUP / "memory.current").read_text())
        counts = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
    except OSError:
        return sys.maxsize
    return max(0, int(limit) - used + int(counts.get("inactive_file", 0)))
