"""What data a system can train on."""

from __future__ import annotations

from dataclasses import dataclass

from sparring.data.dataset import DataSpec
from sparring.data.kinds import KINDS
from sparring.data.resizing import LARGEST_SIDE
from sparring.errors import DataError


@dataclass(frozen=True)
class Needs:
    """What data a system can train on."""

    examples: tuple[str, ...] = ()
    """Names of the kinds that it accepts; none stands for all."""
    condition: tuple[str, ...] = ()
    """Names of the kinds of which the data must have a condition; none where it needs none."""
    multiple: int = 1
    """Sides of images must be multiples of this."""
    least: int = 1
    """Sides of images must be at least this."""
    most: int = LARGEST_SIDE
    """Sides of images must be at most this: the networks of some listings grow with the area."""
    parts: tuple[str, ...] = ()
    """Names of the parts that the data must have, such as its domains."""

    def check(self, system: str, data: DataSpec) -> None:
        """Raise DataError unless the data is as the system needs it."""
        if self.examples and data.kind.name not in self.examples:
            raise DataError(
                f"{system} trains on {' or '.join(self.examples)}; this data has {data.kind.about}."
            )
        if not set(self.parts) <= data.parts.keys():
            raise DataError(
                f"{system} needs data with the parts {' and '.join(self.parts)}; the parts of this data are "
                f"{' and '.join(data.parts) or 'none'}: use unpaired:PATH or pairs:PATH where these are A "
                "and B, else data of your own, FILE.py:FUNCTION, that has them."
            )
        unsuited = data.kind.unsuited(self.multiple, self.least, self.most)
        if unsuited:
            raise DataError(f"{system} {unsuited}")
        if self.condition and data.condition.name not in self.condition:
            raise DataError(
                f"{system} needs {' or '.join(self.condition)} for every example and this data has "
                f"{data.condition.about}: use {KINDS[self.condition[0]].told_by}, or a system without a "
                "condition."
            )
