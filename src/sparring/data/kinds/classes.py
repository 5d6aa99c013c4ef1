"""Classes: one of a few names for each example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import torch
from torch import Tensor

from sparring.data.kinds.kind import Kind, Layout
from sparring.errors import SettingError, nearest
from sparring.validation import Check, filled

if TYPE_CHECKING:
    from sparring.data.dataset import Column, Dataset

MOST_COLUMNS = 20
"""Classes shown in a picture at the most."""
MOST_COUNTED = 12
"""Classes that are counted one by one in a line of text."""


@dataclass(frozen=True)
class Described:
    """What a description holds."""

    names: Annotated[list[str], Check(filled)]


@dataclass(frozen=True)
class Classes(Kind):
    """Class numbers, stored as int64 (count,) from 0 to the number of classes - 1."""

    described: ClassVar[type] = Described
    name: ClassVar[str] = "classes"
    arrays: ClassVar[str] = "labels"
    as_condition: ClassVar[str] = "labels"
    suffix: ClassVar[str] = ".txt"
    dtype: ClassVar[torch.dtype] = torch.int64
    discrete: ClassVar[bool] = True
    continuous: ClassVar[bool] = False

    names: tuple[str, ...]
    """A name for each class."""
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
    def about(self) -> str:
        """Such as `10 classes`."""
        return f"{len(self.names)} classes"

    def told(self, stored: Tensor) -> str:
        """How many there are of each class."""
        counts = torch.bincount(stored, minlength=self.classes).tolist()
        if self.classes > MOST_COUNTED:
            return f"{self.classes:,} classes of {min(counts):,} to {max(counts):,} each"
        each = ", ".join(f"{name} ({count:,})" for name, count in zip(self.names, counts, strict=True))
        return f"{self.classes} {'class' if self.classes == 1 else 'classes'}: {each}"

    def description(self) -> dict[str, Any]:
        """Kind and names."""
        return {"kind": self.name, "names": list(self.names)}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Classes:
        """Classes of the described names."""
        return cls(tuple(values["names"]))

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

    def picture(self, blocks: Sequence[Tensor], dataset: Dataset | None = None) -> bytes:
        """The names, a line for each row."""
        rows = blocks[-1].tolist()
        return "".join(" ".join(self.names[number] for number in row) + "\n" for row in rows).encode(
            "utf-8", "backslashreplace"
        )

    def draw(self, count: int, values: Callable[[], Column]) -> Tensor:
        """All classes in turn."""
        return torch.arange(count) % self.classes

    def named(self, text: int | str) -> Tensor:
        """A class by its name or, where no class is called so, by its number."""
        if str(text) in self.names:
            return torch.tensor([self.names.index(str(text))])
        if str(text).isdecimal() and int(text) < self.classes:
            return torch.tensor([int(text)])
        names = ", ".join(self.names[:MOST_COLUMNS])
        raise SettingError(
            f"There is no class '{text}'.{nearest(str(text), self.names)} The classes are: {names}."
        )

    def layout(self, rows: int, columns: int, values: Callable[[], Column]) -> Layout:
        """A column for each class, and the same noise along a row."""
        columns = min(self.classes, MOST_COLUMNS)
        return Layout(columns, torch.arange(columns).repeat(rows), same_noise=True)
