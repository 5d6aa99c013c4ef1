"""Whose fault an error is: the place in somebody's own code where it arose."""

from __future__ import annotations

import functools
import linecache
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

from sparring.checking.report import Remark, Verdict
from sparring.errors import SparringError

PACKAGE = Path(__file__).resolve().parents[1]
"""Where sparring itself lies."""


@dataclass(frozen=True)
class OwnCode:
    """The code of a system: all files beside its own one, and below."""

    file: Path

    def __contains__(self, filename: str) -> bool:
        folder, path = self.file.parent, Path(filename)
        if not path.is_relative_to(folder):
            return False
        inside = path.relative_to(folder).parts
        return "site-packages" not in inside and (
            folder.is_relative_to(PACKAGE) or not path.is_relative_to(PACKAGE)
        )

    def place_of_error(self, error: BaseException) -> str | None:
        """Where an error arose, such as `LSGAN.generate (mygame.py, line 41)`; None if not in this code."""
        own = [
            place_in(step.tb_frame.f_code, step.tb_lineno)
            for step in _steps(error.__traceback__)
            if step.tb_frame.f_code.co_filename in self
        ]
        return own[-1] if own else None


def remark_on(error: BaseException, own: OwnCode, where: str = "") -> Remark:
    """An error as a sentence.

    Args:
        error: what was raised.
        own: the code of the system.
        where: what was done when it arose, such as `with packing, `.
    """
    place = own.place_of_error(error)
    message = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    if isinstance(error, SparringError):
        sentence = f"{message}{'' if place is None else f' ({place})'}."
    elif place is not None:
        sentence = f"{place} fails: {_named(error, message)}."
    else:
        sentence = f"sparring fails with what the system gave it: {_named(error, message)}{_asked(error)}."
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return Remark(Verdict.WRONG, in_place(where, sentence), "".join(lines))


def in_place(where: str, sentence: str) -> str:
    """A sentence that begins with what was done, if there is anything to say of that."""
    return f"{where[:1].upper()}{where[1:]}{sentence}"


def place_of(function: Callable[..., Any]) -> str:
    """Where a function or a method stands, such as `LSGAN.generator_loss (mygame.py, line 41)`."""
    while isinstance(function, functools.partial):
        function = function.func
    plain = getattr(function, "__func__", function)
    code = getattr(plain, "__code__", None)
    return place_in(code, code.co_firstlineno) if isinstance(code, CodeType) else repr(function)


def place_in(code: CodeType, line: int) -> str:
    """A line of some code, in words."""
    name = code.co_qualname.replace("<module>", "the file itself").replace("<locals>.", "")
    return f"{name} ({Path(code.co_filename).name}, line {line})"


def _named(error: BaseException, message: str) -> str:
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _asked(error: BaseException) -> str:
    """What sparring was doing when an error arose outside the system's code."""
    steps = [
        step
        for step in _steps(error.__traceback__)
        if Path(step.tb_frame.f_code.co_filename).is_relative_to(PACKAGE)
    ]
    if not steps:
        return ""
    filename, line = steps[-1].tb_frame.f_code.co_filename, steps[-1].tb_lineno
    text = linecache.getline(filename, line).strip()
    return f", at `{text}` ({Path(filename).relative_to(PACKAGE.parent)}, line {line})"


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
