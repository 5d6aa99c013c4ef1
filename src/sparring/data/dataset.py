"""A data set: columns of values of some kind, whole in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from sparring.data.kinds import Classes, Kind, Nothing, kind_from, kind_of
from sparring.data.provenance import Provenance
from sparring.data.truth import Truth

FEW = 100
"""Values that are looked at before all are."""


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one kind, one for each example."""

    kind: Kind
    values: Tensor
    """Stored values (count, ...)."""

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, chosen: Tensor | slice) -> Column:
        if isinstance(chosen, Tensor) and chosen.dtype == torch.int64:
            # It copies whole examples, where an index in brackets goes number by number.
            return Column(self.kind, self.values.index_select(0, chosen))
        return Column(self.kind, self.values[chosen])

    def evenly(self, count: int) -> Column:
        """So many of the values, evenly from all; all where there are no more."""
        return self[even_places(len(self), count)]

    @property
    def alike(self) -> bool:
        """Whether all values are the same one."""
        first = self.values[:1]
        # Few are enough to see that most data is not.
        return all(bool((part == first).all()) for part in (self.values[:FEW], self.values))

    def mostly_twins(self, others: int = 1) -> bool:
        """Whether at least half of the values are the same as so many others, or more."""
        _, place, counts = self.values.unique(dim=0, return_inverse=True, return_counts=True)
        return bool((counts[place] > others).float().mean() >= 0.5)

    def distinct(self) -> Column:
        """Each value once, in some order."""
        return Column(self.kind, self.values.unique(dim=0))

    def encoded(self) -> Tensor:
        """The values as networks see them."""
        return self.kind.encode(self.values)

    def vectors(self) -> Tensor:
        """The values as vectors (count, D), for distances."""
        return self.kind.vectors(self.values)

    def to(self, device: torch.device) -> Column:
        """The values on a device."""
        return Column(self.kind, self.values.to(device))


def even_places(total: int, count: int) -> Tensor:
    """So many places from 0 to below `total`, evenly and in their order, int64; each once if there are no
    more."""
    return torch.arange(total) if count >= total else torch.arange(count) * total // count


def no_condition(count: int) -> Column:
    """A column that tells nothing."""
    return Column(Nothing(), torch.zeros(count, 0))


@dataclass(frozen=True)
class DataSpec:
    """What a game is told of the data before it builds its networks."""

    kind: Kind
    """What one example is."""
    condition: Kind = field(default_factory=Nothing)
    """What the data says of each example: a class, a source image, or nothing."""
    count: int = 0
    """Number of training examples."""
    parts: Mapping[str, DataSpec] = field(default_factory=dict)
    """The same of each part of the data."""
    modes: int = 0
    """How many modes it is known to have, for the rules that choose settings; 0 where none are known."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, height, width) for images, (dimensions,) for points."""
        return self.kind.shape

    @property
    def classes(self) -> int:
        """Number of classes; 0 where the data has no labels."""
        return self.condition.classes

    def description(self) -> dict[str, Any]:
        """Plain values from which `spec_from` makes it again, for networks: without the modes."""
        return {
            "examples": self.kind.description(),
            "condition": self.condition.description(),
            "count": self.count,
            "parts": {name: part.description() for name, part in self.parts.items()},
        }


def spec_from(description: Mapping[str, Any], value_range: tuple[float, float]) -> DataSpec:
    """The spec that `DataSpec.description` described, with its values in a range.

    Raises:
        Misfit: a kind is not described.
    """
    return DataSpec(
        kind_from(description["examples"]).in_range(*value_range),
        kind_from(description["condition"]).in_range(*value_range),
        description["count"],
        {name: spec_from(part, value_range) for name, part in description["parts"].items()},
    )


