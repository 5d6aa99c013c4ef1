"""Whose fault an error is: the place in somebody's own code where it arose."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import textwrap
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

from sparring.errors import SparringError

PACKAGE = Path(__file__).resolve().parent
"""Where sparring itself lies."""
STANDARD = Path(os.__file__).resolve().parent
"""Where Python's own library lies."""
SUPER = "call super().__init__(settings, data, random) before anything else"
ADVICE = {
    "before Module.__init__() call": SUPER,
    **{f"object has no attribute '{name}'": SUPER for name in ("settings", "data", "random", "tricks")},
    "cannot inherit non-frozen dataclass": "write @dataclass(frozen=True) above it",
    "follows default argument": "give every setting a default",
    "use default_factory": "a setting is a whole number, a number, a text, or true or false",
    "empty parameter list": "make the networks in __init__, and give an optimiser the parameters of one",
}
"""What to do about some things that Python and torch say, by a part of what they say."""


@dataclass(frozen=True)
class OwnCode:
    """The code of a system or of data: all files beside its own one, and below."""

    file: Path

    def __contains__(self, filename: object) -> bool:
        folder, path = self.file.parent, Path(str(filename))
        if not path.is_relative_to(folder) or path.is_relative_to(STANDARD):
            return False
        inside = path.relative_to(folder).parts
        return "site-packages" not in inside and (
            folder.is_relative_to(PACKAGE) or not path.is_relative_to(PACKAGE)
        )


def sentence_of(error: BaseException, own: Container[str]) -> str:
    """An error as a sentence that says where it arose.

    Args:
        error: what was raised.
        own: names of the files that are somebody's own code.
    """
    place = place_of_error(error, own)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    if isinstance(error, SparringError) and (place is None or place in text):
        return text
    message = (text.strip().splitlines() or [""])[0].rstrip(".")
    if isinstance(error, SparringError):
        return f"{message} ({place})."
    if place is not None:
        return f"{place} fails: {_named(error, message)}."
    given = " with what the system gave it" if own else ""
    return f"sparring fails{given}: {_named(error, message)}{_asked(error)}."


def place_of_error(error: BaseException, own: Container[str]) -> str | None:
    """Where an error arose, such as `LSGAN.generate (mygame.py, line 41)`; None if not in this code."""
    if isinstance(error, SyntaxError) and error.filename in own:
        return _at("the file itself", str(error.filename), error.lineno or 1)
    places = [
        place_in(step.tb_frame.f_code, step.tb_lineno)
        for step in _steps(error.__traceback__)
        if step.tb_frame.f_code.co_filename in own
    ]
    return places[-1] if places else None


def place_of(function: Callable[..., Any]) -> str:
    """Where a function or a method stands, such as `LSGAN.generator_loss (mygame.py, line 41)`."""
    while isinstance(function, functools.partial):
        function = function.func
    plain = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(getattr(plain, "__func__", plain), "__code__", None)
    return place_in(code, code.co_firstlineno) if isinstance(code, CodeType) else repr(function)


def place_in(code: CodeType, line: int) -> str:
    """A line of some code, in words."""
    name = code.co_qualname.replace("<module>", "the file itself").replace("<locals>.", "")
    return _at(name, code.co_filename, line)


def place_of_class(kind: type[Any], name: str = "") -> str:
    """Where a class stands, or what it calls by a name, such as `LSGAN.grid (mygame.py, line 9)`.

    Args:
        kind: the class.
        name: of something that it, or a class that it comes from, assigns or defines in its body.
    """
    owner = next((each for each in kind.__mro__ if name in vars(each)), kind)
    said = f"{kind.__qualname__}.{name}" if name else kind.__qualname__
    try:
        lines, first = inspect.getsourcelines(owner)
    except (OSError, TypeError):
        return said
    return _at(said, inspect.getfile(owner), first + _lines_before(name, lines))


def _lines_before(name: str, lines: list[str]) -> int:
    """How many lines of a class come before the one that gives a name a value; 0 where that is not known."""
    try:
        (tree,) = ast.parse(textwrap.dedent("".join(lines))).body
    except SyntaxError:
        # A text of several lines within a class within a class may begin before either.
        return 0
    inside = [node.lineno for node in getattr(tree, "body", []) if name in _names(node)]
    return inside[-1] - 1 if inside else 0


def _names(node: ast.stmt) -> list[str]:
    """What a statement in the body of a class gives a value."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _at(name: str, filename: str, line: int) -> str:
    return f"{name} ({Path(filename).name}, line {line})"


def _named(error: BaseException, message: str) -> str:
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return said + "".join(f": {advice}" for part, advice in ADVICE.items() if part in message)


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
