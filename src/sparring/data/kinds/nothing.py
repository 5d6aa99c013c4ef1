"""Nothing: what an example is told where there is nothing to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from sparring.data.kinds.kind import Kind, Layout

if TYPE_CHECKING:
    from sparring.data.dataset import Column, Dataset


@dataclass(frozen=True)
class Described:
    """What a description holds: nothing more."""


@dataclass(frozen=True)
class Nothing(Kind):
    """No condition: values of shape (count, 0), so that no code need ask whether there is one."""

    described: ClassVar[type] = Described
    name: ClassVar[str] = "nothing"
    arrays: ClassVar[str] = ""
    as_condition: ClassVar[str] = ""
    from_data: ClassVar[bool] = False

    shape: tuple[int, ...] = (0,)

    @property
    def about(self) -> str:
        """In words."""
        return "no condition"

    def told(self, stored: Tensor) -> str:
        """That there is nothing."""
        return "no classes"

    def description(self) -> dict[str, Any]:
        """Kind alone."""
        return {"kind": self.name}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Nothing:
        """Nothing."""
        return cls()

    def picture(
        self, blocks: Sequence[Tensor], dataset: Dataset | None = None, titles: Sequence[Sequence[str]] = ()
    ) -> bytes:
        """No bytes."""
        return b""

    def draw(self, count: int, values: Callable[[], Column]) -> Tensor:
        """Nothing, so many times."""
        return torch.zeros(count, 0)

    def layout(self, rows: int, columns: int, values: Callable[[], Column]) -> Layout:
        """As the system wants it."""
        return Layout(columns, torch.zeros(rows * columns, 0))
