"""Classes: one of a few names for each example."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparring.data.kinds.kind import Kind, Layout
from sparring.errors import DataError, SettingError, nearest
from sparring.shown import counted, visible_line
from sparring.validation import Check, filled

if TYPE_CHECKING:
    from sparring.data.dataset import Column, Dataset

MOST_COLUMNS = 20
"""Classes shown in a picture, or named in a message, at the most."""
MOST_COUNTED = 12
"""Classes that are counted one by one in a line of text."""


@dataclass(frozen=True)
class Described:
    """What a description holds."""

    names: Annotated[list[str], Check(filled)]


@dataclass(frozen=True)
class Classes(Kind):
    """Class numbers, stored as int64 (count,) from 0 to the number of classes - 1.

    The numbers are for networks. Whoever asks for a class, or reads what was asked for, knows it by the label
    that the data has for it: an integer such as -1 or 10, or a text such as `cat`.
    """

    described: ClassVar[type] = Described
    name: ClassVar[str] = "classes"
    arrays: ClassVar[str] = "labels"
    as_condition: ClassVar[str] = "labels"
    from_data: ClassVar[bool] = False
    told_by: ClassVar[str] = "a folder with one sub-folder per class, a data set with labels such as mnist"
    suffix: ClassVar[str] = ".txt"
    dtype: ClassVar[torch.dtype] = torch.int64
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = False

    names: tuple[str, ...]
    """A name for each class: the data's own label, as a text."""
    shape: tuple[int, ...] = ()

    @property
    def classes(self) -> int:
        """How many."""
        return len(self.names)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Their names."""
        return self.names

    @property
    def meanings(self) -> tuple[str, ...]:
        """The names."""
        return self.names

    def with_one_more(self) -> Classes:
        """A class more."""
        return Classes((*self.names, "one more"))

    @property
    def about(self) -> str:
        """Such as `10 classes`."""
        return counted(len(self.names), "class")

    def told(self, stored: Tensor) -> str:
        """How many there are of each class."""
        counts = torch.bincount(stored, minlength=self.classes).tolist()
        if self.classes > MOST_COUNTED:
            return f"{self.classes:,} classes of {min(counts):,} to {max(counts):,} each"
        names = map(visible_line, self.names)
        each = ", ".join(f"{name} ({count:,})" for name, count in zip(names, counts, strict=True))
        return f"{counted(self.classes, 'class')}: {each}"

    def description(self) -> dict[str, Any]:
        """Kind and names."""
        return {"kind": self.name, "names": list(self.names)}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Classes:
        """Classes of the described names."""
        return cls(tuple(values["names"]))

    @cached_property
    def labels(self) -> NDArray[Any]:
        """The data's own label of each class (classes,): int64 where all names are integers, else texts."""
        names = np.array(self.names, dtype=np.str_)
        # As integers are written: Python takes more for one, such as 2021_05 and digits of other alphabets.
        if not all(re.fullmatch(r"-?[0-9]+", name) for name in self.names):
            return names
        try:
            integers = np.array([int(name) for name in self.names], dtype=np.int64)
        except OverflowError:
            return names
        return integers if len(np.unique(integers)) == len(integers) else names

    def misfit(self, stored: Tensor) -> str | None:
        """Numbers that are no class."""
        wrong = super().misfit(stored)
        if wrong is None and len(stored) and not 0 <= stored.min() <= stored.max() < self.classes:
            return f"classes from {stored.min()} to {stored.max()} and not from 0 to {self.classes - 1}"
        return wrong

    def vectors(self, stored: Tensor) -> Tensor:
        """One at the place of the class, else zeros."""
        return torch.nn.functional.one_hot(stored, self.classes).float()

    @property
    def vector_size(self) -> int:
        """Number of classes."""
        return self.classes

    def order(self, stored: Tensor) -> Tensor:
        """By class."""
        return stored.argsort(stable=True)

    def picture(
        self, blocks: Sequence[Tensor], dataset: Dataset | None = None, titles: Sequence[Sequence[str]] = ()
    ) -> bytes:
        """The names, a line for each row."""
        rows = blocks[-1].tolist()
        return "".join(" ".join(self.names[number] for number in row) + "\n" for row in rows).encode(
            "utf-8", "backslashreplace"
        )

    def draw(self, count: int, values: Callable[[], Column]) -> Tensor:
        """All classes in turn."""
        return torch.arange(count) % self.classes

    def named(self, text: str | int) -> Tensor:
        """A class by the data's own label."""
        number = self._number(text)
        if number is None:
            raise SettingError(
                f"There is no class '{text}'.{nearest(str(text), self.names)} {self._there_are}"
            )
        return torch.tensor([number])

    def to_arrays(self, stored: Tensor) -> NDArray[Any]:
        """The data's own labels."""
        labels: NDArray[Any] = self.labels[stored.detach().cpu().numpy()]
        return labels

    def from_arrays(self, array: NDArray[Any]) -> Tensor:
        """Class numbers of the data's own labels (count,), be they integers or texts."""
        given, places = np.unique(array, return_inverse=True)
        numbers = [self._number(label) for label in given.tolist()]
        unknown = [label for label, number in zip(given.tolist(), numbers, strict=True) if number is None]
        if unknown:
            raise DataError(f"The data has no class '{unknown[0]}'. {self._there_are}")
        return torch.tensor(numbers, dtype=torch.int64)[torch.from_numpy(places)]

    def _number(self, label: int | str) -> int | None:
        """The number of the class that the data labels so; 7 is `07` as well, where no class is called 7."""
        if str(label) in self.names:
            return self.names.index(str(label))
        labels: list[int | str] = self.labels.tolist()
        try:
            return labels.index(int(label))
        except ValueError:
            return None

    @property
    def _there_are(self) -> str:
        names = ", ".join(self.names[:MOST_COLUMNS])
        more = self.classes - MOST_COLUMNS
        return f"The classes are: {names}{f' and {more:,} more' if more > 0 else ''}."

    def columns_of(self, told: Tensor, usual: int) -> tuple[int, Sequence[str]]:
        """A class in each column, where all are there in turn."""
        first = int(told[0]) if len(told) else 0
        in_turn = torch.equal(told, (first + torch.arange(len(told))) % self.classes)
        if not in_turn or not 1 < self.classes <= min(len(told), MOST_COLUMNS):
            return usual, ()
        times = max(1, min(usual, len(told)) // self.classes)
        return times * self.classes, (self.names[first:] + self.names[:first]) * times

    def layout(self, rows: int, columns: int, values: Callable[[], Column]) -> Layout:
        """A column for each class, the same noise in all of them; several times so where there is room."""
        shown = min(self.classes, MOST_COLUMNS)
        times = max(1, columns // shown)
        return Layout(
            shown * times,
            torch.arange(shown).repeat(rows * times),
            same_noise=shown,
            titles=self.names[:shown] * times,
        )
