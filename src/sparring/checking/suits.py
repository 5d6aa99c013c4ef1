"""Small data sets on which systems are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sparring.data import load_dataset
from sparring.data.dataset import Column, Dataset, no_condition
from sparring.data.kinds import Classes, Images, Points, Tokens

COUNT = 100
"""Training examples of a made data set."""
HELD_OUT = 20
CLASSES = 3
MOST = 300
"""Training examples that are taken from a real data set."""


def made(
    seed: int, examples: Callable[[int, torch.Generator], Column], told: Callable[[Column], Column]
) -> Dataset:
    """A data set, and held-out examples like it.

    Args:
        seed: decides which.
        examples: so many of them.
        told: what is said of them.
    """
    generator = torch.Generator().manual_seed(seed)
    columns = [examples(count, generator) for count in (HELD_OUT, COUNT)]
    held_out, training = (Dataset("small data", column, told(column)) for column in columns)
    return replace(training, held_out=held_out)


def images(channels: int, side: int) -> Callable[[int, torch.Generator], Column]:
    """Random pictures, of brightnesses that differ."""

    def examples(count: int, generator: torch.Generator) -> Column:
        brightness = torch.rand(count, 1, 1, 1, generator=generator)
        pixels = torch.rand(count, channels, side, side, generator=generator) * brightness
        return Column(Images((channels, side, side)), (255 * pixels).byte())

    return examples


def points(count: int, generator: torch.Generator) -> Column:
    """Points of the normal distribution in the plane."""
    return Column(Points((2,)), torch.randn(count, 2, generator=generator))


def tokens(count: int, generator: torch.Generator) -> Column:
    """Sequences of 8 tokens out of 10."""
    kind = Tokens((8,), tuple("abcdefghij"), "")
    return Column(kind, torch.randint(0, 10, (count, 8), generator=generator))


def nothing(column: Column) -> Column:
    """No condition."""
    return no_condition(len(column))


def classes(column: Column) -> Column:
    """The classes in turn."""
    names = tuple(f"class {number}" for number in range(CLASSES))
    return Column(Classes(names), torch.arange(len(column)) % CLASSES)


def darker(column: Column) -> Column:
    """The same images at half their brightness."""
    values: Tensor = column.values // 2
    return Column(column.kind, values)


USUAL: Mapping[str, Callable[[int], Dataset]] = {
    "grey images": lambda seed: made(seed, images(1, 28), nothing),
    "grey images with classes": lambda seed: made(seed, images(1, 28), classes),
    "colour images": lambda seed: made(seed, images(3, 32), nothing),
    "points": lambda seed: made(seed, points, nothing),
    "tokens": lambda seed: made(seed, tokens, nothing),
}
"""Made data sets, by a name for each, of a seed."""
SELDOM: Mapping[str, Callable[[int], Dataset]] = {
    "points with classes": lambda seed: made(seed, points, classes),
    "images with a source": lambda seed: made(seed, images(1, 28), darker),
}
"""Those that are for systems which none of the usual ones suits."""
SUITS = {**USUAL, **SELDOM}


def small(data: str, parts: Sequence[str] = ()) -> Dataset:
    """A made data set by its name, or some examples of one that `load_dataset` knows.

    Args:
        data: the name.
        parts: names of the parts that a made data set has, each of other examples of its kind.

    Raises:
        DataError: there is no such data.
    """
    if data not in SUITS:
        return subsample(load_dataset(data))
    others = {name: SUITS[data](seed) for seed, name in enumerate(parts, 1)}
    whole = SUITS[data](0)
    assert whole.held_out is not None
    held_out = {name: other.held_out for name, other in others.items() if other.held_out is not None}
    return replace(whole, held_out=replace(whole.held_out, parts=held_out), parts=others)


def subsample(dataset: Dataset) -> Dataset:
    """At most `MOST` examples of a data set and of all that belongs to it, evenly."""
    chosen = torch.linspace(0, len(dataset) - 1, min(MOST, len(dataset))).long()
    return replace(
        dataset[chosen],
        held_out=None if dataset.held_out is None else subsample(dataset.held_out),
        parts={name: subsample(part) for name, part in dataset.parts.items()},
    )


def about(dataset: Dataset) -> str:
    """A data set in words, such as `grey images of 28 x 28 with 3 classes`."""
    condition = dataset.condition.kind
    told = f" with {condition.about}" if dataset.condition.values.numel() else ""
    return dataset.examples.kind.about + told
