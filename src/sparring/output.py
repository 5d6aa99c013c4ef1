"""Output that may be cut off: a reader goes away, a disk is full."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from typing import Any, TextIO

from sparring.shown import shortened, visible_line, write_anything


class LastingOutput(io.TextIOBase):
    """What a run prints to: where that cannot be written any more, it says so once and swallows the rest.

    A long training should not end because nobody reads what it says.

    Args:
        file: where to; None, as Python has it where the output is closed, for nowhere.
    """

    def __init__(self, file: TextIO | None) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a text, if that is possible."""
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, if that is possible."""
        self._try("flush")

    def isatty(self) -> bool:
        """Whether a person sits before it."""
        return self._file is not None and self._file.isatty()

    def fileno(self) -> int:
        """The number by which the system knows it."""
        if self._file is None:
            raise io.UnsupportedOperation("the output is closed")
        return self._file.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How it takes letters."""
        return "utf-8" if self._file is None else self._file.encoding

    def _try(self, method: str, *given: Any) -> None:
        if self._file is None:
            return
        try:
            getattr(self._file, method)(*given)
        except OSError as error:
            forget(self._file)
            self._file = None
            reason = (error.strerror or str(error)).lower()
            warnings.warn(f"What is printed cannot be written ({reason}); the run goes on.", stacklevel=4)


def forget(file: TextIO) -> None:
    """Give up what was written and did not arrive, so that Python does not try it again at its end."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), file.fileno())


def complain(text: str) -> None:
    """Say what went wrong, where errors are read; if nobody can, the exit code still says it."""
    try:
        write_anything(sys.stderr)
        print(f"sparring: {shortened(visible_line(text))}", file=sys.stderr, flush=True)
    except OSError:
        forget(sys.stderr)
