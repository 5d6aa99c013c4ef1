"""Shows how far the reading of many files is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY_SECONDS = 5.0


@contextmanager
def reading_progress(console: RichConsole, live: bool) -> Iterator[Callable[[int, int], None]]:
    """Gives what is to be told how many files are read, and how many there are (see `load_dataset`).

    Args:
        console: where to show it.
        live: whether as a bar, which goes away in the end, rather than as plain lines.
    """
    bar = Progress(
        TextColumn("Reading images", style="bold"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not live,
    )
    task = bar.add_task("", total=None)
    said = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal said
        if live:
            bar.start()
            bar.update(task, completed=done, total=total)
        elif time.monotonic() - said >= LINE_EVERY_SECONDS:
            said = time.monotonic()
            console.print(f"Reading images: {done:,} of {total:,}.")

    try:
        yield show
    finally:
        bar.stop()