@dataclass(frozen=True, eq=False)
class Dataset:
    """Real examples, whole in memory, and what is known of each."""

    name: str
    """The name under which `load_dataset` gives this data again, such as `mnist` or `folder:photos`."""
    examples: Column
    """What is to be generated."""
    condition: Column = field(default_factory=lambda: no_condition(0))
    """What is said of each example: its class, the image it was made from, or nothing."""
    held_out: Dataset | None = None
    """Examples that are not trained on, where there are any."""
    truth: Truth = field(default_factory=Truth)
    """What is known of the distribution the examples were drawn from."""
    parts: Mapping[str, Dataset] = field(default_factory=dict)
    """Further data sets that belong to it, such as another domain or unlabelled examples."""
    provenance: Provenance = field(default_factory=Provenance)
    """What its source knows of the files that it read."""

    def __post_init__(self) -> None:
        if self.condition.kind == Nothing():
            object.__setattr__(self, "condition", no_condition(len(self.examples)))

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, chosen: Tensor | slice) -> Dataset:
        """Some of the examples, as a data set of the same name."""
        return replace(self, examples=self.examples[chosen], condition=self.condition[chosen])

    def evenly(self, count: int) -> Dataset:
        """So many of the examples, evenly from all, since the first may be of one class; all where there are
        no more."""
        return self[even_places(len(self), count)]

    @property
    def spec(self) -> DataSpec:
        """What a game needs to know."""
        parts = {name: part.spec for name, part in self.parts.items()}
        return DataSpec(self.examples.kind, self.condition.kind, len(self), parts, self.truth.modes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class, in the order of their numbers; none where there are no classes."""
        return self.condition.kind.class_names

    def in_range(self, low: float, high: float) -> Dataset:
        """The same data, encoded from `low` to `high` where its kinds have a range."""
        return replace(
            self,
            examples=Column(self.examples.kind.in_range(low, high), self.examples.values),
            condition=Column(self.condition.kind.in_range(low, high), self.condition.values),
            held_out=self.held_out.in_range(low, high) if self.held_out is not None else None,
            parts={name: part.in_range(low, high) for name, part in self.parts.items()},
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all that is trained on: two runs with the same one saw the same data."""
        digest = hashlib.sha256()
        for column in (self.examples, self.condition):
            values = column.values.contiguous()
            digest.update(f"{column.kind.name} {values.dtype} {tuple(values.shape)}".encode())
            digest.update(values.numpy().data)
        for name, part in sorted(self.parts.items()):
            digest.update(f"{name} {part.fingerprint}".encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Batch:
    """Real examples as one turn sees them."""

    examples: Tensor
    """Encoded examples (count, *shape)."""
    condition: Tensor
    """Encoded conditions: classes, int64 (count,); images; or of shape (count, 0) where there are none."""
    indices: Tensor
    """Position of each example in its data set, int64 (count,)."""

    def __len__(self) -> int:
        return len(self.examples)

    def chunks(self, count: int) -> list[Batch]:
        """The batch in so many parts of nearly equal size."""
        parts = zip(
            self.examples.tensor_split(count),
            self.condition.tensor_split(count),
            self.indices.tensor_split(count),
            strict=True,
        )
        return [Batch(*part) for part in parts]


def batch_of(dataset: Dataset, indices: Tensor) -> Batch:
    """The examples at some places as a batch."""
    chosen = dataset[indices]
    return Batch(chosen.examples.encoded(), chosen.condition.encoded(), indices)


def dataset_of(
    name: str,
    examples: Tensor,
    labels: Tensor | None = None,
    class_names: tuple[str, ...] = (),
    held_out: Dataset | None = None,
) -> Dataset:
    """A data set from raw tensors.

    Args:
        name: what it is called.
        examples: images as uint8 (count, channels, height, width), or points as float32 (count, dimensions).
        labels: the class of each, int64 (count,) from 0, where there are classes.
        class_names: a name for each class.
        held_out: examples that are not trained on.
    """
    condition = no_condition(len(examples)) if labels is None else Column(Classes(class_names), labels)
    return Dataset(name, Column(kind_of(examples), examples), condition, held_out)
