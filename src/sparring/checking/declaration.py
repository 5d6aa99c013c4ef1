"""What a system's class says of itself: its methods, its settings, its help."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from sparring.checking.report import Remark, all_wrong, note
from sparring.checking.subject import Subject
from sparring.mistakes.declaration import class_mistakes
from sparring.mistakes.options import own_classes


def check_class(subject: Subject) -> Iterator[Remark]:
    """Methods that must be there, arguments that they must take, settings, help texts."""
    system = subject.system
    yield from all_wrong(class_mistakes(system))
    if not inspect.getdoc(system) or system.__doc__ is None:
        yield note(
            f"{system.__name__} has no docstring: it is the first thing that `sparring train ... --help` "
            "shows."
        )
    for kind in own_classes(system.Settings):
        yield from _undescribed(kind, f"{system.__name__}.{kind.__name__}")


def _undescribed(kind: type[Any], name: str) -> Iterator[Remark]:
    described = documented(kind)
    for field in inspect.get_annotations(kind):
        if described is not None and field not in described:
            yield note(f"{name}.{field} has no docstring below it: that is its text in `--help`.")


def documented(kind: type[Any]) -> set[str] | None:
    """Names of the fields of a class with a docstring below them; None where its source is not at hand."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):
        return None
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id
        for field, text in itertools.pairwise(tree.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
