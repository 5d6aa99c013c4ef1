"""A kind: what one value of a data set is, with everything that depends on it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from sparring.data.resizing import LARGEST_SIDE, Frame
from sparring.errors import DataError, SettingError
from sparring.settings import Range

if TYPE_CHECKING:
    from sparring.data.dataset import Column, Dataset
    from sparring.evaluation.features import FeatureExtractor
    from sparring.evaluation.networks import Classifier

T = TypeVar("T")
Length = Annotated[int, Range(low=1, high=2**20)]
"""Numbers along one direction of a value."""


@dataclass(frozen=True)
class Layout:
    """How a picture of samples is arranged by what the generator is told."""

    columns: int
    """Columns of the picture; its rows are as many as were asked for."""
    condition: Tensor
    """What each sample is told, stored values of shape (rows * columns, ...), row by row."""
    same_noise: int = 1
    """How many samples that stand side by side share their noise, and so show what the condition does."""
    beside: tuple[Tensor, ...] = ()
    """Blocks of stored values (rows, columns, ...) that stand to the left of the samples."""
    matched: bool = False
    """Whether each sample is made of something of its own, so that it stands beside that, and beside the real
    example that it should be."""
    titles: tuple[str, ...] = ()
    """A name for each column, where columns mean something."""


class Kind(ABC):
    """What one value is: an image, a point, a text, a class, or nothing at all.

    A kind is small and never holds examples. `stored` values are what a data set keeps and a file holds (such
    as bytes); `encoded` ones are what networks see (such as floats).
    """

    name: ClassVar[str]
    """The plural, as in `this system trains on images`."""
    suffix: ClassVar[str] = ".png"
    """The ending of a file that shows samples."""
    most_shown: ClassVar[int | None] = None
    """Values in one picture at the most, where there is a limit; more are shown in several."""
    arrays: ClassVar[str]
    """The name under which a .npz file holds examples of this kind."""
    drawn_with_real: ClassVar[bool] = False
    """Whether a picture of values shows the real ones as well, where the data is at hand."""
    drawn_apart: ClassVar[bool] = False
    """Whether each value in a picture can be looked at by itself, beside others in its row."""
    formats: ClassVar[tuple[str, ...]] = ()
    """The endings of files that hold one value each, the usual one first; none where there are no such."""
    as_condition: ClassVar[str] = "sources"
    """The name under which a .npz file holds conditions of this kind."""
    from_data: ClassVar[bool] = True
    """Whether, as conditions, there are no other values than those of the data."""
    told_by: ClassVar[str] = "data of your own, FILE.py:FUNCTION"
    """Data that says values of this kind of its examples, in words."""
    usual_system: ClassVar[str | None] = None
    """The system that is known to do best on examples of this kind in little time, if any is."""
    hub_task: ClassVar[str | None] = None
    """What hubs call the task of a model that generates values of this kind."""
    exported_as: ClassVar[str] = "values as networks see them"
    """What a graph for other programs gives, in words."""
    has_size: ClassVar[bool] = False
    """Whether values can be brought to a size in pixels."""
    continuous: ClassVar[bool] = True
    """Whether networks see numbers that may vary a little, rather than the numbers of things."""
    has_near_duplicates: ClassVar[bool] = False
    """Whether two values that differ a little pass for the same, so that distinct ones can be counted."""
    discrete: ClassVar[bool] = False
    """Whether values change in steps, as texts do, and so may stay as they are while a generator learns."""
    sequential: ClassVar[bool] = False
    """Whether values are sequences of tokens, which have n-grams and can be read one after the other."""
    described: ClassVar[type]
    """A dataclass that declares what `description` gives beside the name of the kind."""
    shape: tuple[int, ...]
    """Shape of one value."""

    # -- what networks see --------------------------------------------------------------------------------

    def encode(self, stored: Tensor) -> Tensor:
        """Stored values (count, ...) as networks see them."""
        return stored

    def decode(self, made: Tensor) -> Tensor:
        """What a network made (count, *shape), as it is stored."""
        return made

    def softened(self, encoded: Tensor) -> Tensor:
        """Encoded values as floats that a critic can be differentiated by: as they are where they are floats,
        and a share for each token of those which are tokens, (count, length, vocabulary)."""
        return encoded

    def hardened(self, made: Tensor) -> Tensor:
        """Encoded values of such as `softened` gives: the likeliest token where there are shares."""
        return made

    def in_range(self, low: float, high: float) -> Kind:
        """The same kind, encoded from `low` to `high` where it has a range at all."""
        return self

    def as_own(self, column: Column) -> Tensor | None:
        """Values of a column as stored values of this kind, to be compared with such; None where they are
        something else."""
        return column.values if column.kind.in_range(0.0, 1.0) == self.in_range(0.0, 1.0) else None

    # -- what it is ---------------------------------------------------------------------------------------

    @property
    def classes(self) -> int:
        """Number of classes, where a value is one of them; else 0."""
        return 0

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each class, in the order of their numbers."""
        return ()

    @property
    def meanings(self) -> tuple[str, ...]:
        """What each number stands for, where values are numbers of things; no two are the same."""
        return ()

    def with_one_more(self) -> Kind:
        """The same kind, of one thing more where values are numbers of things."""
        return self

    @property
    @abstractmethod
    def about(self) -> str:
        """In words, such as `grey images of 28 x 28`."""

    def amount(self, count: int) -> str:
        """So many values in words, such as `18 colour images of 32 x 32`."""
        # What examples are begins with a plural: `images of`, `points of`.
        return f"{count:,} {self.about if count != 1 else self.about.replace('s of ', ' of ', 1)}"

    def told(self, stored: Tensor) -> str:
        """In words, what these values tell a generator, such as `3 classes: a (6), b (7), c (5)`."""
        return f"told {self.about}"

    def hints(self, stored: Tensor) -> list[str]:
        """What looks as if examples had been meant otherwise than they are stored, a sentence or two each."""
        return []

    def known(self, stored: Tensor) -> Tensor:
        """Whether all of each value is known, bool (count,): two that are not may seem to be the same, and
        differ."""
        return torch.ones(len(stored), dtype=torch.bool)

    def brightest(self, stored: Tensor) -> int | None:
        """The brightest of some values, from 0 to 255; None where they are no brightness."""
        return None

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Plain values from which `kind_from` makes this kind again."""

    @classmethod
    @abstractmethod
    def from_description(cls, values: dict[str, Any]) -> Kind:
        """The kind that gave this description."""

    def choose(self, **by_name: T) -> T:
        """What a paper has for this kind of data: `choose(images=10.0, points=0.1)`.

        Raises:
            DataError: nothing is named for this kind.
        """
        if self.name not in by_name:
            raise DataError(f"This is for {' or '.join(by_name)}; this data has {self.about}.")
        return by_name[self.name]

    def unsuited(self, multiple: int = 1, least: int = 1, most: int = LARGEST_SIDE) -> str | None:
        """Why values do not suit a network whose sides are multiples of a number, within bounds, and what
        does; None where they suit it."""
        return None

    def misfit(self, stored: Tensor) -> str | None:
        """Why these stored values are not of this kind, in words; None where they are."""
        if tuple(stored.shape[1:]) == self.shape and stored.dtype == self.dtype:
            return None
        return f"{stored.dtype} of shape {tuple(stored.shape[1:])} and not {self.dtype} of shape {self.shape}"

    def brought(self, stored: Tensor, frame: Frame | None, white: float) -> Tensor:
        """Stored values brought to the form of these where they can be; whether they are is for `misfit`.

        Args:
            stored: of any kind.
            frame: the size that images come to, and how.
            white: the share of the range of their values that becomes white.
        """
        return stored

    def renumbered(self, other: Kind, stored: Tensor) -> Tensor:
        """Stored values of another kind with the numbers that this one has for the same things, where numbers
        stand for something; others as they are. Whether they are of this kind is for `misfit`."""
        return stored

    def advice(self, samples: Kind) -> str:
        """What to do with samples of another kind in order to compare them with values of this one."""
        return f"give data that has {samples.about}, or samples that are {self.about}"

    dtype: ClassVar[torch.dtype] = torch.float32
    """Type of stored values."""

    # -- measuring ----------------------------------------------------------------------------------------

    def vectors(self, stored: Tensor) -> Tensor:
        """Stored values as float32 vectors (count, D) whose Euclidean distances mean something."""
        return stored.flatten(1).float()

    def encoded_vectors(self, encoded: Tensor) -> Tensor:
        """Encoded values as vectors in the space of `vectors`, where the kind can without rounding what a
        network made, so that the least movement is seen."""
        return self.vectors(self.decode(encoded))

    @property
    def vector_size(self) -> int:
        """Length D of `vectors`."""
        return math.prod(self.shape)

    def extractor(self, dataset: Dataset, device: torch.device | str = "cpu") -> FeatureExtractor:
        """What fidelity figures look at unless told otherwise."""
        from sparring.evaluation.features import VectorFeatures

        return VectorFeatures(self.name, self)

    def small_classifier(self, classes: int, seed: int) -> Classifier | None:
        """A small network that learns in seconds to classify stored values; None where the kind has none."""
        return None

    def sequences(self, stored: Tensor) -> list[list[int]]:
        """The tokens of each value, of a kind that is `sequential`."""
        raise DataError(f"These are no sequences of tokens: {self.about}.")

    def reader(self, dataset: Dataset) -> FeatureExtractor:
        """A small network that has learnt to read the examples, of a kind that is `sequential`."""
        raise DataError(f"These are no sequences that a network could read: {self.about}.")

    def order(self, stored: Tensor) -> Tensor:
        """Positions that put values in an order for a picture, int64 (count,): as they are, by default."""
        return torch.arange(len(stored))

    def coarser(self, encoded: Tensor) -> Tensor | None:
        """Encoded values at half their resolution; None where there is no coarser one."""
        return None

    # -- showing ------------------------------------------------------------------------------------------

    def grid(self, rows: int, columns: int) -> tuple[int, int]:
        """Rows and columns of the picture of a run, where the system wants so many for images."""
        return rows, columns

    @abstractmethod
    def picture(
        self, blocks: Sequence[Tensor], dataset: Dataset | None = None, titles: Sequence[Sequence[str]] = ()
    ) -> bytes:
        """The contents of a file, ending in `suffix`, that shows stored values.

        Args:
            blocks: each of shape (rows, columns, ...); the last holds the samples.
            dataset: what they should look like, where it is at hand.
            titles: for each block a name for each of its columns, or none where these mean nothing.
        """

    def side_by_side(self, blocks: Sequence[Tensor]) -> list[Tensor]:
        """Blocks of stored values (rows, columns, ...) put together so that what has the same place in each
        stands side by side; as they are, by default."""
        return list(blocks)

    def glimpse(self, picture: bytes) -> list[str]:
        """Lines that show the beginning of a picture on a screen; none of what takes a picture."""
        return []

    def file(self, value: Tensor, form: str) -> bytes:
        """The contents of a file that holds one stored value (*shape), in one of the `formats`."""
        raise DataError(f"There is no file for each of {self.about}.")

    def to_arrays(self, stored: Tensor) -> NDArray[Any]:
        """Stored values as a .npz file holds them."""
        return stored.detach().cpu().numpy()

    def from_arrays(self, array: NDArray[Any]) -> Tensor:
        """Stored values of what `to_arrays` gave.

        Raises:
            DataError: it is nothing of this kind.
        """
        return torch.from_numpy(array)

    # -- as a condition -----------------------------------------------------------------------------------

    def draw(self, count: int, values: Callable[[], Column]) -> Tensor:
        """Conditions for so many samples, as stored values.

        Args:
            count: how many.
            values: gives the conditions of the data, for a kind that takes them from there.
        """
        stored = values().values
        return stored[torch.arange(count) % len(stored)]

    def named(self, text: str | int) -> Tensor:
        """The one condition that a person named, stored, of shape (1, ...).

        Raises:
            SettingError: there is no such thing.
        """
        raise SettingError("This system is not class-conditional: leave --label out.")

    def columns_of(self, told: Tensor, usual: int) -> tuple[int, Sequence[str]]:
        """Columns in which samples that were told these values stand best, and a title for each of them.

        Args:
            told: stored values, in the order of the samples.
            usual: columns of samples that need no order.
        """
        return usual, ()

    def layout(self, rows: int, columns: int, values: Callable[[], Column]) -> Layout:
        """How a picture of samples that are told values of this kind is arranged."""
        condition = self.draw(rows * columns, values)
        return Layout(columns, condition, beside=(condition.unflatten(0, (rows, columns)),))


def padded(values: Tensor, columns: int, blank: float) -> Tensor:
    """Values (count, ...) in rows: (rows, columns, ...), the last row filled up with blanks."""
    rows = -(-len(values) // columns)
    missing = values.new_full((rows * columns - len(values), *values.shape[1:]), blank)
    return torch.cat([values, missing]).reshape(rows, columns, *values.shape[1:])
