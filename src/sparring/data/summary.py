"""A data set in a line, for people to see whether it was read as they meant it."""

from __future__ import annotations

from sparring.data.copies import count_among, in_several_classes
from sparring.data.dataset import Dataset
from sparring.data.listing import left_out_text
from sparring.data.unlabelled import with_unlabelled
from sparring.shown import counted


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
    found = [*dataset.provenance.hints, *dataset.examples.kind.hints(dataset.examples.values)]
    if dataset.examples.alike and len(dataset) > 1:
        found.append(
            f"All {len(dataset):,} training examples are the same: there is nothing to learn but that one."
        )
    elif dataset.class_names:
        found += _contradiction(dataset)
    if dataset.held_out is not None:
        found += _trained_on_too(dataset, dataset.held_out)
    return found + [hint for part in _further_parts(dataset).values() for hint in hints(part)]


def _trained_on_too(dataset: Dataset, held_out: Dataset) -> list[str]:
    """That some examples which are held out are among those that are trained on."""
    count = count_among(held_out.examples, with_unlabelled(dataset).examples)
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
