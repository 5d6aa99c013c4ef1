"""Lists of named things, each with a line for every fact, on a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

INDENT, HANGING = "  ", "    "


class Catalogue:
    """Names, and below each its facts; what is wider than a terminal goes on below its own beginning.

    In a file or a pipe every fact is one line, so that tools for lines find it whole.

    Args:
        facts: of each name.
    """

    def __init__(self, facts: Mapping[str, Iterable[str]]) -> None:
        self.facts = facts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw them, with an empty line between two."""
        for number, (name, facts) in enumerate(self.facts.items()):
            yield from [Text()] * (number > 0)
            yield console.render_str(name)
            for fact in facts:
                text = console.render_str(fact)
                width = options.max_width - len(HANGING) if console.is_terminal else max(1, text.cell_len)
                for row, line in enumerate(text.wrap(console, max(1, width), overflow="fold")):
                    line.rstrip()
                    yield Text(HANGING if row else INDENT).append_text(line)
