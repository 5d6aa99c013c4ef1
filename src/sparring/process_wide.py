"""A setting of the whole process that is another one while blocks are open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

import torch

Undo = Callable[[], None]
"""Puts a setting back."""


class ProcessWide:
    """A setting that all threads share: it changes with the first block that is opened, in whichever thread,
    and is put back when the last one ends.

    Args:
        change: changes it, and returns what puts it back.
    """

    def __init__(self, change: Callable[[], Undo]) -> None:
        self._change = change
        self._lock = Lock()
        self._open = 0
        self._undo: Undo | None = None

    @contextmanager
    def changed(self) -> Iterator[None]:
        """A block in which it is the other one."""
        with self._lock:
            if self._open == 0:
                self._undo = self._change()
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if self._open == 0 and self._undo is not None:
                    self._undo()


@contextmanager
def threads_of(count: int | None) -> Iterator[None]:
    """A block in which torch computes with so many threads; None for as many as it has anyway."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
