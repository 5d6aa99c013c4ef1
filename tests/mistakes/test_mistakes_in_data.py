"""What `train` says of functions of one's own that give data, in which one thing is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Changes = tuple[tuple[str, str], ...]
RETURNS = 'return dataset_of("points", values)'


def returning(text: str) -> Changes:
    """The function returns something else."""
    return ((RETURNS, f"return {text}"),)


ALL: dict[str, tuple[Changes, str]] = {
    "nothing": (
        returning("None"),
        "points (own.py, line <def points>) gives None: return a Dataset, as spar",
    ),
    "a tensor": (returning("values"), "points (own.py, line <def points>) gives a Tensor: return a Dataset"),
    "a bare tensor": (
        returning("Dataset('points', values)"),
        "a Dataset whose examples are a Tensor: write Col",
    ),
    "a bare array": (
        returning("Dataset('points', Column(Points((2,)), values.numpy()))"),
        "examples are a Colu",
    ),
    "no kind": (
        returning("Dataset('points', Column('points', values))"),
        "write Column(kind, values), of a kin",
    ),
    "labels alone": (
        returning("Dataset('points', Column(Points((2,)), values), torch.arange(100))"),
        "points (own.py, line <return>) fails: AttributeError: 'Tensor' object has no attribute 'kind'",
    ),
    "too few labels": (
        returning(
            "Dataset('points', Column(Points((2,)), values), Column(Classes(('a',)), torch.zeros(9).long()))"
        ),
        "points (own.py, line <def points>) has 100 examples and 9 conditions",
    ),
    "another kind": (
        returning("Dataset('points', Column(Points((3,)), values))"),
        "The examples of points (own.py, line <def points>) are not points of 3 dimensions: they are",
    ),
    "no example": (returning("dataset_of('points', values[:0])"), "has 0 examples and 0 conditions"),
    "held out": (
        returning("Dataset('points', Column(Points((2,)), values), held_out=values)"),
        "points (own.py, line <def points>), as 'held_out', gives a Tensor: return a Dataset",
    ),
    "parts": (
        returning("Dataset('points', Column(Points((2,)), values), parts=[values])"),
        "gives a Dataset whose parts are a list: write {name: Dataset}.",
    ),
    "a part": (
        returning("Dataset('points', Column(Points((2,)), values), parts={'more': values})"),
        "points (own.py, line <def points>), as 'more', gives a Tensor: return a Dataset",
    ),
    "the truth": (
        returning("Dataset('points', Column(Points((2,)), values), truth=True)"),
        "gives a Dataset whose truth is True: it must be a Truth.",
    ),
    "an error": (
        ((RETURNS, "return values.points"),),
        "points (own.py, line <return values>) fails: AttributeE",
    ),
    "a lost file": (
        (("torch.randn(100, 2)", "torch.load('no.pt')"),),
        "points (own.py, line <torch.load>) fail",
    ),
    "an end": (
        (("    values", "    raise SystemExit(0)\n    values"),),
        "points (own.py, line <raise>) fails: Sys",
    ),
    "an error on the way": (
        (("def points", "1 / 0\n\n\ndef points"),),
        "own.py cannot be imported: the file its",
    ),
    "syntax": (
        (("def points", "def points)"),),
        "the file itself (own.py, line <def points>) fails: SyntaxErr",
    ),
    "another name": (
        (("def points", "def pointz"),),
        "has no function 'points() -> Dataset'. Did you mean 'poi",
    ),
    "an argument": ((("def points()", "def points(count)"),), "has no function 'points() -> Dataset'"),
    "no annotation": ((("() -> Dataset", "()"),), "has no function 'points() -> Dataset'"),
    "another annotation": (
        (("() -> Dataset", "() -> Datasets"),),
        "fails: NameError: name 'Datasets' is not defined",
    ),
}


@pytest.mark.parametrize("case", ALL)
def test_an_ordinary_mistake_gets_a_sentence(case: str, train: Callable[..., Any]) -> None:
    changes, sentence = ALL[case]
    train(data=changes).check(sentence)


def test_what_is_changed_is_right(train: Callable[..., Any]) -> None:
    said = train(data=())
    assert (said.code, said.complaint) == (0, "")
