"""Tables for people, on a terminal of any width."""

from __future__ import annotations

from typing import Any

from rich import table


class Table(table.Table):
    """A table of which nothing is cut off: what is wider than its column goes on in the next line.

    Args:
        headers: of columns, as rich takes them.
        options: as rich takes them.
    """

    def add_column(self, *header: Any, **options: Any) -> None:
        """A column, as rich takes it; a number or a name whose end is missing would be read as another."""
        super().add_column(*header, **{"overflow": "fold", **options})
