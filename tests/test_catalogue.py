"""Lists of named things are read on a terminal of any width, and by tools for lines."""

from __future__ import annotations

from io import StringIO

import pytest

from sparring.catalogue import Catalogue
from sparring.console import Terminal

LONG = "a fact of more words than there are columns, --with-a-flag-that-is-itself-wider-than-a-terminal 1"


def drawn(width: int, on_terminal: bool) -> list[str]:
    file = StringIO()
    console = Terminal(file=file, width=width, force_terminal=on_terminal, color_system=None, soft_wrap=True)
    console.print(Catalogue({"first": ["[b]short[/b]", LONG], "second": [LONG], "third": [""]}))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [12, 40, 80])
def test_facts_go_on_below_their_beginning(width: int) -> None:
    lines = drawn(width, on_terminal=True)
    assert max(map(len, lines)) <= width
    assert lines[:1] == ["first"]
    assert [line for line in lines if not line.startswith(" ")] == ["first", "", "second", "", "third"]
    begun = [line for line in lines if line.startswith("  ") and not line.startswith("    ")]
    assert len(begun) == 4
    assert "".join(" ".join(lines).split()).count(LONG.replace(" ", "")) == 2, "nothing is cut off"


def test_in_a_pipe_a_fact_is_a_line() -> None:
    lines = drawn(20, on_terminal=False)
    assert lines == ["first", "  [b]short[/b]", f"  {LONG}", "", "second", f"  {LONG}", "", "third", "  "]
