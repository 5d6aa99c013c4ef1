"""A data set in a line, for people to see whether it was read as they meant it."""

from __future__ import annotations

from sparring.data.copies import count_among, in_several_classes
from sparring.data.dataset import Column, Dataset
from sparring.data.listing import left_out_text
from sparring.data.unlabelled import UNLABELLED, with_unlabelled
from sparring.shown import counted

DIM = 64
"""Images none of whose bytes is as bright as this, a quarter of the range, were probably meant otherwise."""
MOST_NAMED = 5
"""Classes that a hint names."""


def summary(dataset: Dataset) -> str:
    """What was read, such as `18 colour images of 32 x 32 (from 40-1200 px), 3 classes: a (6), b (7), c (5);
    53 files left out: 50 .heic, 3 without suffix; held out: none`."""
    held_out = "none" if dataset.held_out is None else f"{len(dataset.held_out):,}"
    clauses = [
        _examples(dataset),
        *(f"{name}: {_examples(part)}" for name, part in _further_parts(dataset).items()),
        left_out_text(dataset.provenance.left_out),
        f"held out: {held_out}",
    ]
    return "; ".join(filter(None, clauses))


def _further_parts(dataset: Dataset) -> dict[str, Dataset]:
    """The parts that are more than the examples, or what is told of them, by another name."""
    said = {id(column.values) for column in (dataset.examples, dataset.condition)}
    return {name: part for name, part in dataset.parts.items() if id(part.examples.values) not in said}


def hints(dataset: Dataset) -> list[str]:
    """What looks as if something else had been meant, a sentence or two each."""
    further = _further_parts(dataset).values()
    return [
        *_of_reading(dataset),
        *_dim(dataset),
        *_of_examples(dataset),
        *(hint for part in further for hint in (*_of_reading(part), *_of_examples(part))),
    ]


def _of_reading(dataset: Dataset) -> list[str]:
    """How it was read."""
    return [*dataset.provenance.hints, *dataset.examples.kind.hints(dataset.examples.values)]


def _of_examples(dataset: Dataset) -> list[str]:
    """What examples there are, and of which classes."""
    found = []
    if dataset.examples.alike and len(dataset) > 1:
        found.append(
            f"All {len(dataset):,} training examples are the same: there is nothing to learn but that one."
        )
    elif dataset.class_names:
        found += [*_contradiction(dataset), *_without_examples(dataset)]
    if dataset.held_out is not None:
        found += _trained_on_too(dataset, dataset.held_out)
    return found


def _dim(dataset: Dataset) -> list[str]:
    """That the brightest value of all images, or of those of one domain, is a dim one."""
    columns = {name: part.examples for name, part in dataset.parts.items() if name != UNLABELLED}
    if all(column.values is not dataset.examples.values for column in columns.values()):
        columns["the images"] = with_unlabelled(dataset).examples
    found = {name: brightest for name, each in columns.items() if (brightest := _brightest(each)) is not None}
    dim = {name: brightest for name, brightest in found.items() if 0 < brightest < DIM}
    if not dim:
        return []
    if len(dim) == len(found):
        return [
            f"The brightest value is {max(dim.values())} of 255, as in files of 16 bits that use 12 of "
            "them, or in masks of 0 and 1: --stretch makes the brightest value white."
        ]
    brightest_of_all = max(found.values())
    return [
        f"The brightest value of {name} is {brightest} of 255, as in masks that hold the number of a class, "
        f"and that of others {brightest_of_all}: networks will hardly see {name}. Multiply the values in its "
        f"files, by {255 // brightest} at the most; --stretch would scale all alike."
        for name, brightest in dim.items()
    ]


def _brightest(column: Column) -> int | None:
    return column.kind.brightest(column.values) if len(column) else None


def _without_examples(dataset: Dataset) -> list[str]:
    """That nothing is trained on of some classes."""
    counts = dataset.condition.values.bincount(minlength=len(dataset.class_names))
    empty = [dataset.class_names[number] for number in (counts == 0).nonzero()[:, 0].tolist()]
    if not empty:
        return []
    shown = ", ".join(empty[:MOST_NAMED]) + (", ..." if len(empty) > MOST_NAMED else "")
    return [
        f"No training example is of {counted(len(empty), 'class')} ({shown}): nothing can be learnt of what "
        "such look like. Hold out others, or leave these classes out."
    ]


def _trained_on_too(dataset: Dataset, held_out: Dataset) -> list[str]:
    """That some examples which are held out are among those that are trained on."""
    known = held_out.examples.kind.known(held_out.examples.values)
    count = count_among(held_out.examples[known], with_unlabelled(dataset).examples)
    if not count:
        return []
    return [
        f"Of {held_out.examples.kind.amount(len(held_out))} held out {count:,} "
        f"{'is' if count == 1 else 'are'} trained on as well, so that what is measured on unseen ones comes "
        "out too good: leave copies out of one of both."
    ]


def _contradiction(dataset: Dataset) -> list[str]:
    """That some examples are in several classes at once."""
    places = in_several_classes(dataset)
    if not len(places):
        return []
    examples, classes = dataset.examples.values, dataset.condition.values
    same = (examples[places] == examples[places[0]]).flatten(1).all(1)
    first, second, *_ = (dataset.class_names[number] for number in classes[places[same]].unique().tolist())
    return [
        f"{dataset.examples.kind.amount(len(places))} stand in several classes at once, the first in "
        f"'{first}' and '{second}': if that is not meant, leave each in one."
    ]


def _examples(dataset: Dataset) -> str:
    """The examples, the size they had in their files, and what is told of them."""
    clauses = [
        dataset.examples.kind.amount(len(dataset)) + _from_sizes(dataset),
        dataset.condition.kind.told(dataset.condition.values),
        counted(dataset.truth.modes, "mode") if dataset.truth.modes else "",
    ]
    return ", ".join(filter(None, clauses))


def _from_sizes(dataset: Dataset) -> str:
    """From which sizes images were brought to the one that they have, if they were."""
    sizes = dataset.provenance.sizes_text
    return f" (from {sizes})" if sizes and not dataset.provenance.all_are(*dataset.spec.shape[1:]) else ""
